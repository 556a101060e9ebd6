import CanonicalJSON
import Deciders
package import Determinism
package import EventLog

/// The commands that follow from how a handler's work ended.
extension QueueResult {
    /// What the worker asks of the job's stream at the time of recording.
    ///
    /// `provider` is whose calls jobs of the kind make.
    package func command(
        by worker: WorkerID, at now: Timestamp, policy: LeasePolicy, provider: ProviderID? = nil
    ) -> Job.Command {
        switch self {
        case .completed(let result, _): .complete(by: worker, at: now, result: result)
        case .failed(let kind, let message, let retryable, _, _):
            .fail(
                by: worker, at: now, class: kind, message: message, retryable: retryable, provider: provider)
        case .crashed(let message, _): .crash(by: worker, at: now, message: message, policy: policy)
        case .deferred(let length, let reason): .putOff(by: worker, at: now, until: now + length, reason: reason)
        case .interrupted: .release(by: worker, at: now)
        }
    }

    /// What is kept of it when the job isn't this worker's any more; nil where there is nothing to keep.
    package func late(attempt: Int, by worker: WorkerID) -> JobResultLate? {
        switch self {
        case .completed(let result, _): JobResultLate(attempt: attempt, class: nil, result: result, worker: worker)
        case .failed(let kind, _, _, _, _):
            JobResultLate(attempt: attempt, class: kind, result: nil, worker: worker)
        case .crashed: JobResultLate(attempt: attempt, class: "crashed", result: nil, worker: worker)
        case .deferred, .interrupted: nil
        }
    }

    /// What it says of its kind.
    package var ending: QueueMachine.Ending {
        switch self {
        case .completed, .failed: .answered
        case .crashed(let message, _): .crashed(message)
        case .deferred, .interrupted: .undone
        }
    }

    /// What the handler left beside its answer.
    package var evidence: [Blob] {
        switch self {
        case .completed(_, let evidence), .failed(_, _, _, _, let evidence), .crashed(_, let evidence): evidence
        case .deferred, .interrupted: []
        }
    }

    /// The same, or where no event can hold it the failure that says so.
    package var recordable: QueueResult {
        switch self {
        case .completed(let result, let evidence) where result.object == nil:
            .failed(
                class: "invalidResult", message: "the result is no object", retryable: false, evidence: evidence)
        case .failed(let kind, let message, _, _, let evidence) where !isWord(kind):
            .failed(
                class: "invalidResult", message: "«\(kind)» is no class of failures: \(message)", retryable: false,
                evidence: evidence)
        case .completed, .failed, .crashed, .deferred, .interrupted: self
        }
    }

    /// Whether the work was done or failed, so that whoever it calls was called.
    package var isAnswer: Bool {
        switch self {
        case .completed, .failed: true
        case .crashed, .deferred, .interrupted: false
        }
    }

    /// The least wait before another attempt that the handler asked for.
    package var floor: Microseconds? {
        if case .failed(_, _, _, let after, _) = self { after } else { nil }
    }
}

/// When a failed job of a queue is tried again, and why then.
package struct RetryDecision: Sendable {
    package let blobs: [Blob]
    package let cause: Cause
    package let delay: Microseconds
    package let budget: JobRetryScheduled.Budget?

    /// The decision that `jobs.retry` makes from the failure at a position, by the job's own policy, and by what the
    /// provider's budget allowed where the failure names one.
    package init(
        _ job: Job.Progress, _ id: JobID, failedAt position: Position, floor: Microseconds? = nil,
        allowed: RetryBudgetPast.Allowed? = nil
    ) {
        let policy = job.submission.terms?.retry ?? .standard
        blobs = [Blob(policy.canonicalBytes())] + (floor.map { [Blob(RetryFloor($0).canonicalBytes())] } ?? [])
        budget = allowed.map { JobRetryScheduled.Budget(provider: $0.provider, wait: $0.retry.wait) }
        delay = policy.delay(
            after: job.failures, of: id.rawValue, heldBack: budget?.wait ?? .zero, atLeast: floor)
        let function =
            if allowed != nil {
                RetryBudget.retryWithinBudget
            } else {
                floor == nil ? JobDerivations.retry : JobDerivations.retryWithFloor
            }
        cause = Cause(
            blobs: blobs.map(\.digest), function: function,
            positions: [position] + (allowed.map { [$0.position] } ?? []))
    }

    package func command(at now: Timestamp) -> Job.Command { .scheduleRetry(at: now, delay: delay, budget: budget) }
}

/// The least wait before another attempt, as whoever failed asked for it.
struct RetryFloor: CanonicalCodable {
    let floor: Microseconds

    init(_ floor: Microseconds) { self.floor = floor }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("floor", floor)
        writer.endObject()
    }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        floor = try reader.length("floor")
        try reader.endObject()
    }
}
