import Deciders
package import Determinism
package import EventLog

/// A retry that its provider's budget held back, and that comes later than it was let go.
///
/// The budget spaces retries out by when they may begin. After a pause, or a time in which nobody worked, all whose time
/// has passed would begin together; so those that are late ask the budget again, which counts time as it is now.
package struct OverdueRetry: Equatable, Sendable {
    /// How late a retry may come: as long as one fills the budget, so no more of them come together than it has room for.
    private static let patience = RetryAllowance.each

    package let failure: RetryBudgetPast.Failure
    package let provider: ProviderID

    /// Whether a job comes late that waited for a time.
    package static func isLate(_ due: Timestamp, at now: Timestamp) -> Bool { now - due > patience }

    /// The last retry in a job's stream, whose events come newest first; nil where no budget held it back.
    package init?(of job: JobID, newestFirst events: some Sequence<EventLog.Event>) throws {
        for event in events {
            guard let retry = try event.decode(if: JobRetryScheduled.self) else { continue }
            guard let budget = retry.budget, budget.wait > .zero,
                let failure = try event.metadata().cause?.positions.first
            else { return nil }
            self.failure = RetryBudgetPast.Failure(job, attempt: retry.attempt, at: failure)
            provider = budget.provider
            return
        }
        return nil
    }
}

extension RetryBudgetPast.Allowed {
    /// What becomes of an overdue retry; nil when it may begin.
    package var deferral: QueueResult? {
        guard retry.wait > .zero else { return nil }
        return .deferred(
            for: retry.wait,
            reason:
                "it comes late, and the provider \(provider) has as many retries as its budget allows (ten a minute, "
                + "and one for ten calls)")
    }
}
