package import CanonicalJSON
import Deciders
import Determinism

/// What a kind of job does.
package protocol JobHandler: Sendable {
    /// Does the work; what it throws, other than a lost lease or its cancellation, stops the worker.
    ///
    /// A failure of the work itself is a result. When cancelled it unwinds without recording anything more.
    func run(_ job: RunningJob) async throws -> JobResult
}

/// What came of an attempt.
package enum JobResult: Equatable, Sendable {
    /// Done; a small object.
    case completed(JSONValue)
    /// Failed; the class is a word in camel case, the message holds no secrets and no text of prompts or answers.
    case failed(class: String, message: String, retryable: Bool)
    /// Cut short, for another worker to go on; nothing is spent.
    case interrupted
}

/// A job that a worker has.
package struct RunningJob: Sendable {
    package let id: JobID
    /// From 1.
    package let attempt: Int
    package let submission: JobSubmitted
    package let worker: WorkerID
    package let lease: HeldLease
    package let slot: JobSlot

    package init(
        id: JobID, attempt: Int, submission: JobSubmitted, worker: WorkerID, lease: HeldLease,
        slot: JobSlot = JobSlot()
    ) {
        self.id = id
        self.attempt = attempt
        self.submission = submission
        self.worker = worker
        self.lease = lease
        self.slot = slot
    }
}

/// The job isn't this worker's any more; whatever it does for it from now on doesn't count.
package struct LeaseLost: Error, Equatable, CustomStringConvertible {
    package let job: JobID

    package init(job: JobID) { self.job = job }

    package var description: String { "the lease of job \(job) is lost; another worker may have it" }
}
