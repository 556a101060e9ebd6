package import Determinism
import EventLog
package import Jobs
import Projections

// What stands in queues. Nothing but the read model of queues is caught up for these.
extension Queries {
    /// Jobs of queues, and how many more there are.
    package struct QueueJobs: Sendable {
        package fileprivate(set) var jobs: [QueueJobAnswer]
        package let more: More
    }

    /// How much a limit left out.
    package enum More: Equatable, Sendable {
        case none
        case exactly(Int)
        case moreThan(Int)
    }

    /// The most that are counted one by one beyond a limit.
    private static let mostCounted = 1_000

    /// Jobs of queues that a filter lets through.
    package func queueJobs(
        _ filter: QueueFilter, newestFirst: Bool = false, limit: Int, at now: Timestamp
    ) throws -> QueueJobs {
        var answer = try listed(filter, newestFirst: newestFirst, limit: limit, at: now)
        let holders = lostHolders(Set(answer.jobs.compactMap(\.holding)), at: now)
        // A worker that ends in order gives its jobs back before its lock is free: what is read after that has it.
        if holders.values.contains(.gone) {
            answer = try listed(filter, newestFirst: newestFirst, limit: limit, at: now)
        }
        for index in answer.jobs.indices {
            if let worker = answer.jobs[index].holding { answer.jobs[index].holder = holders[worker] }
        }
        return answer
    }

    private func listed(
        _ filter: QueueFilter, newestFirst: Bool, limit: Int, at now: Timestamp
    ) throws -> QueueJobs {
        let statuses = past == nil ? store.workerStatuses() : [:]
        return try views.query(JobQueue.self) { tables in
            let workers = try LiveWorkers(statuses.values, tables, at: now)
            let holdAny = workers.holdAny
            var found: [QueueJobAnswer] = []
            var others = 0
            let total = try total(of: filter, tables)
            try tables.forEachJob(filter, newestFirst: newestFirst) { job in
                if found.count < limit {
                    found.append(QueueJobAnswer(job, hold: holdAny ? workers.hold(of: job.row) : nil))
                    return found.count < limit || total == nil
                }
                others += 1
                return others <= Self.mostCounted
            }
            if let total {
                return QueueJobs(jobs: found, more: total > found.count ? .exactly(total - found.count) : .none)
            }
            let more: More =
                others == 0 ? .none : others > Self.mostCounted ? .moreThan(Self.mostCounted) : .exactly(others)
            return QueueJobs(jobs: found, more: more)
        }
    }

    /// How many jobs a filter lets through, where counts say it.
    private func total(of filter: QueueFilter, _ tables: JobQueue.Tables) throws -> Int? {
        var plain = QueueFilter()
        plain.states = filter.states
        var counts: QueueCounts
        if let run = filter.run {
            plain.run = run
            counts = try tables.submission(run)?.counts ?? QueueCounts()
        } else if let queue = filter.queue {
            plain.queue = queue
            counts = try tables.queue(queue)?.counts ?? QueueCounts()
        } else {
            counts = try tables.counts()
        }
        guard plain == filter else { return nil }
        let states = filter.states.isEmpty ? QueueState.allCases : filter.states
        return Set(states).reduce(0) { $0 + counts[$1] }
    }

    /// Whether the store has jobs of queues.
    package func hasQueues() throws -> Bool {
        try views.query(JobQueue.self) { try $0.queues.scan(limit: 1).isEmpty } == false
    }

    /// The submission whose run's id begins so; nil if there is none.
    package func submission(startingWith beginning: String) throws -> RunID? {
        try views.query(JobQueue.self) { tables in
            guard let first = RunID(rawValue: beginning) else { return nil }
            let found = try tables.submissions.scan(from: first, limit: 2).map(\.key)
                .filter { $0.rawValue.hasPrefix(beginning) }
            if found.count == 2, found[0] != first {
                throw QueryError.run(beginning, fitting: found.map(\.rawValue))
            }
            return found.first
        }
    }

    /// The queues, by name.
    package func queues(at now: Timestamp, catchingUp: Bool = true) throws -> [QueueAnswer] {
        try views.query(JobQueue.self, catchingUp: catchingUp) { tables in
            try tables.allQueues().map { name, summary in
                QueueAnswer(
                    name: name, summary: summary, oldestReady: try oldestReady(in: name, summary, tables, now))
            }
        }
    }

    /// One look per priority that has ready jobs.
    private func oldestReady(
        in queue: String, _ summary: QueueSummary, _ tables: JobQueue.Tables, _ now: Timestamp
    ) throws -> [QueueAnswer.Oldest] {
        var oldest: [QueueAnswer.Oldest] = []
        guard summary.counts.ready > 0 else { return oldest }
        var from: ReadyKey?
        while let (key, id) = try tables.ready.scan(prefix: KeyPrefix(queue), from: from, limit: 1).first {
            if let row = try tables.job(id) {
                oldest.append(
                    QueueAnswer.Oldest(
                        job: id, priority: key.priority, submitted: row.submitted, age: now - row.submitted))
            }
            from = ReadyKey(queue, key.priority - 1, .first)
        }
        return oldest
    }

    /// What is wrong with workers that have jobs; what lived at a moment in the past isn't known.
    private func lostHolders(_ workers: Set<WorkerID>, at now: Timestamp) -> [WorkerID: LostHolder] {
        past == nil ? store.lostHolders(workers, at: now) : [:]
    }

    /// What is wrong with the worker that has a job.
    func lostHolder(of job: ListedJob, at now: Timestamp) -> LostHolder? {
        guard case .leased(let lease) = job.row.stage else { return nil }
        return lostHolders([lease.worker], at: now)[lease.worker]
    }

    /// The jobs that count as running while their workers give no sign, by worker.
    ///
    /// Catches up in any case where there are such workers.
    package func lostJobs(at now: Timestamp, catchingUp: Bool = true) throws -> [LostJobs] {
        let holders = lostHolders(
            Set(try views.query(JobQueue.self, catchingUp: catchingUp) { try $0.runningWorkers() }), at: now)
        if holders.isEmpty { return [] }
        // A worker that ends in order gives its jobs back before its lock is free: what is read after that has it.
        return try views.query(JobQueue.self) { tables in
            try holders.sorted { $0.key < $1.key }.compactMap { worker, holder in
                let deadlines = try tables.running(of: worker).compactMap { QueueJobAnswer($0).leaseDeadline }
                return deadlines.max().map { LostJobs(worker, holder, jobs: deadlines.count, leaseDeadline: $0) }
            }
        }
    }

    /// Submissions, the latest first, and how many there are.
    package func submissions(limit: Int) throws -> (submissions: [SubmissionAnswer], total: Int) {
        let all = try views.query(JobQueue.self) { try $0.allSubmissions() }
        let ordered = all.sorted { ($1.submission.submitted, $1.run) < ($0.submission.submitted, $0.run) }
        return (ordered.prefix(limit).map { SubmissionAnswer(run: $0.run, row: $0.submission) }, all.count)
    }

    /// Workers of queues, the latest first; those that stopped only if asked for.
    ///
    /// Without catching up one that has just stopped may look as if it were gone.
    package func workers(stopped: Bool, catchingUp: Bool = true) throws -> [WorkerAnswer] {
        let found = try views.query(JobQueue.self, catchingUp: catchingUp) { tables in
            try tables.workers.scan().filter { stopped || $0.row.stopped == nil }.map { (id: $0.key, row: $0.row) }
        }
        var workers = past == nil ? store.judge(found) : store.recorded(found)
        if past == nil, catchingUp, workers.contains(where: { $0.standing == .gone }) {
            workers = try views.query(JobQueue.self) { tables in
                try workers.compactMap { worker in
                    let answer = worker.rechecked(try tables.worker(worker.id))
                    return stopped || answer.standing != .stopped ? answer : nil
                }
            }
        }
        return workers.sorted { ($1.row.started, $1.id) < ($0.row.started, $0.id) }
    }
}

extension QueueJobAnswer {
    /// Who has it now.
    fileprivate var holding: WorkerID? {
        if case .leased(let lease) = row.stage { return lease.worker }
        return nil
    }
}
