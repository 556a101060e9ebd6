/// Why an exchange brought no complete response, with what was observed until then.
///
/// A response of any status is no error. Whether to try again is for the caller to decide.
package struct TransportError: Error, Sendable, Equatable {
    /// What ended the exchange.
    package enum Kind: String, Sendable, Equatable, CaseIterable {
        /// The host's name, or the proxy's, has no address.
        case resolve
        /// Nobody accepts connections there, or no way leads there.
        case refused
        case connectTimeout
        case firstByteTimeout
        case totalTimeout
        /// No secure connection could be agreed on.
        case tls
        /// The server's certificate is not to be trusted.
        case certificate
        /// The connection broke before any byte of the response: the server may or may not have acted on the request.
        case reset
        /// The connection ended inside the response.
        case closedEarly
        /// The response exceeded `TransferLimits.maxResponseBytes`.
        case tooLarge
        case cancelled
        /// What came back is not HTTP.
        case malformed
        /// The request cannot be sent: no `http` or `https` URL, or a field with a line break.
        case badURL
        /// The transport was shut down before the exchange ended.
        case shutDown
        case other
    }

    package let kind: Kind
    /// What was found and what the reader can do.
    ///
    /// A function of the kind and the request's limits alone: the same failure has the same message wherever the server is.
    package let message: String
    /// The request's method and URL, and libcurl's own words; for people, since addresses, ports and times differ each time.
    package let detail: String
    package let timings: TransferTimings
    /// Status received before the end; `nil` when none was.
    package let status: Int?
    /// The first bytes of the body that had arrived, at most `partialBodyLimit`.
    package let partialBody: [UInt8]
    /// When the pieces of the body came, those behind `partialBody` too; empty unless the request asked for it.
    package let arrivals: [Arrival]

    /// Most bytes that `partialBody` keeps as evidence.
    package static let partialBodyLimit = 64 << 10

    package init(
        kind: Kind,
        message: String,
        detail: String = "",
        timings: TransferTimings = TransferTimings(),
        status: Int? = nil,
        partialBody: [UInt8] = [],
        arrivals: [Arrival] = []
    ) {
        self.kind = kind
        self.message = message
        self.detail = detail
        self.timings = timings
        self.status = status
        self.partialBody = Array(partialBody.prefix(Self.partialBodyLimit))
        self.arrivals = arrivals
    }
}

extension TransportError: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        detail.isEmpty ? "\(kind.rawValue): \(message)" : "\(kind.rawValue): \(message) (\(detail))"
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "kind": kind, "message": message, "detail": detail, "timings": timings, "status": status as Any,
                "partialBodyBytes": partialBody.count, "arrivals": arrivals.count,
            ])
    }
}
