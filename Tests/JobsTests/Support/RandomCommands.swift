import CanonicalJSON
import Determinism

@testable import Jobs

/// Commands to a job of a queue that may fit or not, in any order of times.
enum RandomCommands {
    static let terms = QueueTerms(deadline: Sample.at(250), notBefore: Sample.at(10))

    /// Any command but those that only record what was seen, which are recorded as often as they are given.
    static func draw(_ generator: inout SeededGenerator) -> Job.Command {
        let worker = generator.uniform(below: 2) == 0 ? Sample.a : Sample.b
        let now = Sample.at(Int64(generator.uniform(below: 260)))
        return switch generator.uniform(below: 24) {
        case 0: .submit(Sample.submitted(terms: terms))
        case 1, 2, 3, 4, 5: .lease(to: worker, at: now, for: .seconds(100))
        case 6: .renew(by: worker, at: now, for: .seconds(100))
        case 7: .complete(by: worker, at: now, result: [:])
        case 8, 9, 10:
            .fail(
                by: worker, at: now, class: "timeout", message: "slow",
                retryable: generator.uniform(below: 4) > 0)
        case 11, 12: .scheduleRetry(at: now, delay: .seconds(1))
        case 13: .expire(from: worker, at: now, reason: .deadline, policy: Sample.lease)
        case 14: .expire(from: worker, at: now, reason: .workerGone, policy: Sample.lease)
        case 15: .release(by: worker, at: now)
        case 16: .crash(by: worker, at: now, message: "signal 9", policy: Sample.lease)
        case 17: .putOff(by: worker, at: now, until: now + .seconds(5), reason: "full")
        case 18: .unlock(by: "me", note: nil)
        case 19: .skip(JobSkipped(rootCause: Sample.job(9), rootClass: "auth"))
        case 20: .cancel(by: "me", note: nil, reason: .requested)
        case 21: .cancelPastDeadline(at: now)
        default: .requestRetry(by: "me")
        }
    }
}
