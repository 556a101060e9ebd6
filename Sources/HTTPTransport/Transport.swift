/// The seam between those who want an HTTP exchange and what performs it.
///
/// Live it is `CurlTransport`; tests and replay put a recorded one in its place, which finds its answer by `HTTPRequest.label`.
package protocol Transport: Sendable {
    /// Sends the request and waits for the whole response; cancelling the task ends the transfer at once.
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse
}
