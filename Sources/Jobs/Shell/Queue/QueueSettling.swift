package import Deciders
import Determinism
package import EventLog
package import Projections

/// What somebody must write an event for, though nobody works on it.
struct QueueArrears: Sendable {
    /// Failed jobs whose retry isn't decided, and jobs that can never run.
    var undecided: [ListedJob] = []
    /// Jobs that haven't ended though their deadline has passed.
    var pastDeadline: [ListedJob] = []
    /// Leases that are lost, and how.
    var lostLeases: [(job: ListedJob, reason: JobLeaseExpired.Reason)] = []

    var isEmpty: Bool { undecided.isEmpty && pastDeadline.isEmpty && lostLeases.isEmpty }
}

extension QueueSteps {
    /// Writes the events that follow from what is recorded: retries, skips, ends by deadline, and lost leases.
    ///
    /// Where another process was faster there is nothing left to write.
    func settle(_ arrears: QueueArrears) async throws {
        var batch: [BatchCommand<Job>] = []
        for job in arrears.undecided { if let command = try settling(job) { batch.append(command) } }
        for job in arrears.pastDeadline {
            let cause = Cause(function: JobDerivations.deadline, positions: [job.row.position])
            batch.append(
                command(job.id, job.row.run, from: try load(job), cause: cause) { .cancelPastDeadline(at: $0) })
        }
        for (job, reason) in arrears.lostLeases {
            guard case .leased(let lease) = job.row.stage else { continue }
            let cause = Cause(function: JobDerivations.leaseExpiry, positions: [job.row.turned])
            let policy = policy
            batch.append(
                command(job.id, job.row.run, from: try load(job), cause: cause, for: JobLeaseExpired.type) {
                    .expire(from: lease.worker, at: $0, reason: reason, policy: policy)
                })
        }
        _ = try await handle(batch)
    }

    private func settling(_ job: ListedJob) throws -> BatchCommand<Job>? {
        guard let unsettled = job.row.unsettled else { return nil }
        let (id, run) = (job.id, job.row.run)
        let loaded = try load(job)
        switch unsettled {
        case .skip(let skipped, let causes):
            return command(
                id, run, from: loaded, cause: Cause(function: JobDerivations.skipByTerms, positions: causes)
            ) { _ in .skip(skipped) }
        case .retry(let failure):
            guard case .known(let progress) = loaded.state else { return nil }
            let decision = RetryDecision(progress, id, failedAt: failure)
            return command(id, run, from: loaded, blobs: decision.blobs, cause: decision.cause) {
                decision.command(at: $0)
            }
        }
    }
}

/// Writes what follows from recorded events, for those who aren't workers: after jobs were cancelled, say.
package struct QueueSettler: Sendable {
    private let steps: QueueSteps
    private let views: ProjectionRunner
    private let effects: Effects

    package init(_ jobs: CommandHandler<Job>, log: any Log, effects: Effects, views: ProjectionRunner) {
        steps = QueueSteps(
            jobs: jobs, log: log, effects: effects, worker: WorkerID(wellFormed: JobDerivations.nobody),
            policy: LeasePolicy(length: .seconds(30)))
        self.views = views
        self.effects = effects
    }

    /// How many jobs are settled in one append.
    static let batch = 1_024

    /// Settles until nothing is left; says how many jobs it settled.
    @discardableResult
    package func settle() async throws -> Int {
        var settled = 0
        while true {
            let arrears = try views.query(JobQueue.self) { tables in
                QueueArrears(undecided: try tables.unsettled(limit: Self.batch))
            }
            if arrears.isEmpty { return settled }
            try await steps.settle(arrears)
            settled += arrears.undecided.count
        }
    }
}
