import EventLog
import Projections

extension ReadyQueue.Tables {
    /// How many jobs of a run stand where.
    package func counts(of run: RunID) throws -> JobCounts { try runs.get(run) ?? JobCounts() }

    /// The lanes of a run that have ready jobs, by name.
    package func lanesWithWork(of run: RunID) throws -> [String] {
        try lanes.scan(prefix: KeyPrefix(run)).map(\.key.lane)
    }

    /// Ready jobs of a lane in order, as long as `body` says so.
    package func forEachReady(of run: RunID, in lane: String, _ body: (JobID, QueuedJob) throws -> Bool) throws {
        try ready.forEach(prefix: KeyPrefix(run, lane)) { _, id in
            guard let job = try jobs.get(id) else { return true }
            return try body(id, job)
        }
    }

    /// Jobs that wait for their next attempt, the earliest first.
    package func retrying(of run: RunID, limit: Int) throws -> [(JobID, QueuedJob)] {
        try retrying.scan(prefix: KeyPrefix(run), limit: limit).compactMap { try found($0.row) }
    }

    /// Jobs that somebody must write an event for.
    package func unsettled(of run: RunID, limit: Int) throws -> [(JobID, QueuedJob)] {
        try unsettled.scan(prefix: KeyPrefix(run), limit: limit).compactMap { try found($0.row) }
    }

    /// Leased jobs that others have.
    package func runningElsewhere(than worker: WorkerID, of run: RunID, limit: Int) throws -> [(JobID, QueuedJob)] {
        var found: [(JobID, QueuedJob)] = []
        for other in try workers.scan(prefix: KeyPrefix(run)).map(\.key.worker) where other != worker {
            let rows = try running.scan(prefix: KeyPrefix(run, other), limit: limit - found.count)
            found += try rows.compactMap { try self.found($0.row) }
        }
        return found
    }

    /// How many jobs a worker has.
    package func leases(of worker: WorkerID, in run: RunID) throws -> Int {
        try workers.get(WorkerName(run, worker)) ?? 0
    }

    /// Leased jobs that a worker has; those of them that it isn't working on any more are lost to it.
    package func held(by worker: WorkerID, of run: RunID, limit: Int) throws -> [(JobID, QueuedJob)] {
        try running.scan(prefix: KeyPrefix(run, worker), limit: limit).compactMap { try found($0.row) }
    }

    private func found(_ id: JobID) throws -> (JobID, QueuedJob)? {
        try jobs.get(id).map { (id, $0) }
    }
}
