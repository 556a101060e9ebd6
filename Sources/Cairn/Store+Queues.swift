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
}
