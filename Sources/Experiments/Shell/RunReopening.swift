package import Deciders
import Determinism
package import EventLog
package import Jobs
package import Projections

/// Makes what failed ready again, when somebody asks for it.
///
/// An operator's command and not a worker's: its events name no worker, so a replay takes them as outside input.
package struct RunReopening: Sendable {
    private let log: any Log
    private let views: ProjectionRunner
    private let effects: Effects

    package init(log: any Log, views: ProjectionRunner, effects: Effects) {
        self.log = log
        self.views = views
        self.effects = effects
    }

    /// Reopens a run and requests its failed and skipped jobs anew; says how many these are.
    ///
    /// The run is reopened first: cut short here, the rest is asked for by asking again.
    package func reopen(_ run: RunID, by person: String) async throws -> Int {
        let jobs = try failedJobs(of: run)
        guard !jobs.isEmpty else { return 0 }
        let runs = CommandHandler<Run>(log: log, effects: effects, worker: nil)
        try await runs.handle(run.rawValue, run: run.rawValue, .reopen(jobs: jobs.count))
        let handler = CommandHandler<Job>(log: log, effects: effects, worker: nil)
        for job in jobs {
            try await handler.handle(job.rawValue, run: run.rawValue, job: job.rawValue, .requestRetry(by: person))
        }
        return jobs.count
    }

    /// Jobs of cells without a result, and those that they were skipped for, in the order of the plan.
    private func failedJobs(of run: RunID) throws -> [JobID] {
        let cells = try views.query(Runs.self) { try $0.cells.scan(prefix: KeyPrefix(run)).map(\.row) }
        var jobs: [JobID] = []
        var known: Set<JobID> = []
        for cell in cells where cell.status == .failed || cell.status == .skipped {
            for job in [cell.rootCause, cell.job].compactMap({ $0 }) where known.insert(job).inserted {
                jobs.append(job)
            }
        }
        return jobs
    }
}
