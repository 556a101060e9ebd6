import CanonicalJSON
import Determinism

@testable import Jobs

/// Commands that nobody may get through as a job stands: the simulation proposes them between its own steps.
///
/// The rules are said once more here, from what a job is for and not from the decider, which must refuse each of these or
/// find that there is nothing to do.
enum IllegalCommands {
    static let stranger = WorkerID(wellFormed: "stranger")
    private static let length = Microseconds.seconds(20)
    private static let moment = Microseconds(1)

    static func of(_ job: Job.Progress, at now: Timestamp, _ policy: LeasePolicy) -> [Job.Command] {
        let always: [Job.Command] = [
            .submit(altered(job.submission)),
            .cancelPastDeadline(at: job.submission.terms?.deadline.map { $0 - moment } ?? now),
        ]
        return always + ofStage(job, now, policy)
    }

    private static func ofStage(_ job: Job.Progress, _ now: Timestamp, _ policy: LeasePolicy) -> [Job.Command] {
        let skip = Job.Command.skip(JobSkipped(rootCause: JobID(wellFormed: "root"), rootClass: "broken"))
        let schedule = Job.Command.scheduleRetry(at: now, delay: .seconds(1))
        let cancel = Job.Command.cancel(by: "operator", note: nil, reason: .requested)
        let retry = Job.Command.requestRetry(by: "operator")
        let unlock = Job.Command.unlock(by: "operator", note: nil)
        let lease = Job.Command.lease(to: stranger, at: now, for: length)
        switch job.stage {
        case .leased(let held):
            return answers(by: stranger, at: held.deadline - moment, policy)
                + answers(by: held.worker, at: held.deadline, policy) + [
                    lease, skip, schedule, retry, .expire(from: stranger, at: now, reason: .workerGone, policy: policy),
                    .expire(from: held.worker, at: held.deadline - moment, reason: .deadline, policy: policy),
                    .recordLate(JobResultLate(attempt: held.attempt, class: "late", result: nil, worker: held.worker)),
                    .replace(by: "operator", with: JobID(wellFormed: "other")),
                ]
        case .ready: return answers(by: stranger, at: now, policy) + [schedule, retry, unlock] + untimely(job)
        case .undecided: return answers(by: stranger, at: now, policy) + [lease, retry, unlock]
        case .retrying(let time), .deferred(let time):
            let early = Job.Command.lease(to: stranger, at: time - moment, for: length)
            return answers(by: stranger, at: now, policy) + [early, schedule, retry, unlock] + untimely(job)
        case .completed: return answers(by: stranger, at: now, policy) + [lease, skip, schedule, cancel, retry, unlock]
        case .failed, .skipped: return answers(by: stranger, at: now, policy) + [lease, schedule, cancel, unlock]
        case .cancelled: return answers(by: stranger, at: now, policy) + [lease, skip, schedule, cancel, unlock]
        }
    }

    /// What only a worker that has the job may say, and before the deadline.
    private static func answers(by worker: WorkerID, at now: Timestamp, _ policy: LeasePolicy) -> [Job.Command] {
        [
            .complete(by: worker, at: now, result: [:]),
            .fail(by: worker, at: now, class: "broken", message: "no", retryable: true),
            .crash(by: worker, at: now, message: "signal 9", policy: policy),
            .putOff(by: worker, at: now, until: now + .seconds(5), reason: "busy"),
            .release(by: worker, at: now), .renew(by: worker, at: now, for: length),
            .report(by: worker, at: now, thousandths: 500, message: nil),
        ]
    }

    /// Leases before the time of a job, and at its deadline.
    private static func untimely(_ job: Job.Progress) -> [Job.Command] {
        let times = [job.submission.terms?.notBefore.map { $0 - moment }, job.submission.terms?.deadline]
        return times.compactMap { $0.map { .lease(to: stranger, at: $0, for: length) } }
    }

    /// The same job with another content.
    private static func altered(_ job: JobSubmitted) -> JobSubmitted {
        JobSubmitted(
            after: job.after, kind: job.kind, labels: ["altered": "yes"], lane: job.lane, maxAttempts: job.maxAttempts,
            ordinal: job.ordinal, run: job.run, terms: job.terms)
    }
}
