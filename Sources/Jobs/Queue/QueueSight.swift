package import Determinism
import EventLog

/// What one process sees in the queues at one look, in the terms of its machine.
package struct QueueSight {
    /// Who looks, and what it can do.
    package struct Viewer {
        package let worker: WorkerID
        package let serves: (_ queue: String) -> Bool
        package let knows: (_ kind: String) -> Bool
        /// Whether the process of another worker has ended.
        package let isGone: (WorkerID) -> Bool

        package init(
            worker: WorkerID, serves: @escaping (String) -> Bool, knows: @escaping (String) -> Bool,
            isGone: @escaping (WorkerID) -> Bool
        ) {
            self.worker = worker
            self.serves = serves
            self.knows = knows
            self.isGone = isGone
        }
    }

    /// How many rows of one sort are read at one look; more come with the next.
    package static let mostRows = 1_024
    /// How many ready jobs of kinds without a free place are stepped over at one look.
    private static let mostOfFullKinds = 256
    /// How many ready jobs of kinds that aren't begun here are stepped over at one look.
    private static let mostOfUnknownKinds = 16_384

    package private(set) var look: QueueMachine.Look
    /// The rows of the jobs that may be claimed.
    package private(set) var rows: [JobID: QueueRow] = [:]
    /// The queues with a limit, whose jobs are begun only after another look.
    package private(set) var limited: Set<String> = []
    /// Whether nothing is left to do in the queues that it serves.
    package private(set) var isEmpty = true
    package private(set) var arrears = QueueArrears()
    /// When the next job of a kind that the viewer knows may be begun that waits for a time, in a queue that isn't paused.
    package private(set) var nextBeginning: Timestamp?
    /// When the next job may be begun, or must have ended.
    package private(set) var nextTime: Timestamp?
    /// How many processes that aren't known to have ended have jobs, the viewer included.
    package private(set) var workers = 1

    private let viewer: Viewer
    private let machine: QueueMachine
    private let tables: JobQueue.Tables
    private var served: [String] = []
    /// Kinds that nobody here knows, of jobs that are ready or wait for a time.
    private var unknownKinds: Set<String> = []
    /// Kinds of ready jobs that this worker begins no more of, and why.
    private var pausedKinds: [String: String] = [:]
    private var pausedQueues: [String] = []
    private var runningQueues: [String] = []
    /// How many jobs run.
    private var running = 0
    /// Whether a ready job waits for its kind to have a place.
    private var isHeldBack = false
    /// How many more jobs of a kind are worth seeing; nil for all.
    private var places: [String: Int?] = [:]

    /// Reads the tables at a time; a round also looks after leases and deadlines.
    package init(
        _ tables: JobQueue.Tables, by viewer: Viewer, with machine: QueueMachine, at time: Timestamp, isRound: Bool
    ) throws {
        self.viewer = viewer
        self.machine = machine
        self.tables = tables
        look = QueueMachine.Look(at: time)
        try seeWork()
        if machine.awaitsAdmission { try seeAdmission() }
        arrears.undecided = try tables.unsettled(limit: Self.mostRows)
        let holders = try tables.runningWorkers()
        workers = 1 + holders.count { $0 != viewer.worker }
        if isRound {
            try seeLostJobs()
            try seeLostLeases(of: holders)
            arrears.pastDeadline = try tables.pastDeadline(at: time, limit: Self.mostRows)
        }
        var strange: Set<String> = []
        nextBeginning = try tables.nextBeginning(after: time, in: runningQueues) { kind in
            let isKnown = viewer.knows(kind)
            if !isKnown { strange.insert(kind) }
            return isKnown
        }
        unknownKinds.formUnion(strange)
        nextTime = try [nextBeginning, tables.nextDeadline(after: time)].compactMap(\.self).min()
    }

    /// Why nothing happens though something is left, as long as nobody changes that; nil where something can happen.
    package var blocks: [String]? {
        guard isResting, nextBeginning == nil, !obstacles.isEmpty else { return nil }
        return obstacles
    }

    /// What keeps jobs from being begun until somebody changes it.
    package var obstacles: [String] {
        unknownKinds.sorted().map { "no handler for jobs of kind \($0)" }
            + pausedKinds.sorted { $0.key < $1.key }.map { kind, reason in Self.obstacle(kind, reason) }
            + pausedQueues.map { "the queue \($0) is paused" }
    }

    private static func obstacle(_ kind: String, _ reason: String) -> String {
        let remedy = "mend their program, and start the worker again or, while it is at work, cairn jobs resume"
        return "jobs of kind \(kind) are begun here no more (\(reason)); \(remedy) --kind \(kind)"
    }

    /// Whether something is left and nothing can be done about it now: not until a time comes or somebody changes it.
    package var isResting: Bool {
        !isEmpty && running == 0 && !isHeldBack && look.ready.isEmpty && arrears.isEmpty && machine.isIdle
    }

    private mutating func seeWork() throws {
        let claiming = machine.claiming()
        let need = machine.room + claiming
        var free: [String] = []
        var waiting = 0
        for (name, queue) in try tables.allQueues() where viewer.serves(name) {
            served.append(name)
            if queue.counts.unfinished > 0 { isEmpty = false }
            running += queue.counts.running
            if queue.pause == nil {
                runningQueues.append(name)
            } else if queue.counts.unfinished > queue.counts.running {
                pausedQueues.append(name)
            }
            if let limit = queue.concurrency {
                limited.insert(name)
                look.room[name] = max(limit - queue.counts.running - machine.claiming(in: name), 0)
            }
            guard need > 0, queue.pause == nil else { continue }
            for job in try tables.due(in: name, at: look.time, limit: need + Self.mostRows) { consider(job) }
            guard queue.counts.ready > 0 else { continue }
            if let room = look.room[name] {
                for job in try tables.ready(in: name, limit: room + claiming) { consider(job) }
            } else {
                free.append(name)
                waiting += queue.counts.ready
            }
        }
        guard !free.isEmpty else { return }
        var left = machine.room
        var (seen, full, unknown) = (0, 0, 0)
        let before = look.readyByKind
        try tables.forEachReady(in: free) { job in
            seen += 1
            if consider(job) {
                left -= 1
            } else if !viewer.knows(job.row.kind) || pausedKinds[job.row.kind] != nil {
                unknown += 1
            } else if !machine.holds(job.id) {
                full += 1
            }
            return left > 0 && full < Self.mostOfFullKinds && unknown < Self.mostOfUnknownKinds
        }
        if machine.limitsKinds, seen < waiting { estimate(since: before, waiting, of: seen) }
    }

    /// Takes those that weren't seen for jobs of the same kinds as those that were.
    private mutating func estimate(since before: [String: Int], _ waiting: Int, of seen: Int) {
        for (kind, count) in look.readyByKind {
            let known = before[kind, default: 0]
            look.readyByKind[kind] = known + (count - known) * waiting / seen
        }
    }

    /// Whether the job may be claimed, as far as its kind is concerned.
    @discardableResult
    private mutating func consider(_ job: ListedJob) -> Bool {
        guard viewer.knows(job.row.kind) else {
            unknownKinds.insert(job.row.kind)
            return false
        }
        if machine.holds(job.id) { return false }
        if machine.limitsKinds {
            look.readyByKind[job.row.kind, default: 0] += 1
            let place = places[job.row.kind] ?? machine.room(forKind: job.row.kind, at: look.time)
            if let place, place <= 0 {
                if let pause = machine.pause(ofKind: job.row.kind) {
                    pausedKinds[job.row.kind] = pause.reason
                } else {
                    isHeldBack = true
                }
                return false
            }
            places[job.row.kind] = .some(place.map { $0 - 1 })
        }
        rows[job.id] = job.row
        look.ready.append(
            QueueMachine.Candidate(
                id: job.id, kind: job.row.kind, position: job.row.position, priority: job.row.priority,
                queue: job.row.queue))
        return true
    }

    /// Which new leases in queues with a limit count: those with fewer than the limit before them in the log.
    private mutating func seeAdmission() throws {
        var leases: [String: [(position: Position, id: JobID)]] = [:]
        for worker in try tables.runningWorkers() {
            for job in try tables.running(of: worker) {
                if let position = job.row.leased { leases[job.row.queue, default: []].append((position, job.id)) }
            }
        }
        for name in served {
            let ordered = (leases[name] ?? []).sorted { $0.position < $1.position }.map(\.id)
            let limit = min(try tables.queue(name)?.concurrency ?? ordered.count, ordered.count)
            look.admitted += ordered[..<limit].filter { machine.phase(of: $0) == .leased }
            look.surplus += ordered[limit...].filter { machine.phase(of: $0) == .leased }
        }
    }

    /// The viewer's jobs that somebody cancelled, unlocked or took away.
    private mutating func seeLostJobs() throws {
        for id in machine.working {
            if case .leased(let lease)? = try tables.job(id)?.stage, lease.worker == viewer.worker { continue }
            look.lost.append(id)
        }
    }

    /// Leases of processes that have ended, and leases whose time has passed.
    private mutating func seeLostLeases(of holders: [WorkerID]) throws {
        for holder in holders {
            let isGone = holder != viewer.worker && viewer.isGone(holder)
            for job in try tables.running(of: holder, limit: isGone ? Self.mostRows : .max) {
                guard case .leased(let lease) = job.row.stage, !machine.holds(job.id) else { continue }
                if isGone {
                    arrears.lostLeases.append((job, .workerGone))
                } else if lease.deadline <= look.time {
                    arrears.lostLeases.append((job, .deadline))
                }
            }
        }
    }
}
