/// Sends requests with libcurl, all on one background thread, over kept connections.
///
/// Certificates are always verified, redirects never followed, and no request is sent twice: when a kept connection turns out
/// dead after the request left, the exchange fails with `reset`. HTTP/2 is used where a TLS server offers it. Safe to use from
/// any task; the thread begins with the first request and ends with `shutdown()` or with the last reference.
package final class CurlTransport: Transport {
    private let thread: CurlThread

    package init(configuration: Configuration = Configuration()) {
        thread = CurlThread(configuration: configuration)
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
