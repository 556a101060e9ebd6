import Determinism
import HTTPTransport
import Synchronization

/// Sends a call once for all forks that one question makes, and gives the others what came of it.
///
/// A what-if with several changes makes a fork with each further one; without this each of them would ask, and pay, anew.
/// What is remembered goes with the question.
final class RememberingTransport: Transport {
    private struct Asked: Hashable {
        /// The call and the attempt.
        let label: String
        let body: Digest
    }

    private struct State {
        var outcomes: [Asked: Result<HTTPResponse, TransportError>] = [:]
        var sent = 0
    }

    private let inner: any Transport
    private let state = Mutex(State())

    init(_ inner: any Transport) { self.inner = inner }

    /// How often something was sent.
    var sent: Int { state.withLock(\.sent) }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let asked = Asked(label: request.label, body: Digest(of: request.body))
        if let known = state.withLock({ $0.outcomes[asked] }) { return try known.get() }
        state.withLock { $0.sent += 1 }
        do throws(TransportError) {
            let response = try await inner.send(request)
            state.withLock { $0.outcomes[asked] = .success(response) }
            return response
        } catch {
            state.withLock { $0.outcomes[asked] = .failure(error) }
            throw error
        }
    }
}
