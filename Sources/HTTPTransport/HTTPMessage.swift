/// One header field of a request or a response.
///
/// A secret value (a key) is sent like any other and never appears in a description, a dump or an error.
package struct HTTPHeader: Sendable, Equatable {
    package let name: String
    package let value: String
    /// Whether the value must never be shown.
    package let isSecret: Bool

    package init(name: String, value: String, isSecret: Bool = false) {
        self.name = name
        self.value = value
        self.isSecret = isSecret
    }
}

/// A complete HTTP request, sent as it stands: nothing is retried, no redirect is followed.
package struct HTTPRequest: Sendable, Equatable {
    package var method: String
    /// An absolute `http` or `https` URL.
    package var url: String
    /// Fields in the order in which they are sent; `Host`, `Content-Length` and `User-Agent` come from the transport.
    package var headers: [HTTPHeader]
    /// Bytes of the body; empty means no body.
    package var body: [UInt8]
    package var limits: TransferLimits
    /// Names this exchange for logs, and lets a recorded transport find its answer; never sent.
    package var label: String
    /// Whether to note when each piece of the body came.
    package var recordsArrivals: Bool

    package init(
        method: String = "GET",
        url: String,
        headers: [HTTPHeader] = [],
        body: [UInt8] = [],
        limits: TransferLimits = TransferLimits(),
        label: String = "",
        recordsArrivals: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limits = limits
        self.label = label
        self.recordsArrivals = recordsArrivals
    }
}

/// A complete HTTP response; every status is a response, 500 too.
package struct HTTPResponse: Sendable, Equatable {
    package let status: Int
    /// Fields in the order received, names in lower case, values without surrounding white space.
    package let headers: [HTTPHeader]
    /// Bytes of the body exactly as sent: no content encoding is asked for, so none is undone.
    package let body: [UInt8]
    package let timings: TransferTimings
    /// `1.0`, `1.1` or `2`.
    package let httpVersion: String
    /// When the pieces of the body came, in order; empty unless the request asked for it.
    package let arrivals: [Arrival]

    package init(
        status: Int,
        headers: [HTTPHeader] = [],
        body: [UInt8] = [],
        timings: TransferTimings = TransferTimings(),
        httpVersion: String = "1.1",
        arrivals: [Arrival] = []
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.timings = timings
        self.httpVersion = httpVersion
        self.arrivals = arrivals
    }

    /// The value of the first field with this name, compared without regard to ASCII case.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name == wanted }?.value
    }
}

/// What was observed about the duration of a transfer, in microseconds.
package struct TransferTimings: Sendable, Equatable {
    /// From submission until libcurl took the transfer up.
    package let queuedMicroseconds: Int64
    /// From there until the connection was ready, TLS included; `nil` when an open connection was reused or none came about.
    package let connectMicroseconds: Int64?
    /// From there until the first byte of the response; 0 when none came.
    package let firstByteMicroseconds: Int64
    /// From submission to the end, whatever it was.
    package let totalMicroseconds: Int64

    package init(
        queuedMicroseconds: Int64 = 0,
        connectMicroseconds: Int64? = nil,
        firstByteMicroseconds: Int64 = 0,
        totalMicroseconds: Int64 = 0
    ) {
        self.queuedMicroseconds = queuedMicroseconds
        self.connectMicroseconds = connectMicroseconds
        self.firstByteMicroseconds = firstByteMicroseconds
        self.totalMicroseconds = totalMicroseconds
    }
}

/// How long a transfer may take and how much it may bring; all count from when libcurl takes it up.
package struct TransferLimits: Sendable, Equatable {
    /// Until the connection is ready, TLS included.
    package var connectTimeout: Duration
    /// Until the first byte of the response.
    package var firstByteTimeout: Duration
    /// Until the last byte.
    package var totalTimeout: Duration
    /// Largest body; header fields are bounded separately, by libcurl.
    package var maxResponseBytes: Int

    package init(
        connectTimeout: Duration = .seconds(10),
        firstByteTimeout: Duration = .seconds(300),
        totalTimeout: Duration = .seconds(600),
        maxResponseBytes: Int = 16 << 20
    ) {
        self.connectTimeout = connectTimeout
        self.firstByteTimeout = firstByteTimeout
        self.totalTimeout = totalTimeout
        self.maxResponseBytes = maxResponseBytes
    }
}
