package import Determinism
package import Jobs
import Projections

/// What stands in the queues of a store.
extension Store {
    /// Asks the read model of queues, after it has caught up.
    package func askQueues<R>(_ body: (JobQueue.Tables) throws -> R) throws -> R {
        try views.query(JobQueue.self, body)
    }

    /// The jobs that a filter lets through, at most `limit`.
    package func queueJobs(_ filter: QueueFilter, newestFirst: Bool = false, limit: Int) throws -> [ListedJob] {
        try askQueues { try $0.list(filter, newestFirst: newestFirst, limit: limit) }
    }

    /// The one job of a queue whose id begins so.
    ///
    /// Throws `QueryError` when there is none, or more than one.
    package func queueJob(startingWith beginning: String) throws -> ListedJob {
        try askQueues { tables in
            guard !beginning.isEmpty, let job = try tables.job(startingWith: beginning) else {
                throw QueryError.job(beginning, fitting: [])
            }
            return job
        }
    }

    /// Throws `QueryError` for a queue, a submission or a kind of jobs that isn't there, with what is.
    ///
    /// Costs one look. A submission whose jobs were all dropped isn't there any more; a kind stays.
    package func checkNames(queue: String? = nil, submission: String? = nil, kind: String? = nil) throws {
        try askQueues { tables in
            if let queue, try tables.queue(queue) == nil {
                throw QueryError.label("queue", queue, known: try tables.allQueues().map(\.name))
            }
            if let submission, try tables.submission(SubmissionPlan.run(of: submission)) == nil {
                throw QueryError.submission(submission)
            }
            if let kind, try !tables.hasSeen(kind: kind) {
                throw QueryError.kind(kind, known: try tables.allKinds())
            }
        }
    }

    /// The living workers that begin no job of a kind for a short while, since its program crashed there.
    package func kindWaits(_ kind: String, at now: Timestamp) -> [KindHold.Place] {
        workerStatuses().values.sorted { $0.worker < $1.worker }.compactMap { status in
            let pool = status.pools.first { $0.kind == kind }
            return pool.flatMap { KindHold.Place($0, status.worker, at: now) }
        }.filter { $0.notBefore != nil }
    }

    /// Whether a worker that lives knows how to do jobs of a kind.
    package func hasWorker(knowing kind: String) -> Bool {
        workerStatuses().values.contains { $0.kinds.contains(kind) }
    }
}
