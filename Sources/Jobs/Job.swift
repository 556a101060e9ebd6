package import CanonicalJSON
import Deciders
package import Determinism

/// A piece of work: submitted once, leased by one worker at a time, and in the end completed, failed, cancelled or skipped.
///
/// Three counters that are never one: failures (the work answered with an error, spends an attempt), crashes (a lease or
/// the program was lost) and deferrals (put off or given back, spends nothing). Whether a job waits for others isn't known to
/// its stream: the read models know, and only what they call ready is leased.
package enum Job: Decider {
    package typealias Event = JobEvent

    package indirect enum State: Equatable, Sendable {
        case absent
        /// Not submitted, and the key that it was to have is another's.
        case forestalled(Forestalled)
        case known(Progress)
    }

    /// What became of a job before it was there.
    package struct Forestalled: Equatable, Sendable {
        /// The job that was given in its place, so that it will never be submitted; nil if it may be.
        package let answer: JobID?
        /// How often others made sure that it isn't submitted without another look at its key.
        package let keyTurns: Int
    }

    /// A submitted job, as far as it has come.
    package struct Progress: Equatable, Sendable {
        package let submission: JobSubmitted
        /// All failed attempts; the next one's number is one more.
        ///
        /// Being given up as poison counts as one.
        package var failures = 0
        /// Failed attempts that count against the budget: those since the last request of an operator.
        package var spent = 0
        /// Lost leases and programs since the last request of an operator.
        package var crashes = 0
        /// Of the crashes: those in which the worker lived, so that the job itself is to blame.
        ///
        /// It hung, or its program ended without an answer.
        package var hangs = 0
        /// How often it was put off or given back.
        package var deferrals = 0
        /// Whether a worker had it since it was submitted or an operator asked for it anew; false for a job of a run.
        package var hasBegun = false
        /// How often it was begun anew, or others made sure that it isn't without another look at its unique key.
        ///
        /// What somebody decided before the last of these counts no more. 0 for a job of a run.
        package var keyTurns = 0
        package var stage = Stage.ready

        package init(submission: JobSubmitted) { self.submission = submission }

        /// The number of the running or next attempt.
        package var attempt: Int { failures + 1 }
    }

    package indirect enum Stage: Equatable, Sendable {
        /// May be leased, as far as this job is concerned.
        case ready
        /// Failed, and when to try again isn't decided yet.
        case undecided
        case retrying(notBefore: Timestamp)
        /// Put off, through no fault of its own.
        case deferred(notBefore: Timestamp)
        case leased(Lease)
        case completed
        case failed(class: String)
        case cancelled(JobCancelled.Reason)
        case skipped(JobSkipped)

        /// When it may be leased, if it waits for that.
        package var notBefore: Timestamp? {
            switch self {
            case .retrying(let time), .deferred(let time): time
            case .ready, .undecided, .leased, .completed, .failed, .cancelled, .skipped: nil
            }
        }
    }

    package struct Lease: Equatable, Sendable {
        package let attempt: Int
        package let deadline: Timestamp
        package let worker: WorkerID

        package init(attempt: Int, deadline: Timestamp, worker: WorkerID) {
            self.attempt = attempt
            self.deadline = deadline
            self.worker = worker
        }
    }

    package enum Command: Equatable, Sendable {
        /// Submit it, if its turn is still the one at which its unique key was taken.
        case submit(JobSubmitted, keyTurns: Int = 0)
        case lease(to: WorkerID, at: Timestamp, for: Microseconds)
        case renew(by: WorkerID, at: Timestamp, for: Microseconds)
        case complete(by: WorkerID, at: Timestamp, result: JSONValue)
        /// The provider is whose budget a retry is taken from; nil for none.
        case fail(
            by: WorkerID, at: Timestamp, class: String, message: String, retryable: Bool, provider: ProviderID? = nil)
        case scheduleRetry(at: Timestamp, delay: Microseconds, budget: JobRetryScheduled.Budget? = nil)
        /// `deadline` tells the lease that is meant from a later one of the same worker; nil for whichever it has.
        case expire(
            from: WorkerID, at: Timestamp, reason: JobLeaseExpired.Reason, policy: LeasePolicy,
            deadline: Timestamp? = nil)
        case release(by: WorkerID, at: Timestamp)
        case skip(JobSkipped)
        /// Have it done again; where it has a unique key, if its turn is still the one at which that was taken.
        case requestRetry(by: String, note: String? = nil, keyTurns: Int? = nil)
        case cancel(by: String, note: String?, reason: JobCancelled.Reason)
        case cancelPastDeadline(at: Timestamp)
        case crash(by: WorkerID, at: Timestamp, message: String, policy: LeasePolicy)
        case putOff(by: WorkerID, at: Timestamp, until: Timestamp, reason: String)
        case report(by: WorkerID, at: Timestamp, thousandths: Int, message: String?)
        /// An answer to an attempt that isn't this worker's any more.
        case recordLate(JobResultLate)
        case unlock(by: String, note: String?)
        /// Make sure that a job which isn't under way isn't begun by one who hasn't seen that its key is another's.
        case loseKey(JobKeyLost)
        /// End a job that hasn't been begun, as another takes its key.
        case replace(by: String, with: JobID)
    }

    package enum Refusal: Error, Equatable, Sendable {
        case unknownJob
        /// The same id was submitted with other content.
        case submittedDifferently
        case notReady
        case notDue(Timestamp)
        case leasedElsewhere(Lease)
        /// Another worker has it, or nobody has, or the deadline has passed.
        case leaseLost
        case leaseHolds(until: Timestamp)
        case alreadyFinished
        /// It has neither failed nor been skipped or cancelled.
        case nothingToRetry
        /// Nobody has it.
        case notRunning
        /// It is a step of an experiment's run, which is stopped or changed as a whole.
        case belongsToRun
        /// Its deadline has passed, so nothing can begin it any more.
        case pastDeadline(Timestamp)
        /// The result isn't an object, or the failure's class no word in camel case, so that no event can hold it.
        case malformedAnswer
        /// It has no deadline, or that is still to come.
        case beforeDeadline
        /// Another job was given in its place.
        case standsFor(JobID)
        /// Others took its unique key since that was looked at.
        case keyLost
        /// It has a unique key, which must be taken first.
        case needsKey
        /// It is under way, so its key is its own.
        case isUnderWay
        /// It has been begun, so nothing takes its place.
        case hasBegun
    }

    package static let category = "job"
    package static let initial = State.absent

    package static func evolve(_ state: State, _ event: JobEvent) -> State {
        if case .submitted(let submission) = event { return .known(Progress(submission, after: state)) }
        guard case .known(var progress) = state else { return forestall(state, event) }
        progress.evolve(event)
        return .known(progress)
    }
}

extension Job {
    private static func forestall(_ state: State, _ event: JobEvent) -> State {
        guard case .keyLost(let lost) = event else { return state }
        let losses = if case .forestalled(let before) = state { before.keyTurns } else { 0 }
        return .forestalled(
            Forestalled(answer: lost.reason == .existing ? lost.holder : nil, keyTurns: losses + 1))
    }
}

extension Job.Progress {
    fileprivate init(_ submission: JobSubmitted, after state: Job.State) {
        self.init(submission: submission)
        if case .forestalled(let forestalled) = state { keyTurns = forestalled.keyTurns }
    }

    fileprivate mutating func evolve(_ event: JobEvent) {
        switch event {
        case .submitted: break
        case .leased(let lease):
            hasBegun = submission.terms != nil
            stage = .leased(Job.Lease(attempt: lease.attempt, deadline: lease.deadline, worker: lease.worker))
        case .leaseRenewed(let lease):
            stage = .leased(Job.Lease(attempt: lease.attempt, deadline: lease.deadline, worker: lease.worker))
        case .completed: stage = .completed
        case .failed(let failure):
            failures += 1
            spent += 1
            stage = failure.final ? .failed(class: failure.class) : .undecided
        case .retryScheduled(let retry): stage = .retrying(notBefore: retry.notBefore)
        case .leaseExpired(let expired):
            crashes = expired.crashes
            if expired.reason == .deadline { hangs += 1 }
            stage = .ready
        case .released:
            deferrals += 1
            stage = .ready
        case .unlocked: stage = .ready
        case .crashed(let crashed):
            crashes = crashed.crashes
            hangs += 1
            stage = .ready
        case .deferred(let deferred):
            deferrals += 1
            stage = .deferred(notBefore: deferred.notBefore)
        case .cancelled(let cancelled): stage = .cancelled(cancelled.reason)
        case .keyLost: keyTurns += 1
        case .progressed, .resultLate: break
        case .skipped(let skipped): stage = .skipped(skipped)
        case .retryRequested:
            spent = 0
            crashes = 0
            hangs = 0
            hasBegun = false
            if submission.terms != nil { keyTurns += 1 }
            stage = .ready
        }
    }
}
