import HTTPTransport
import Jobs
import Synchronization
import Testing

/// A transport that answers from a list, in order, and keeps what was asked.
final class ScriptedTransport: Transport {
    enum Answer: Sendable {
        case response(Int, [UInt8], [HTTPHeader] = [])
        case failure(TransportError)
        /// Never answers; ends when it is cancelled.
        case hang
    }

    private struct State {
        var answers: [Answer]
        var requests: [HTTPRequest] = []
    }

    private let state: Mutex<State>
    /// Happens when a request is being kept waiting.
    let isHanging = OneShot()

    convenience init(_ answers: Answer...) { self.init(answers) }
    init(_ answers: [Answer]) { state = Mutex(State(answers: answers)) }

    var requests: [HTTPRequest] { state.withLock(\.requests) }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let answer = state.withLock { state in
            state.requests.append(request)
            return state.answers.isEmpty ? nil : state.answers.removeFirst()
        }
        switch answer {
        case .response(let status, let body, let headers):
            return HTTPResponse(
                status: status, headers: headers, body: body,
                timings: TransferTimings(queuedMicroseconds: 5, firstByteMicroseconds: 70, totalMicroseconds: 90))
        case .failure(let error): throw error
        case .hang:
            isHanging.happen()
            _ = try? await OneShot().wait()
            throw TransportError(kind: .cancelled, message: "cancelled")
        case nil: throw TransportError(kind: .other, message: "the script is over")
        }
    }
}
