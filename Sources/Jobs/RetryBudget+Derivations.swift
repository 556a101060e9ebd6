import CanonicalJSON
import Deciders
import Determinism
package import EventLog

/// How the retries of jobs that call a provider are derived again.
extension RetryBudget {
    /// `retryBudget.spent` from the event before it in its stream, if there is one, and the failures in their order.
    package static let function = FunctionReference(name: "jobs.retryBudget", version: 1)
    /// `job.retryScheduled` from the failure, what the budget allowed, the policy, and the least wait that whoever failed
    /// asked for, if any.
    package static let retryWithinBudget = FunctionReference(name: "jobs.retry", version: 3)

    static let derivations = [
        Derivation(function: function, eventTypes: [RetryBudgetSpent.type], derive: deriveSpent),
        Derivation(function: retryWithinBudget, eventTypes: [JobRetryScheduled.type], derive: deriveRetry),
    ]

    /// How many calls were answered is taken from the record, as the time is.
    @Sendable
    private static func deriveSpent(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        let recorded = try input.recorded.payload(RetryBudgetSpent.self)
        var failures = input.causes[...]
        var last: RetryBudgetSpent?
        if input.recorded.revision != .first {
            guard let before = failures.popFirst(), before.stream == input.recorded.stream,
                before.revision.rawValue + 1 == input.recorded.revision.rawValue
            else { throw .unexpectedCauses("the first isn't the event before it in its stream") }
            last = try before.payload(RetryBudgetSpent.self)
        }
        guard !failures.isEmpty else { throw .unexpectedCauses("no failure") }
        var asked: [Asked] = []
        for failure in failures {
            let failed = try failure.payload(JobFailed.self)
            guard !failed.final, failed.provider?.rawValue == input.recorded.stream.id else {
                throw .unexpectedCauses("the failure at \(failure.position) is final, or another provider's")
            }
            asked.append(Asked(attempt: failed.attempt + 1, job: try failure.job()))
        }
        return spend(asked, recorded.calls, at: input.recorded.time, after: last).canonicalBytes()
    }

    @Sendable
    private static func deriveRetry(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        guard input.causes.count == 2 else {
            throw .unexpectedCauses("\(input.causes.count) events, and a failure and a budget's are needed")
        }
        let failed = try input.causes[0].payload(JobFailed.self)
        let job = try input.causes[0].job()
        guard !failed.final else { throw .otherType(JobFailed.type) }
        let spent = try input.causes[1].payload(RetryBudgetSpent.self)
        let attempt = failed.attempt + 1
        guard let provider = failed.provider, input.causes[1].stream.category == category,
            input.causes[1].stream.id == provider.rawValue,
            let retry = spent.retries.first(where: { $0.job == job && $0.attempt == attempt })
        else { throw .unexpectedCauses("the second doesn't allow this retry") }
        let delay = try input.retryPolicy().delay(
            after: failed.attempt, of: job.rawValue, heldBack: retry.wait, atLeast: try input.retryFloor())
        let scheduled = JobRetryScheduled(
            attempt: attempt, budget: JobRetryScheduled.Budget(provider: provider, wait: retry.wait), delay: delay,
            notBefore: input.recorded.time + delay)
        return scheduled.canonicalBytes()
    }
}

extension RetryPolicy {
    /// How long to wait where a budget holds the retry back: the drawn delay begins when that is over.
    ///
    /// So retries that come back together don't begin together.
    func delay(
        after failures: Int, of id: String, heldBack wait: Microseconds, atLeast floor: Microseconds?
    ) -> Microseconds {
        max(wait + delay(after: failures, of: id), floor ?? .zero)
    }
}

extension DerivationInput {
    /// The policy of a retry: the first blob of the cause.
    fileprivate func retryPolicy() throws(DerivationError) -> RetryPolicy {
        try firstBlob(RetryPolicy.self) ?? .standard
    }

    /// The least wait that whoever failed asked for: the second blob of the cause, if there is one.
    fileprivate func retryFloor() throws(DerivationError) -> Microseconds? {
        let blobs = try causeBlobs()
        guard blobs.count > 1 else { return nil }
        let bytes = try blob(blobs[1])
        do throws(JSONError) {
            return try RetryFloor(canonicalBytes: bytes).floor
        } catch {
            throw .unreadable("the blob \(blobs[1].hex): \(error)")
        }
    }
}

extension EventLog.Event {
    /// The job in whose stream a cause stands.
    fileprivate func job() throws(DerivationError) -> JobID {
        guard let job = JobID(rawValue: stream.id) else { throw .unreadable("\(stream) is no job's stream") }
        return job
    }
}
