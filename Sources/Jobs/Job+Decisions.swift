import CanonicalJSON
import Deciders
import Determinism

extension Job {
    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [JobEvent] {
        if case .submit(let submission) = command { return try submit(submission, state) }
        guard case .known(let job) = state else { throw .unknownJob }
        return switch command {
        case .submit: []
        case .lease(let worker, let now, let length): try lease(to: worker, at: now, for: length, job)
        case .renew(let worker, let now, let length): try renew(by: worker, at: now, for: length, job)
        case .complete(let worker, let now, let result): try complete(by: worker, at: now, result, job)
        case .fail(let worker, let now, let kind, let message, let retryable):
            try fail(by: worker, at: now, kind, message, retryable, job)
        case .scheduleRetry(let now, let delay): try scheduleRetry(at: now, delay, job)
        case .expire(let worker, let now, let reason, let policy):
            try expire(from: worker, at: now, reason, policy, job)
        case .release(let worker, let now): try release(by: worker, at: now, job)
        case .skip(let rootCause, let rootClass): try skip(rootCause, rootClass, job)
        case .requestRetry(let person): try requestRetry(by: person, job)
        }
    }

    private static func submit(_ submission: JobSubmitted, _ state: State) throws(Refusal) -> [JobEvent] {
        switch state {
        case .absent: [.submitted(submission)]
        case .known(let job) where job.submission == submission: []
        case .known: throw .submittedDifferently
        }
    }

    private static func lease(
        to worker: WorkerID, at now: Timestamp, for length: Microseconds, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        let lease = JobLeased(attempt: job.attempt, deadline: now + length, worker: worker)
        switch job.stage {
        case .ready: return [.leased(lease)]
        case .retrying(let notBefore):
            guard notBefore <= now else { throw .notDue(notBefore) }
            return [.leased(lease)]
        case .leased(let held):
            guard held.worker == worker, held.deadline == lease.deadline else { throw .leasedElsewhere(held) }
            return []
        case .undecided: throw .notReady
        case .completed, .failed, .skipped: throw .alreadyFinished
        }
    }

    private static func renew(
        by worker: WorkerID, at now: Timestamp, for length: Microseconds, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        guard case .leased(let held) = job.stage, held.worker == worker, now < held.deadline else { throw .leaseLost }
        let deadline = now + length
        if held.deadline == deadline { return [] }
        return [.leaseRenewed(JobLeaseRenewed(attempt: held.attempt, deadline: deadline, worker: worker))]
    }

    private static func complete(
        by worker: WorkerID, at now: Timestamp, _ result: JSONValue, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        switch job.stage {
        case .leased(let held) where held.worker == worker && now < held.deadline:
            return [.completed(JobCompleted(attempt: held.attempt, result: result, worker: worker))]
        case .completed: return []
        case .leased, .ready, .undecided, .retrying, .failed, .skipped: throw .leaseLost
        }
    }

    private static func fail(
        by worker: WorkerID, at now: Timestamp, _ kind: String, _ message: String, _ retryable: Bool, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        switch job.stage {
        case .leased(let held) where held.worker == worker && now < held.deadline:
            let isLast = job.spent + 1 >= job.submission.maxAttempts
            return [
                .failed(
                    JobFailed(
                        attempt: held.attempt, class: kind, final: !retryable || isLast, message: message,
                        retryable: retryable, worker: worker))
            ]
        case .undecided, .failed: return []
        case .leased, .ready, .retrying, .completed, .skipped: throw .leaseLost
        }
    }

    private static func scheduleRetry(
        at now: Timestamp, _ delay: Microseconds, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        switch job.stage {
        case .undecided:
            [.retryScheduled(JobRetryScheduled(attempt: job.attempt, delay: delay, notBefore: now + delay))]
        case .retrying: []
        case .ready, .leased, .completed, .failed, .skipped: throw .nothingToRetry
        }
    }

    /// A job that has lost too many leases fails for good, in the same commit.
    private static func expire(
        from worker: WorkerID, at now: Timestamp, _ reason: JobLeaseExpired.Reason, _ policy: LeasePolicy,
        _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        guard case .leased(let held) = job.stage, held.worker == worker else { return [] }
        if reason == .deadline, now < held.deadline { throw .leaseHolds(until: held.deadline) }
        let crashes = job.crashes + 1
        let hangs = job.hangs + (reason == .deadline ? 1 : 0)
        let expired = JobEvent.leaseExpired(
            JobLeaseExpired(
                attempt: held.attempt, crashes: crashes, deadline: held.deadline, reason: reason, worker: worker))
        guard policy.isPoison(hangs: hangs, crashes: crashes) else { return [expired] }
        let message = "\(crashes) leases were lost, \(hangs) of them with a living worker; the job is given up"
        return [
            expired,
            .failed(
                JobFailed(
                    attempt: held.attempt, class: "poison", final: true, message: message, retryable: false,
                    worker: worker)),
        ]
    }

    private static func release(by worker: WorkerID, at now: Timestamp, _ job: Progress) throws(Refusal) -> [JobEvent] {
        switch job.stage {
        case .leased(let held) where held.worker == worker && now < held.deadline:
            [.released(JobReleased(attempt: held.attempt, worker: worker))]
        case .ready: []
        case .leased, .undecided, .retrying, .completed, .failed, .skipped: throw .leaseLost
        }
    }

    private static func skip(_ rootCause: JobID, _ rootClass: String, _ job: Progress) throws(Refusal) -> [JobEvent] {
        switch job.stage {
        case .ready, .undecided, .retrying: [.skipped(JobSkipped(rootCause: rootCause, rootClass: rootClass))]
        case .skipped: []
        case .leased(let held): throw .leasedElsewhere(held)
        case .completed, .failed: throw .alreadyFinished
        }
    }

    private static func requestRetry(by person: String, _ job: Progress) throws(Refusal) -> [JobEvent] {
        switch job.stage {
        case .failed, .skipped: [.retryRequested(JobRetryRequested(by: person))]
        case .ready: []
        case .undecided, .retrying, .leased, .completed: throw .nothingToRetry
        }
    }
}
