import CanonicalJSON
import Deciders
import Determinism

/// What queues ask of a job beyond what a run does.
extension Job {
    /// A job that runs is cancelled too: its worker notices, and what it still answers is late.
    ///
    /// A job that isn't submitted yet can't be: its submission would come after it.
    static func cancel(
        by person: String, _ note: String?, _ reason: JobCancelled.Reason, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        guard job.submission.terms != nil else { throw .belongsToRun }
        return switch job.stage {
        case .ready, .undecided, .retrying, .deferred, .leased:
            [.cancelled(JobCancelled(by: person, note: note, reason: reason))]
        case .cancelled: []
        case .completed, .failed, .skipped: throw .alreadyFinished
        }
    }

    /// The end of a job whose deadline has passed.
    ///
    /// What made it is named by `JobDerivations.deadline`.
    static func cancelPastDeadline(at now: Timestamp, _ job: Progress) throws(Refusal) -> [JobEvent] {
        guard let deadline = job.submission.terms?.deadline, deadline <= now else { throw .beforeDeadline }
        return try cancel(by: JobDerivations.nobody, nil, .deadline, job)
    }

    /// A job that keeps taking its program down fails for good, in the same commit.
    static func crash(
        by worker: WorkerID, at now: Timestamp, _ message: String, _ policy: LeasePolicy, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        guard let held = job.heldLease(by: worker, at: now) else {
            if [.ready, .failed(class: poisonClass)].contains(job.stage) { return [] }
            throw .leaseLost
        }
        let crashes = job.crashes + 1
        let hangs = job.hangs + 1
        let crashed = JobEvent.crashed(
            JobCrashed(attempt: held.attempt, crashes: crashes, message: message, worker: worker))
        guard policy.isPoison(hangs: hangs, crashes: crashes) else { return [crashed] }
        let end = message.suffix(codePoints: JobFailed.longestMessage - 100)
        return [crashed, poison(held, "\(hangs) times it hung or its program ended without an answer, last: \(end)")]
    }

    static func putOff(
        by worker: WorkerID, at now: Timestamp, until: Timestamp, _ reason: String, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        guard let held = job.heldLease(by: worker, at: now) else {
            if job.stage == .deferred(notBefore: until) { return [] }
            throw .leaseLost
        }
        return [.deferred(JobDeferred(attempt: held.attempt, notBefore: until, reason: reason, worker: worker))]
    }

    /// An observation, that changes nothing: what is reported twice is recorded twice.
    static func report(
        by worker: WorkerID, at now: Timestamp, _ thousandths: Int, _ message: String?, _ job: Progress
    ) throws(Refusal) -> [JobEvent] {
        guard let held = job.heldLease(by: worker, at: now) else { throw .leaseLost }
        return [
            .progressed(
                JobProgressed(attempt: held.attempt, message: message, thousandths: thousandths, worker: worker))
        ]
    }

    /// An answer of the worker that has the job isn't late, whatever it says of itself: where its time is up, the loss of
    /// the lease is recorded first.
    ///
    /// An observation too.
    static func recordLate(_ late: JobResultLate, _ job: Progress) throws(Refusal) -> [JobEvent] {
        if case .leased(let held) = job.stage, held.worker == late.worker { throw .leaseHolds(until: held.deadline) }
        if let result = late.result, result.object == nil { throw .malformedAnswer }
        if let kind = late.class, !isWord(kind) { throw .malformedAnswer }
        return [.resultLate(late)]
    }

    /// Makes the next submission or request to try again, if it was decided upon before, come to nothing.
    ///
    /// So it is recorded each time, as others may have looked since the last. A job that can't begin any more needs none.
    static func loseKey(_ lost: JobKeyLost, _ state: State) throws(Refusal) -> [JobEvent] {
        switch state {
        case .absent: return [.keyLost(lost)]
        case .forestalled(let forestalled): return forestalled.answer == nil ? [.keyLost(lost)] : []
        case .known(let job):
            guard job.hasEnded, lost.reason == .taken else { throw .isUnderWay }
            return job.canReturn ? [.keyLost(lost)] : []
        }
    }

    static func replace(by person: String, with other: JobID, _ job: Progress) throws(Refusal) -> [JobEvent] {
        if job.hasBegun, !job.hasEnded { throw .hasBegun }
        return try cancel(by: person, "job \(other) took its unique key", .replaced, job)
    }

    static func unlock(by person: String, _ note: String?, _ job: Progress) throws(Refusal) -> [JobEvent] {
        guard job.submission.terms != nil else { throw .belongsToRun }
        return switch job.stage {
        case .leased(let held):
            [.unlocked(JobUnlocked(attempt: held.attempt, by: person, note: note, worker: held.worker))]
        case .ready: []
        case .undecided, .retrying, .deferred, .completed, .failed, .cancelled, .skipped: throw .notRunning
        }
    }
}

extension Job.Progress {
    /// The lease if a worker has it and may still use it.
    fileprivate func heldLease(by worker: WorkerID, at now: Timestamp) -> Job.Lease? {
        guard case .leased(let held) = stage, held.worker == worker, now < held.deadline else { return nil }
        return held
    }
}
