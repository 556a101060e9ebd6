import CanonicalJSON
import Determinism
import EventLog
import HTTPTransport
import Jobs
import Providers
import Synchronization
import Testing

@testable import Calls

/// A provider in memory: the answer is a function of the request, and every request is counted.
final class Model: Transport {
    private struct State {
        var sent: [String: Int] = [:]
        var answered: [String: Int] = [:]
        var isHanging = false
    }

    private let state = Mutex(State())
    private let patience: Int
    /// Happens when it has answered as often as it was told; from then on it keeps everybody waiting.
    let isTired = OneShot()

    /// Answers `patience` requests.
    init(answers patience: Int = .max) { self.patience = patience }

    /// How often each question was answered, by the hash of its body.
    var answered: [String: Int] { state.withLock(\.answered) }
    var requests: Int { state.withLock { $0.sent.values.reduce(0, +) } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        for _ in 0..<5 { await Task.yield() }
        let key = Digest(of: request.body).hex
        let isAnswered = state.withLock { state in
            state.sent[key, default: 0] += 1
            guard state.answered.values.reduce(0, +) < patience else { return false }
            state.answered[key, default: 0] += 1
            return true
        }
        guard isAnswered else {
            isTired.happen()
            _ = try? await OneShot().wait()
            throw TransportError(kind: .cancelled, message: "cancelled")
        }
        return HTTPResponse(
            status: 200, body: Sample.answer("answer to \(key.prefix(8))"),
            timings: TransferTimings(queuedMicroseconds: 1, firstByteMicroseconds: 2, totalMicroseconds: 3))
    }
}
