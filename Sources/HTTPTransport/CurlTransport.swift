import Glibc

/// Sends requests with libcurl, all on one background thread, over kept connections.
///
/// Certificates are always verified, redirects never followed, and no request is sent twice: when a kept connection turns out
/// dead after the request left, the exchange fails with `reset`. HTTP/2 is used where a TLS server offers it. Safe to use from
/// any task; the thread ends with `shutdown()` or with the last reference.
package final class CurlTransport: Transport {
    /// How many connections, as whom, and whom to trust.
    package struct Configuration: Sendable, Equatable {
        /// Most transfers that run at once, and connections kept for later; further ones wait their turn.
        package var maxConnections: Int
        /// Most transfers that run at once with the same scheme, host and port.
        package var maxConnectionsPerHost: Int
        package var userAgent: String
        /// Whether `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` are respected.
        package var usesEnvironmentProxy: Bool
        /// Certificates of trusted authorities in PEM; `nil` for the system's.
        package var certificateFile: String?
        /// A directory of such certificates, hashed by OpenSSL; `nil` for the system's.
        package var certificateDirectory: String?

        /// Trusts what `CURL_CA_BUNDLE`, else `SSL_CERT_FILE`, and `SSL_CERT_DIR` say, as curl's own program does.
        package init(
            maxConnections: Int = 256,
            maxConnectionsPerHost: Int = 256,
            userAgent: String = "cairn",
            usesEnvironmentProxy: Bool = true
        ) {
            self.maxConnections = maxConnections
            self.maxConnectionsPerHost = maxConnectionsPerHost
            self.userAgent = userAgent
            self.usesEnvironmentProxy = usesEnvironmentProxy
            certificateFile = Self.environment("CURL_CA_BUNDLE") ?? Self.environment("SSL_CERT_FILE")
            certificateDirectory = Self.environment("SSL_CERT_DIR")
        }

        private static func environment(_ name: String) -> String? {
            guard let value = unsafe getenv(name), unsafe value.pointee != 0 else { return nil }
            return unsafe String(cString: value)
        }
    }

    private let thread: CurlThread

    /// Starts the thread; should the system refuse one, every `send` says so.
    package init(configuration: Configuration = Configuration()) {
        thread = CurlThread.start(configuration: configuration)
    }

    deinit { thread.shutDown() }

    /// Sends the request and waits for the whole response; limits count from when the transfer's turn comes.
    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        if let problem = request.problem {
            throw TransportError(kind: .badURL, message: problem, detail: "\(request.method) \(request.shownURL)")
        }
        let id = thread.nextID()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let work = TransferWork(id: id, request: request, continuation: continuation)
                guard !Task.isCancelled else {
                    continuation.resume(returning: .failure(work.unsent(.cancelled, at: work.submittedAt)))
                    return
                }
                thread.submit(work)
                // A cancellation between the look above and the submission found nothing to cancel.
                if Task.isCancelled { thread.cancel(id) }
            }
        } onCancel: {
            thread.cancel(id)
        }
        return try result.get()
    }

    /// Ends all transfers with `shutDown`, refuses further ones, closes the connections and ends the thread.
    ///
    /// Returns at once; harmless when repeated.
    package func shutdown() { thread.shutDown() }
}
