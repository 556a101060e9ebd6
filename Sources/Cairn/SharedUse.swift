import Calls
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Scoring

/// What a blob is for those outside of a redaction's target who name it, too.
package enum SharedRole: String, Equatable, Sendable, CaseIterable, CanonicalCodable {
    /// A question or an answer, which others put or got word for word.
    case text
    /// The experiment of a run.
    case definition
    /// What a judge was told to judge by.
    case rubric
    /// Something else that results of others are derived from, such as prices and retry policies.
    case input

    /// What others can't do any more without it.
    package var consequence: String {
        switch self {
        case .text: "those questions and answers can't be shown"
        case .definition:
            "its run can't be executed or resumed, no what-if can be asked of it, and it can't be exported for Inspect or "
                + "Every Eval Ever"
        case .rubric: "the scores that were given by it can't be derived again, nor others be asked for"
        case .input: "what was derived from it can't be derived again"
        }
    }
}

/// Who outside of a redaction's target names a blob, gathered event by event.
struct SharedUse {
    private static let mostOwners = 3

    private var owners: [String] = []
    private var events = 0
    private var roles: Set<SharedRole> = []

    mutating func add(_ event: Event, naming digest: Digest, owner: String) throws {
        events += 1
        roles.insert(try Self.role(of: digest, in: event))
        if owners.count < Self.mostOwners, !owners.contains(owner) { owners.append(owner) }
    }

    func summary(of digest: Digest) -> RedactionPlan.Shared {
        let role = [SharedRole.definition, .rubric, .input].first(where: roles.contains) ?? .text
        return RedactionPlan.Shared(digest: digest, others: owners, events: events, role: role)
    }

    static func role(of digest: Digest, in event: Event) throws -> SharedRole {
        if event.hasType(RunSubmitted.type) { return .definition }
        switch event.stream.category {
        case Score.category:
            // The rubric is the first blob of a score's cause, the answer that was read the second.
            return try event.metadata().cause?.blobs.first == digest ? .rubric : .text
        case Call.category:
            let texts = try CallEvent.read(event)?.payload.blobs ?? []
            return texts.contains(digest) ? .text : .input
        case Job.category: return .text
        default: return .input
        }
    }
}
