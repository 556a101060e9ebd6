import CanonicalJSON
import Deciders
import Determinism

extension Job {
    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [JobEvent] {
        if case .submit(let submission, let losses) = command { return try submit(submission, losses, state) }
        if case .loseKey(let lost) = command { return try loseKey(lost, state) }
        guard case .known(let job) = state else { throw .unknownJob }
        return switch command {
        case .submit, .loseKey: []
        case .lease(let worker, let now, let length): try lease(to: worker, at: now, for: length, job)
        case .renew(let worker, let now, let length): try renew(by: worker, at: now, for: length, job)
        case .complete(let worker, let now, let result): try complete(by: worker, at: now, result, job)
        case .fail(let worker, let now, let kind, let message, let retryable, let provider):
            try fail(by: worker, at: now, kind, message, retryable, provider, job)
        case .scheduleRetry(let now, let delay, let budget): try scheduleRetry(at: now, delay, budget, job)
        case .expire(let worker, let now, let reason, let policy, let deadline):
            try expire(from: worker, at: now, reason, policy, of: deadline, job)
        case .release(let worker, let now): try release(by: worker, at: now, job)
        case .skip(let skipped): try skip(skipped, job)
        case .requestRetry(let person, let note, let losses): try requestRetry(by: person, note, losses, job)
        case .cancel(let person, let note, let reason): try cancel(by: person, note, reason, job)
        case .cancelPastDeadline(let now): try cancelPastDeadline(at: now, job)
        case .crash(let worker, let now, let message, let policy):
            try crash(by: worker, at: now, message, policy, job)
        case .putOff(let worker, let now, let until, let reason):
            try putOff(by: worker, at: now, until: until, reason, job)
        case .report(let worker, let now, let thousandths, let message):
            try report(by: worker, at: now, thousandths, message, job)
        case .recordLate(let late): try recordLate(late, job)
        case .unlock(let person, let note): try unlock(by: person, note, job)
        case .replace(let person, let other): try replace(by: person, with: other, job)
        }
    }

    private static func submit(
        _ submission: JobSubmitted, _ losses: Int, _ state: State
    ) throws(Refusal) -> [JobEvent] {
        switch state {
        case .absent: return [.submitted(submission)]
        case .forestalled(let forestalled):
            if let answer = forestalled.answer { throw .standsFor(answer) }
            guard forestalled.keyTurns == losses else { throw .keyLost }
            return [.submitted(submission)]
        case .known(let job) where job.submission == submission: return []
        case .known: throw .submittedDifferently
        }
    }

    private static func lease(
        to worker: WorkerID, at now: Timestamp, for length: Microseconds, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        let lease = JobLeased(attempt: job.attempt, deadline: now + length, worker: worker)
        switch job.stage {
        case .ready:
            if let terms = job.submission.terms { try check(terms, at: now) }
            return [.leased(lease)]
        case .retrying(let notBefore), .deferred(let notBefore):
            guard notBefore <= now else { throw .notDue(notBefore) }
            if let terms = job.submission.terms { try check(terms, at: now) }
            return [.leased(lease)]
        case .leased(let held):
            guard held.worker == worker, held.deadline == lease.deadline else { throw .leasedElsewhere(held) }
            return []
        case .undecided: throw .notReady
        case .completed, .failed, .cancelled, .skipped: throw .alreadyFinished
        }
    }

    private static func check(_ terms: QueueTerms, at now: Timestamp) throws(Refusal) {
        if let notBefore = terms.notBefore, now < notBefore { throw .notDue(notBefore) }
        if let deadline = terms.deadline, now >= deadline { throw .pastDeadline(deadline) }
    }

    private static func renew(
        by worker: WorkerID, at now: Timestamp, for length: Microseconds, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        guard case .leased(let held) = job.stage, held.worker == worker, now < held.deadline else { throw .leaseLost }
        let deadline = now + length
        if held.deadline == deadline { return [] }
        return [.leaseRenewed(JobLeaseRenewed(attempt: held.attempt, deadline: deadline, worker: worker))]
    }

    /// In a completed job any further answer changes nothing: it is the same one repeated, or it came second.
    private static func complete(
        by worker: WorkerID, at now: Timestamp, _ result: JSONValue, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        switch job.stage {
        case .leased(let held) where held.worker == worker && now < held.deadline:
            guard case .object = result else { throw .malformedAnswer }
            return [.completed(JobCompleted(attempt: held.attempt, result: result, worker: worker))]
        case .completed: return []
        case .leased, .ready, .undecided, .retrying, .deferred, .failed, .cancelled, .skipped: throw .leaseLost
        }
    }

    private static func fail(
        by worker: WorkerID, at now: Timestamp, _ kind: String, _ message: String, _ retryable: Bool,
        _ provider: ProviderID?, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        switch job.stage {
        case .leased(let held) where held.worker == worker && now < held.deadline:
            guard isWord(kind) else { throw .malformedAnswer }
            let isLast = job.spent + 1 >= job.submission.maxAttempts
            return [
                .failed(
                    JobFailed(
                        attempt: held.attempt, class: kind, final: !retryable || isLast, message: message,
                        provider: provider, retryable: retryable, worker: worker))
            ]
        case .undecided, .failed: return []
        case .leased, .ready, .retrying, .deferred, .completed, .cancelled, .skipped: throw .leaseLost
        }
    }

    private static func scheduleRetry(
        at now: Timestamp, _ delay: Microseconds, _ budget: JobRetryScheduled.Budget?, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        switch job.stage {
        case .undecided:
            [
                .retryScheduled(
                    JobRetryScheduled(attempt: job.attempt, budget: budget, delay: delay, notBefore: now + delay))
            ]
        case .retrying: []
        case .ready, .deferred, .leased, .completed, .failed, .cancelled, .skipped: throw .nothingToRetry
        }
    }

    /// A job that has lost too many leases fails for good, in the same commit.
    private static func expire(
        from worker: WorkerID, at now: Timestamp, _ reason: JobLeaseExpired.Reason, _ policy: LeasePolicy,
        of deadline: Timestamp?, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        guard case .leased(let held) = job.stage, held.worker == worker, deadline ?? held.deadline == held.deadline
        else { return [] }
        if reason == .deadline, now < held.deadline { throw .leaseHolds(until: held.deadline) }
        let crashes = job.crashes + 1
        let hangs = job.hangs + (reason == .deadline ? 1 : 0)
        let expired = JobEvent.leaseExpired(
            JobLeaseExpired(
                attempt: held.attempt, crashes: crashes, deadline: held.deadline, reason: reason, worker: worker))
        guard policy.isPoison(hangs: hangs, crashes: crashes) else { return [expired] }
        let message = "\(crashes) leases were lost, \(hangs) of them with a living worker; the job is given up"
        return [expired, poison(held, message)]
    }

    /// The class of the failure of a job that keeps losing its leases or taking its program down.
    package static let poisonClass = "poison"

    static func poison(_ held: Lease, _ message: String) -> JobEvent {
        .failed(
            JobFailed(
                attempt: held.attempt, class: poisonClass, final: true, message: message, retryable: false,
                worker: held.worker))
    }

    private static func release(by worker: WorkerID, at now: Timestamp, _ job: Progress) throws(Refusal) -> [JobEvent] {
        switch job.stage {
        case .leased(let held) where held.worker == worker && now < held.deadline:
            [.released(JobReleased(attempt: held.attempt, worker: worker))]
        case .ready: []
        case .leased, .undecided, .retrying, .deferred, .completed, .failed, .cancelled, .skipped: throw .leaseLost
        }
    }

    private static func skip(_ skipped: JobSkipped, _ job: Progress) throws(Refusal) -> [JobEvent] {
        switch job.stage {
        case .ready, .undecided, .retrying, .deferred: [.skipped(skipped)]
        case .skipped: []
        case .leased(let held): throw .leasedElsewhere(held)
        case .completed, .failed, .cancelled: throw .alreadyFinished
        }
    }

    /// What its deadline ended would be ended by it again at once.
    private static func requestRetry(
        by person: String, _ note: String?, _ losses: Int?, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        if case .cancelled(.deadline) = job.stage, let deadline = job.submission.terms?.deadline {
            throw .pastDeadline(deadline)
        }
        switch job.stage {
        case .failed, .skipped, .cancelled:
            if job.submission.terms?.unique != nil {
                guard let losses else { throw .needsKey }
                guard losses == job.keyTurns else { throw .keyLost }
            }
            return [.retryRequested(JobRetryRequested(by: person, note: note))]
        case .ready: return []
        case .undecided, .retrying, .deferred, .leased, .completed: throw .nothingToRetry
        }
    }
}
