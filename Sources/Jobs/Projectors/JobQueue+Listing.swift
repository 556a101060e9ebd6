import CanonicalJSON
package import Determinism
import EventLog
import Projections

/// Which jobs a listing shows; what is nil or empty doesn't matter.
package struct QueueFilter: Equatable, Sendable {
    package var states: [QueueState] = []
    package var queue: String?
    package var kind: String?
    package var tags: [String: String] = [:]
    package var run: RunID?
    package var errorClass: String?
    /// The worker that has it, or had it last.
    package var worker: WorkerID?
    /// Submitted at this moment or later.
    package var submittedFrom: Timestamp?
    /// Submitted before this moment.
    package var submittedBefore: Timestamp?

    package init() {}

    package func matches(_ row: QueueRow) -> Bool {
        guard states.isEmpty || states.contains(row.state), queue == nil || row.queue == queue,
            kind == nil || row.kind == kind, run == nil || row.run == run,
            errorClass == nil || row.errorClass == errorClass, worker == nil || row.worker == worker
        else { return false }
        if let submittedFrom, row.submitted < submittedFrom { return false }
        if let submittedBefore, row.submitted >= submittedBefore { return false }
        if tags.isEmpty { return true }
        let labels = row.labels.dictionary
        return tags.allSatisfy { labels[$0.key] == $0.value }
    }
}

extension JobQueue.Tables {
    /// At most `limit` jobs that a filter lets through.
    ///
    /// Those of one submission come in its order; others by state, and within one in the order of its index. Reads no
    /// more rows than it takes to find them.
    package func list(_ filter: QueueFilter, newestFirst: Bool = false, limit: Int) throws -> [ListedJob] {
        var found: [ListedJob] = []
        guard limit > 0 else { return found }
        try forEachJob(filter, newestFirst: newestFirst) { job in
            found.append(job)
            return found.count < limit
        }
        return found
    }

    /// Passes the jobs that a filter lets through one by one, as long as `body` says so.
    package func forEachJob(
        _ filter: QueueFilter, newestFirst: Bool = false, _ body: (ListedJob) throws -> Bool
    ) throws {
        // Names that no job has need no walk along all jobs.
        if let kind = filter.kind, try !hasSeen(kind: kind) { return }
        if let queue = filter.queue, try self.queue(queue) == nil { return }
        var walk = Walk(filter: filter, isReversed: newestFirst)
        if let run = filter.run {
            try walk.submission(run, self, body)
        } else {
            for state in QueueState.walkOrder where filter.states.isEmpty || filter.states.contains(state) {
                try walk.state(state, self, body)
                if walk.isOver { return }
            }
        }
    }
}

extension QueueState {
    /// What is being done first, then what is to come, then what has been.
    fileprivate static let walkOrder: [QueueState] = [
        .running, .ready, .retrying, .scheduled, .waiting, .dead, .cancelled, .skipped, .completed,
    ]
}

/// A walk along the indexes of some states.
private struct Walk {
    let filter: QueueFilter
    let isReversed: Bool
    var isOver = false

    /// The jobs of a submission follow each other among all jobs.
    mutating func submission(
        _ run: RunID, _ tables: JobQueue.Tables, _ body: (ListedJob) throws -> Bool
    ) throws {
        let first = JobID(of: run, ordinal: isReversed ? .max : 0)
        try tables.jobs.forEach(from: first, reversed: isReversed) { id, row in
            guard id.text.isHalfBrother(of: first.text) else { return false }
            return try take(ListedJob(id: id, row: row), body)
        }
    }

    mutating func state(
        _ state: QueueState, _ tables: JobQueue.Tables, _ body: (ListedJob) throws -> Bool
    ) throws {
        let queue = filter.queue.map { KeyPrefix($0) } ?? KeyPrefix()
        switch state {
        case .running:
            try index(tables.running, filter.worker.map { KeyPrefix($0) } ?? KeyPrefix(), state, tables, body)
        case .ready: try index(tables.ready, queue, state, tables, body)
        case .scheduled: try index(tables.timed, queue, state, tables, body)
        case .retrying:
            try index(tables.unsettled, KeyPrefix(), state, tables, body)
            if !isOver { try index(tables.timed, queue, state, tables, body) }
        case .waiting:
            try index(tables.waiting, KeyPrefix(), state, tables, body)
            if !isOver { try index(tables.unsettled, KeyPrefix(), state, tables, body) }
        case .completed, .dead, .cancelled, .skipped:
            try index(tables.ended, KeyPrefix(state), state, tables, body)
        }
    }

    private mutating func index<Key: ViewKey>(
        _ index: ViewTable<Key, JobID>, _ prefix: KeyPrefix, _ state: QueueState, _ tables: JobQueue.Tables,
        _ body: (ListedJob) throws -> Bool
    ) throws {
        try index.forEach(prefix: prefix, reversed: isReversed) { _, id in
            guard let row = try tables.jobs.get(id), row.state == state else { return true }
            return try take(ListedJob(id: id, row: row), body)
        }
    }

    /// Whether to go on.
    private mutating func take(_ job: ListedJob, _ body: (ListedJob) throws -> Bool) throws -> Bool {
        guard filter.matches(job.row) else { return true }
        isOver = try !body(job)
        return !isOver
    }
}
