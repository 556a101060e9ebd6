package import CanonicalJSON
package import Determinism
import EventLog
package import HTTPTransport
import Jobs
package import Providers

/// What came back over HTTP, and how long it took: what an answer or a failure is derived from.
package struct CallExchange: Equatable, Sendable {
    /// The blob of the response's body, byte for byte.
    package let body: Digest
    /// From the start of the transfer to the first byte of the response.
    package let firstByte: Microseconds
    /// From the start of the transfer to the first piece of the answer; absent when it wasn't asked for in pieces.
    package let firstToken: Microseconds?
    /// The headers that the adapter finds useful and that hold no secret; names in lower case.
    package var headers: [String: String] { headerTexts.dictionary }
    private let headerTexts: CanonicalTexts
    /// From submission to the start of the transfer.
    package let queued: Microseconds
    /// The HTTP status.
    package let status: Int
    /// From submission to the last byte.
    package let total: Microseconds

    package init(
        body: Digest, firstByte: Microseconds, firstToken: Microseconds? = nil, headers: [String: String],
        queued: Microseconds, status: Int, total: Microseconds
    ) {
        self.body = body
        self.firstByte = firstByte
        self.firstToken = firstToken
        headerTexts = CanonicalTexts(headers)
        self.queued = queued
        self.status = status
        self.total = total
    }

    /// The adapter of this name that reads such a body: one that came in pieces needs one that knows of them.
    package func adapter(named name: String) -> (any LLMProvider.Type)? {
        let isStream = headers["content-type"]?.hasPrefix("text/event-stream") ?? false
        return ModelCatalogue.adapter(named: name, streams: isStream)
    }

    /// The longest header value that is kept, in code points.
    static let longestHeader = 500

    /// A response as it is recorded; what is derived from it reads these headers and no others.
    ///
    /// `firstToken` is where the first piece of the answer ends in the body.
    init(_ response: HTTPResponse, body: Digest, headers: [String: String], firstToken: Int? = nil) {
        let arrival = firstToken.flatMap { end in response.arrivals.first { $0.offset >= end } }
        self.init(
            body: body, firstByte: Microseconds(max(0, response.timings.firstByteMicroseconds)),
            firstToken: arrival.map { Microseconds(max(0, $0.microseconds)) },
            headers: headers.mapValues { $0.isEmpty ? "" : $0.prefix(codePoints: Self.longestHeader) },
            queued: Microseconds(max(0, response.timings.queuedMicroseconds)), status: response.status,
            total: Microseconds(max(0, response.timings.totalMicroseconds)))
    }
}

extension CallExchange: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("body", body)
        writer.field("firstByte", firstByte)
        writer.optionalField("firstToken", firstToken)
        writer.field("headers", headerTexts)
        writer.field("queued", queued)
        writer.field("status", status)
        writer.field("total", total)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        body = try reader.field("body")
        firstByte = try reader.length("firstByte")
        firstToken = try reader.optionalLength("firstToken")
        headerTexts = try reader.field("headers")
        queued = try reader.length("queued")
        status = try reader.integer("status", atLeast: 100)
        total = try reader.length("total")
        try reader.endObject()
    }
}

/// Why no whole response came back.
package struct TransportFailure: Equatable, Sendable {
    package let kind: TransportError.Kind
    /// What was being done and what was found.
    package let message: String
    /// The blob of what had arrived of the body; absent if nothing had.
    package let partialBody: Digest?
    /// From submission to the failure.
    package let total: Microseconds

    package init(kind: TransportError.Kind, message: String, partialBody: Digest?, total: Microseconds) {
        self.kind = kind
        self.message = message.prefix(codePoints: 500)
        self.partialBody = partialBody
        self.total = total
    }

    init(_ error: TransportError, partialBody: Digest?) {
        self.init(
            kind: error.kind, message: error.message, partialBody: partialBody,
            total: Microseconds(max(0, error.timings.totalMicroseconds)))
    }

    /// What it means for the call.
    var providerError: ProviderError { ProviderError(TransportError(kind: kind, message: message)) }
}

extension TransportFailure: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("kind", kind.rawValue)
        writer.field("message", message)
        writer.optionalField("partialBody", partialBody)
        writer.field("total", total)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        kind = try reader.field("kind") { (reader) throws(JSONError) -> TransportError.Kind in
            let start = reader.offset
            let text = try String(from: &reader)
            guard let kind = TransportError.Kind(rawValue: text) else {
                throw reader.error(at: start, expected: "a kind of transport failure", found: "«\(text.prefix(40))»")
            }
            return kind
        }
        message = try reader.text("message", atMost: 500)
        partialBody = try reader.optionalField("partialBody")
        total = try reader.length("total")
        try reader.endObject()
    }
}
