import Calls
import Deciders
import Determinism
import EventLog
import Jobs

/// Says what a fork needs that can't be had: of which call it is, which job asked for it, and which event is made from it.
struct ForkNeed: Sendable {
    let parent: LMDBLog

    /// The content that an event of the parent is derived from anew, or can't be taken over without.
    func explanation(of digest: Digest, neededBy event: Event) throws -> WithheldContent {
        let call = try call(of: event)
        let what = try call.map { "the \(try part(digest, of: $0)) of the call \($0)" } ?? "content"
        return WithheldContent(
            "\(what), which the fork needs for \(event.type) at position \(event.position)"
                + (try job(of: event).map { " of the job \($0)" } ?? "") + ",",
            try BlobStates(of: parent).withheld(digest, namedAt: event.position), instead: try instead(of: event))
    }

    /// The answer of a recorded call that the fork makes again.
    func explanation(ofAnswer digest: Digest, to call: CallID, at event: Event) throws -> WithheldContent {
        WithheldContent(
            "the answer of the call \(call), recorded at position \(event.position)"
                + (try job(of: event).map { " for the job \($0)" } ?? "") + ", which the fork asks again,",
            try BlobStates(of: parent).withheld(digest, namedAt: event.position), instead: try instead(of: event))
    }

    /// The call that an event is of, or that it was derived from.
    private func call(of event: Event) throws -> CallID? {
        if event.stream.category == Call.category { return CallID(inStreamOf: event) }
        for position in try event.metadata().cause?.positions ?? [] {
            guard let cause = try parent.event(at: position), cause.stream.category == Call.category else { continue }
            return CallID(inStreamOf: cause)
        }
        return nil
    }

    private func part(_ digest: Digest, of call: CallID) throws -> String {
        for event in try parent.readStream(try StreamName(category: Call.category, id: call.rawValue)) {
            if event.hasType(CallStarted.type), try event.decode(CallStarted.self).request == digest {
                return "request"
            }
            if event.hasType(CallCompleted.type), try event.decode(CallCompleted.self).exchange.body == digest {
                return "answer"
            }
        }
        return "content"
    }

    private func job(of event: Event) throws -> String? { try event.metadata().job }

    /// What leaves the event out, so that its content isn't needed.
    private func instead(of event: Event) throws -> String? {
        guard let job = try job(of: event),
            let submission = try parent.readStream(try StreamName(category: Job.category, id: job), limit: 1).first,
            submission.hasType(JobSubmitted.type)
        else { return nil }
        return try submission.decode(JobSubmitted.self).labels["scenario"].map {
            "leave it out with --without scenario=\($0)"
        }
    }
}
