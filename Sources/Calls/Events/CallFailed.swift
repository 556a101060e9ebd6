package import CanonicalJSON
import Deciders
package import Determinism
package import EventLog
import Jobs
package import Providers

/// A question brought no answer.
///
/// Derived by `calls.classify.<adapter>` from what was observed: an exchange, or a failure of the transport.
package struct CallFailed: EventPayload {
    package static let type = EventType("llm.callFailed")
    package static let version = 1

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
    /// How long the provider asks to wait; absent when it doesn't.
    package let retryAfter: Microseconds?
    /// Whether the same question may be answered later.
    package let retryable: Bool

    package init(attempt: Int, evidence: Evidence, error: ProviderError) {
        self.attempt = attempt
        self.evidence = evidence
        `class` = error.class
        detail = error.detail.prefix(codePoints: 500)
        retryAfter = error.retryAfter.map { min(max($0, .zero), Self.longestWait) }
        retryable = error.retryable
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
        retryAfter = try reader.optionalLength("retryAfter")
        retryable = try reader.field("retryable")
        if let exchange {
            evidence = .exchange(exchange)
        } else {
            evidence = .transport(try reader.field("transport"))
        }
        try reader.endObject()
    }
}
