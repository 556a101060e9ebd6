package import Deciders
package import Determinism
package import EventLog

/// What somebody must write an event for, though nobody works on it.
package struct QueueArrears: Sendable {
    /// Failed jobs whose retry isn't decided, and jobs that can never run.
    package var undecided: [ListedJob] = []
    /// Jobs that haven't ended though their deadline has passed.
    package var pastDeadline: [ListedJob] = []
    /// Leases that are lost, and how.
    package var lostLeases: [(job: ListedJob, reason: JobLeaseExpired.Reason)] = []

    package init() {}

    package var isEmpty: Bool { undecided.isEmpty && pastDeadline.isEmpty && lostLeases.isEmpty }

    /// The commands that write these events, from the jobs' streams as they are loaded.
    ///
    /// `allowed` has what providers' budgets allow for the jobs whose failure names one.
    package func settlements(
        by policy: LeasePolicy, allowed: [JobID: RetryBudgetPast.Allowed] = [:],
        load: (ListedJob) throws -> Loaded<Job>
    ) throws -> [QueueSettlement] {
        try undecided.compactMap { try QueueSettlement(undecided: $0, load($0), allowed[$0.id]) }
            + pastDeadline.map { try QueueSettlement(pastDeadline: $0, load($0)) }
            + lostLeases.compactMap { try QueueSettlement(lost: $0.job, $0.reason, policy, load($0.job)) }
    }
}

extension QueueArrears {
    /// The failures whose retry a provider's budget must allow, by provider, read by their positions.
    package func budgeted(
        _ read: (Position) throws -> JobFailed?
    ) throws -> [ProviderID: [RetryBudgetPast.Failure]] {
        var failures: [ProviderID: [RetryBudgetPast.Failure]] = [:]
        for job in undecided {
            guard case .retry(let position) = job.row.unsettled, let failed = try read(position),
                let provider = failed.provider
            else { continue }
            failures[provider, default: []].append(
                RetryBudgetPast.Failure(job.id, attempt: failed.attempt + 1, at: position))
        }
        return failures
    }
}

/// One event to be written for a job that nobody works on, and what it follows from.
package struct QueueSettlement: Sendable {
    package let id: JobID
    package let run: RunID
    package let loaded: Loaded<Job>
    package let blobs: [Blob]
    package let cause: Cause
    /// The type of the event that has the cause; what comes with it has none.
    package let type: EventType
    package let command: @Sendable (Timestamp) -> Job.Command

    private init(
        _ job: ListedJob, _ loaded: Loaded<Job>, blobs: [Blob] = [], cause: Cause, of type: EventType,
        _ command: @escaping @Sendable (Timestamp) -> Job.Command
    ) {
        id = job.id
        run = job.row.run
        self.loaded = loaded
        self.blobs = blobs
        self.cause = cause
        self.type = type
        self.command = command
    }

    /// A retry to decide, or a skip; nil for a job that needs neither.
    init?(undecided job: ListedJob, _ loaded: Loaded<Job>, _ allowed: RetryBudgetPast.Allowed?) {
        switch job.row.unsettled {
        case nil: return nil
        case .skip(let skipped, let causes):
            let cause = Cause(function: JobDerivations.skipByTerms, positions: causes)
            self.init(job, loaded, cause: cause, of: JobSkipped.type) { _ in .skip(skipped) }
        case .retry(let failure):
            guard case .known(let progress) = loaded.state else { return nil }
            let decision = RetryDecision(progress, job.id, failedAt: failure, allowed: allowed)
            self.init(
                job, loaded, blobs: decision.blobs, cause: decision.cause, of: JobRetryScheduled.type
            ) { decision.command(at: $0) }
        }
    }

    init(pastDeadline job: ListedJob, _ loaded: Loaded<Job>) {
        let cause = Cause(function: JobDerivations.deadline, positions: [job.row.position])
        self.init(job, loaded, cause: cause, of: JobCancelled.type) { .cancelPastDeadline(at: $0) }
    }

    init?(lost job: ListedJob, _ reason: JobLeaseExpired.Reason, _ policy: LeasePolicy, _ loaded: Loaded<Job>) {
        guard case .leased(let lease) = job.row.stage else { return nil }
        let cause = Cause(function: JobDerivations.leaseExpiry, positions: [job.row.turned])
        self.init(job, loaded, cause: cause, of: JobLeaseExpired.type) {
            .expire(from: lease.worker, at: $0, reason: reason, policy: policy, deadline: lease.deadline)
        }
    }
}
