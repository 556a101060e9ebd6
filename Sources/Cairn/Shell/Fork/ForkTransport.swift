import Calls
import Deciders
import Determinism
import EventLog
import HTTPTransport
import Jobs
import Synchronization

/// Answers a fork's calls from its parent; what the parent never asked goes to the provider if that is allowed.
final class ForkTransport: Transport {
    private let parent: LMDBLog
    private let recorded: RecordedTransport
    private let live: (any Transport)?
    private let mark: @Sendable (_ call: String, _ attempt: Int) async throws -> Void
    /// The first call that can't be answered; the lock makes noting it one step.
    private let unanswered = Mutex<UnansweredCall?>(nil)
    private let isStuck = OneShot()

    /// `mark` records that a call is about to be sent live.
    init(
        parent: LMDBLog, live: (any Transport)?,
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
        var withheld: WithheldContent?
        do {
            if let answer = try answer(call, attempt, Digest(of: request.body)) {
                withheld = try self.withheld(answer.event, call)
                if withheld == nil {
                    var known = request
                    known.label = answer.label
                    return try await recorded.send(known)
                }
            }
            if let live {
                try await mark(call, attempt)
                return try await live.send(request)
            }
        } catch let error as TransportError {
            throw error
        } catch {
            throw TransportError(kind: .other, message: "the recorded answer can't be read", detail: "\(error)")
        }
        let problem = UnansweredCall(call: call, attempt: attempt, withheld: withheld)
        unanswered.withLock { $0 = $0 ?? problem }
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

    /// What came of the attempt with the same body, if something did; or what the call reused instead of asking.
    ///
    /// `label` is the one under which the answer is recorded.
    private func answer(
        _ call: String, _ attempt: Int, _ body: Digest
    ) throws -> (event: Event, label: String)? {
        var wasAsked = false
        for event in try parent.readStream(try StreamName(category: Call.category, id: call)) {
            if event.hasType(CallStarted.type) {
                let started = try event.decode(CallStarted.self)
                wasAsked = started.attempt == attempt && started.request == body
            } else if wasAsked, event.hasType(CallCompleted.type) || event.hasType(CallFailed.type) {
                return (event, "\(call)#\(attempt)")
            } else if event.hasType(CallReused.type), case let reused = try event.decode(CallReused.self),
                reused.request == body, let original = try parent.event(at: reused.position)
            {
                return (original, "\(reused.origin)#\(try original.decode(CallCompleted.self).attempt)")
            }
        }
        return nil
    }

    /// Why the body of an answer can't be had; nil if it can, or there is none.
    private func withheld(_ answer: Event, _ call: String) throws -> WithheldContent? {
        var body: Digest?
        if answer.hasType(CallCompleted.type) {
            body = try answer.decode(CallCompleted.self).exchange.body
        } else {
            switch try answer.decode(CallFailed.self).evidence {
            case .exchange(let exchange): body = exchange.body
            case .transport(let failure): body = failure.partialBody
            }
        }
        guard let body, let call = CallID(rawValue: call), try parent.blob(body) == nil else { return nil }
        return try ForkNeed(parent: parent).explanation(ofAnswer: body, to: call, at: answer)
    }
}

/// A call that a fork makes, and whose answer its parent doesn't have.
package struct UnansweredCall: Error, Equatable, Sendable, CustomStringConvertible {
    package let call: String
    /// From 1.
    package let attempt: Int
    /// Why the recorded answer can't be had; nil when none was recorded.
    package var withheld: WithheldContent?

    package var description: String {
        withheld?.description ?? "the recording has no answer to attempt \(attempt) of the call \(call)"
    }

    package var remedy: String {
        let live = "--allow-live sends it to its provider, which may cost money"
        return withheld?.remedy.map { "\($0); or \(live)" } ?? live
    }
}
