package import Determinism
import EventLog
import Projections

/// A job as queries hand it out.
package struct ListedJob: Equatable, Sendable {
    package let id: JobID
    package let row: QueueRow

    package init(id: JobID, row: QueueRow) {
        self.id = id
        self.row = row
    }
}

/// What workers ask.
extension JobQueue.Tables {
    package func job(_ id: JobID) throws -> QueueRow? { try jobs.get(id) }

    /// Ready jobs of a queue in order, those behind `last`.
    package func ready(in queue: String, after last: ReadyKey? = nil, limit: Int) throws -> [ListedJob] {
        var found: [ListedJob] = []
        guard limit > 0 else { return found }
        try ready.forEach(prefix: KeyPrefix(queue), from: last) { key, id in
            if key != last, let row = try jobs.get(id) { found.append(ListedJob(id: id, row: row)) }
            return found.count < limit
        }
        return found
    }

    /// Ready jobs of several queues as if they were one, as long as `body` says so.
    package func forEachReady(in queues: [String], _ body: (ListedJob) throws -> Bool) throws {
        var fronts = try queues.map { try ReadyFront($0, self) }
        while let first = fronts.indices.filter({ fronts[$0].next != nil }).min(by: { fronts[$0] < fronts[$1] }) {
            guard let (_, id) = fronts[first].next else { return }
            if let row = try jobs.get(id), try !body(ListedJob(id: id, row: row)) { return }
            try fronts[first].advance(self)
        }
    }

    /// Jobs of a queue whose time has come, the earliest first: scheduled, put off, or to be tried again.
    package func due(in queue: String, at now: Timestamp, limit: Int) throws -> [ListedJob] {
        var found: [ListedJob] = []
        guard limit > 0 else { return found }
        try timed.forEach(prefix: KeyPrefix(queue)) { key, id in
            guard key.time <= now else { return false }
            if let row = try jobs.get(id) { found.append(ListedJob(id: id, row: row)) }
            return found.count < limit
        }
        return found
    }

    /// The first moment after `now` at which a job's deadline passes.
    package func nextDeadline(after now: Timestamp) throws -> Timestamp? {
        try deadlines.scan(from: DeadlineKey(now + Microseconds(1), .first), limit: 1).first?.key.deadline
    }

    /// How many jobs of a queue are stepped over at most to find one of a kind that counts.
    private static let mostSteppedOver = 1_024

    /// The first moment after `now` at which a job of these queues may be begun that waits for a time, if its kind
    /// `counts`.
    ///
    /// Behind very many of kinds that don't count, any kind does.
    package func nextBeginning(
        after now: Timestamp, in queues: [String], counts: (_ kind: String) -> Bool = { _ in true }
    ) throws -> Timestamp? {
        let later = now + Microseconds(1)
        var next: Timestamp?
        for queue in queues {
            var seen = 0
            try timed.forEach(prefix: KeyPrefix(queue), from: TimedKey(queue, later, .first)) { key, id in
                seen += 1
                guard try seen > Self.mostSteppedOver || jobs.get(id).map({ counts($0.kind) }) ?? true else {
                    return true
                }
                next = next.map { min($0, key.time) } ?? key.time
                return false
            }
        }
        return next
    }

    /// Jobs that somebody must write an event for, in the order of their submissions.
    package func unsettled(limit: Int) throws -> [ListedJob] { try listed(unsettled.scan(limit: limit).map(\.row)) }

    /// Unfinished jobs whose deadline has passed, the earliest first.
    package func pastDeadline(at now: Timestamp, limit: Int) throws -> [ListedJob] {
        var found: [ListedJob] = []
        guard limit > 0 else { return found }
        try deadlines.forEach { key, id in
            guard key.deadline <= now else { return false }
            if let row = try jobs.get(id) { found.append(ListedJob(id: id, row: row)) }
            return found.count < limit
        }
        return found
    }

    /// Jobs that a worker has, in the order of their submissions.
    package func running(of worker: WorkerID, limit: Int = .max) throws -> [ListedJob] {
        try listed(running.scan(prefix: KeyPrefix(worker), limit: limit).map(\.row))
    }

    /// Workers that have jobs, by id; costs one look per worker, whatever they have.
    package func runningWorkers() throws -> [WorkerID] {
        var workers: [WorkerID] = []
        var next = try running.scan(limit: 1).first?.key
        while let key = next {
            workers.append(key.worker)
            next = nil
            let last = RunningKey(key.worker, Position(.max))
            try running.forEach(from: last) { found, _ in
                if found != last { next = found }
                return found == last
            }
        }
        return workers
    }

    /// Jobs that wait or waited for a job, in the order of their submissions.
    package func children(of id: JobID, limit: Int = .max) throws -> [QueueEdge] {
        try edges.scan(prefix: KeyPrefix(id), limit: limit).map(\.row)
    }

    /// The jobs that a job waits or waited for.
    package func parents(of id: JobID) throws -> [ParentRange] { try parents.scan(prefix: KeyPrefix(id)).map(\.row) }

    func listed(_ ids: [JobID]) throws -> [ListedJob] {
        try ids.compactMap { id in try jobs.get(id).map { ListedJob(id: id, row: $0) } }
    }
}

/// What people ask.
extension JobQueue.Tables {
    /// How many jobs of all queues stand where.
    package func counts() throws -> QueueCounts {
        try queues.scan().reduce(QueueCounts()) { $0 + $1.row.counts }
    }

    package func queue(_ name: String) throws -> QueueSummary? { try queues.get(name) }

    /// All queues, by name.
    package func allQueues() throws -> [(name: String, queue: QueueSummary)] {
        try queues.scan().map { ($0.key, $0.row) }
    }

    /// Whether a job of a kind was ever submitted.
    package func hasSeen(kind: String) throws -> Bool { try kinds.contains(kind) }

    /// The kinds that jobs were ever submitted of, by name.
    package func allKinds() throws -> [String] { try kinds.scan().map(\.key) }

    /// How many of these jobs, all of one submission, were dropped since they ended.
    package func pruned(of run: RunID, among jobs: [JobID]) throws -> Int {
        if let submission = try submissions.get(run), submission.pruned == 0 { return 0 }
        return try jobs.count { try pruned.contains($0) }
    }

    package func submission(_ run: RunID) throws -> SubmissionRow? { try submissions.get(run) }

    package func allSubmissions() throws -> [(run: RunID, submission: SubmissionRow)] {
        try submissions.scan().map { ($0.key, $0.row) }
    }

    package func worker(_ id: WorkerID) throws -> WorkerRow? { try workers.get(id) }

    /// Workers of queues that have not said that they stopped, by id; whether they live, this doesn't know.
    package func startedWorkers() throws -> [(id: WorkerID, worker: WorkerRow)] {
        try workers.scan().filter { $0.row.stopped == nil }.map { ($0.key, $0.row) }
    }
}

/// The next ready jobs of one queue, read in pieces.
private struct ReadyFront {
    private static let piece = 64
    private let queue: String
    private var keys: ArraySlice<(key: ReadyKey, row: JobID)> = []
    private var isLast = false

    init(_ queue: String, _ tables: JobQueue.Tables) throws {
        self.queue = queue
        try read(behind: nil, tables)
    }

    var next: (key: ReadyKey, id: JobID)? { keys.first.map { ($0.key, $0.row) } }

    mutating func advance(_ tables: JobQueue.Tables) throws {
        guard let last = keys.popFirst() else { return }
        if keys.isEmpty, !isLast { try read(behind: last.key, tables) }
    }

    private mutating func read(behind last: ReadyKey?, _ tables: JobQueue.Tables) throws {
        let found = try tables.ready.scan(prefix: KeyPrefix(queue), from: last, limit: Self.piece + 1)
        isLast = found.count <= Self.piece
        keys = found.filter { $0.key != last }[...]
    }

    /// Whether the next of the left comes first: by priority, then by submission.
    static func < (left: ReadyFront, right: ReadyFront) -> Bool {
        guard let left = left.next?.key, let right = right.next?.key else { return right.next == nil }
        return (-left.priority, left.position) < (-right.priority, right.position)
    }
}
