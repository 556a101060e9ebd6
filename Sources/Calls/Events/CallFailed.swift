package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog
import HTTPTransport
import Jobs
package import Providers

/// A question brought no answer.
///
/// Derived by `calls.classify.<adapter>` from what was observed: an exchange, or a failure of the transport.
package struct CallFailed: EventPayload {
    package static let type = EventType("llm.callFailed")
    package static let version = 2
    package static let upcasters = [
        Upcaster(name: "CallFailedV1ToV2", from: 1) { data in
            var mayBeCharged = true
            if let status = data["exchange"]?["status"]?.int {
                mayBeCharged = Self.mayBeCharged(status: status)
            } else if let kind = (data["transport"]?["kind"]?.string).flatMap(TransportError.Kind.init(rawValue:)) {
                mayBeCharged = Self.mayBeCharged(kind)
            }
            return data.adding("mayBeCharged", .bool(mayBeCharged))
        }
    ]

    /// What was observed.
    package enum Evidence: Equatable, Sendable {
        /// A response came, and it is no answer.
        case exchange(CallExchange)
        /// No whole response came.
        case transport(TransportFailure)
    }

    package let attempt: Int
    package let `class`: ProviderErrorClass
    /// Status, code and type, or the transport's words; nothing that a prompt could be quoted in.
    package let detail: String
    package let evidence: Evidence
    /// Whether the provider may charge for the attempt though it brought no answer.
    package let mayBeCharged: Bool
    /// How long the provider asks to wait; absent when it doesn't.
    package let retryAfter: Microseconds?
    /// Whether the same question may be answered later.
    package let retryable: Bool
    private let written: WrittenVersion

    package init(attempt: Int, evidence: Evidence, error: ProviderError, version: Int = Self.version) {
        self.attempt = attempt
        self.evidence = evidence
        `class` = error.class
        detail = error.detail.prefix(codePoints: 500)
        retryAfter = error.retryAfter.map { min(max($0, .zero), Self.longestWait) }
        retryable = error.retryable
        switch evidence {
        case .exchange(let exchange): mayBeCharged = Self.mayBeCharged(status: exchange.status)
        case .transport(let failure): mayBeCharged = Self.mayBeCharged(failure.kind)
        }
        written = WrittenVersion(version)
    }

    package var writtenVersion: Int { written.number }

    /// Errors are free, except where a gateway stopped waiting for its server.
    private static func mayBeCharged(status: Int) -> Bool { status < 400 || [408, 499, 504, 524].contains(status) }

    /// What broke before it was sent is free; what broke afterwards may have been worked on.
    private static func mayBeCharged(_ kind: TransportError.Kind) -> Bool {
        switch kind {
        case .resolve, .refused, .connectTimeout, .tls, .certificate, .badURL: false
        case .firstByteTimeout, .totalTimeout, .reset, .closedEarly, .tooLarge, .cancelled, .malformed, .shutDown,
            .other:
            true
        }
    }

    /// What a provider asks for beyond a day is a day.
    private static let longestWait = Microseconds.hours(24)

    package var blobs: [Digest] {
        switch evidence {
        case .exchange(let exchange): [exchange.body]
        case .transport(let failure): failure.partialBody.map { [$0] } ?? []
        }
    }

    /// From submission to the failure.
    package var total: Microseconds {
        switch evidence {
        case .exchange(let exchange): exchange.total
        case .transport(let failure): failure.total
        }
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("class", `class`)
        writer.field("detail", detail)
        if case .exchange(let exchange) = evidence { writer.field("exchange", exchange) }
        if writtenVersion > 1 { writer.field("mayBeCharged", mayBeCharged) }
        writer.optionalField("retryAfter", retryAfter)
        writer.field("retryable", retryable)
        if case .transport(let failure) = evidence { writer.field("transport", failure) }
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 1)
        `class` = try reader.field("class")
        detail = try reader.text("detail", atMost: 500)
        let exchange: CallExchange? = try reader.optionalField("exchange")
        mayBeCharged = try reader.field("mayBeCharged")
        retryAfter = try reader.optionalLength("retryAfter")
        retryable = try reader.field("retryable")
        if let exchange {
            evidence = .exchange(exchange)
        } else {
            evidence = .transport(try reader.field("transport"))
        }
        written = WrittenVersion(Self.version)
        try reader.endObject()
    }
}
