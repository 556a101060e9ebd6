package import Deciders
import Determinism
package import EventLog
package import Projections

extension QueueSteps {
    /// Writes the events that follow from what is recorded: retries, skips, ends by deadline, and lost leases.
    ///
    /// Where another process was faster there is nothing left to write.
    func settle(_ arrears: QueueArrears) async throws {
        let allowed = try await allow(
            try arrears.budgeted { position in try log.event(at: position).flatMap { try $0.decode(if: JobFailed.self) }
            }
        )
        let settlements = try arrears.settlements(by: policy, allowed: allowed) { try load($0) }
        _ = try await handle(
            settlements.map { settlement in
                command(
                    settlement.id, settlement.run, from: settlement.loaded, blobs: settlement.blobs,
                    cause: settlement.cause, for: settlement.type, settlement.command)
            })
    }
}

/// Writes what follows from recorded events, for those who aren't workers: after jobs were cancelled, say.
package struct QueueSettler: Sendable {
    private let steps: QueueSteps
    private let views: ProjectionRunner

    package init(_ jobs: CommandHandler<Job>, log: any Log, effects: Effects, views: ProjectionRunner) {
        steps = QueueSteps(
            jobs: jobs, log: log, effects: effects, worker: WorkerID(wellFormed: JobDerivations.nobody),
            policy: LeasePolicy(length: .seconds(30)))
        self.views = views
    }

    /// Settles skips and retries until nothing is left; says how many jobs it settled.
    @discardableResult
    package func settle() async throws -> Int {
        var settled = 0
        while true {
            var arrears = QueueArrears()
            arrears.undecided = try views.query(JobQueue.self) { try $0.unsettled(limit: QueueSight.mostRows) }
            if arrears.isEmpty { return settled }
            try await steps.settle(arrears)
            settled += arrears.undecided.count
        }
    }
}
