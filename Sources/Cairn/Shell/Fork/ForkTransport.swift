import Calls
import Deciders
import Determinism
import EventLog
import HTTPTransport
import Jobs
import Synchronization

/// Answers a fork's calls from its parent; what the parent never asked goes to the provider if that is allowed.
final class ForkTransport: Transport {
    private let parent: any Log
    private let recorded: RecordedTransport
    private let live: (any Transport)?
    private let mark: @Sendable (_ call: String, _ attempt: Int) async throws -> Void
    /// The first call that can't be answered; the lock makes noting it one step.
    private let unanswered = Mutex<UnansweredCall?>(nil)
    private let isStuck = OneShot()

    /// `mark` records that a call is about to be sent live.
    init(
        parent: any Log, live: (any Transport)?,
        mark: @escaping @Sendable (_ call: String, _ attempt: Int) async throws -> Void
    ) {
        self.parent = parent
        self.live = live
        self.mark = mark
        recorded = RecordedTransport(recorded: parent, unanswered: {})
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard let hash = request.label.lastIndex(of: "#"),
            let attempt = Int(request.label[request.label.index(after: hash)...])
        else { throw TransportError(kind: .other, message: "a request without the label of a call") }
        let call = String(request.label[..<hash])
        do {
            if try isAnswered(call, attempt, Digest(of: request.body)) { return try await recorded.send(request) }
            if let live {
                try await mark(call, attempt)
                return try await live.send(request)
            }
        } catch let error as TransportError {
            throw error
        } catch {
            throw TransportError(kind: .other, message: "the recorded answer can't be read", detail: "\(error)")
        }
        unanswered.withLock { $0 = $0 ?? UnansweredCall(call: call, attempt: attempt) }
        isStuck.happen()
        // Nothing more is recorded of this call: its task ends with the others.
        try? await OneShot().wait()
        throw TransportError(kind: .cancelled, message: "the recording has no answer")
    }

    /// Returns what can't be answered once something can't; throws when cancelled before.
    func firstUnanswered() async throws -> UnansweredCall? {
        try await isStuck.wait()
        return unanswered.withLock { $0 }
    }

    /// Whether the same body was sent as this attempt, and something came of it.
    private func isAnswered(_ call: String, _ attempt: Int, _ body: Digest) throws -> Bool {
        var wasAsked = false
        for event in try parent.readStream(try StreamName(category: Call.category, id: call)) {
            if event.hasType(CallStarted.type) {
                let started = try event.decode(CallStarted.self)
                wasAsked = started.attempt == attempt && started.request == body
            } else if wasAsked, event.hasType(CallCompleted.type) || event.hasType(CallFailed.type) {
                return true
            }
        }
        return false
    }
}

/// A call that a fork makes and its parent never made.
package struct UnansweredCall: Error, Equatable, Sendable, CustomStringConvertible {
    package let call: String
    /// From 1.
    package let attempt: Int

    package var description: String {
        "the recording has no answer to attempt \(attempt) of the call \(call); "
            + "--allow-live sends it to its provider, which may cost money"
    }
}
