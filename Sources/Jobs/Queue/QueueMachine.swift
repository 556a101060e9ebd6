package import Determinism
package import EventLog

/// The rules of one process that works on queues: what it claims, starts, records and gives back.
///
/// Knows what it has under way; does nothing itself. The shell tells it what happened and what the read model shows, and
/// carries out what it says. So the same rules run against a real store and in a simulation.
package struct QueueMachine: Sendable {
    package struct Settings: Sendable {
        package let worker: WorkerID
        /// How many handlers may run at once.
        package let slots: Int
        package let lease: LeasePolicy
        /// The kinds that may have fewer places than there are slots.
        package let kinds: [String: KindPools.Limits]
        /// Bytes for all jobs of kinds whose need is known; nil for no limit.
        package let memoryBudget: Int?

        package init(
            worker: WorkerID, slots: Int, lease: LeasePolicy, kinds: [String: KindPools.Limits] = [:],
            memoryBudget: Int? = nil
        ) {
            precondition(slots >= 1, "a worker without slots never does anything")
            self.worker = worker
            self.slots = slots
            self.lease = lease
            self.kinds = kinds
            self.memoryBudget = memoryBudget
        }
    }

    /// A job that could be claimed.
    package struct Candidate: Equatable, Sendable {
        package let id: JobID
        package let kind: String
        /// Of the submission; the order within one priority.
        package let position: Position
        package let priority: Int
        package let queue: String

        package init(id: JobID, kind: String, position: Position, priority: Int, queue: String) {
            self.id = id
            self.kind = kind
            self.position = position
            self.priority = priority
            self.queue = queue
        }

        /// Whether this one goes first: the higher priority, and then the earlier submission.
        package func precedes(_ other: Candidate) -> Bool {
            (-priority, position) < (-other.priority, other.position)
        }
    }

    /// What the read model shows, as of a position that includes all that this worker was told was recorded.
    package struct Look: Sendable {
        package let time: Timestamp
        /// Jobs that may be claimed; of each queue the first, in order.
        package var ready: [Candidate] = []
        /// How many more jobs a queue may run, for those with a limit or a pause.
        package var room: [String: Int] = [:]
        /// Jobs of this worker that somebody cancelled, unlocked or took away.
        package var lost: [JobID] = []
        /// Jobs of this worker in queues with a limit that may be begun: nobody who came before fills the limit.
        package var admitted: [JobID] = []
        /// Jobs of this worker in queues with a limit that came too late.
        package var surplus: [JobID] = []
        /// How many jobs of each kind that has places of its own may be begun now.
        package var readyByKind: [String: Int] = [:]

        package init(at time: Timestamp) { self.time = time }
    }

    package enum Action: Equatable, Sendable {
        /// Lease these, in this order.
        case claim([Candidate])
        /// Run the handler of a leased job.
        case start(JobID)
        /// Stop the handlers of these; they answer that they were interrupted.
        case stop([JobID])
        /// Record how these have ended, in this order; what never started is given back.
        case record([JobID])
        /// Lengthen the leases of these.
        case renew([JobID])
        /// Record that no more jobs of a kind are begun here.
        case tellPause(kind: String, KindBreaker.Pause)
    }

    /// What the end of a handler says of its kind.
    package enum Ending: Equatable, Sendable {
        /// The work was done, or failed.
        case answered
        /// The program ended without an answer; what is known of that.
        case crashed(String)
        /// It was put off or cut short, which says nothing.
        case undone
    }

    package enum Phase: Equatable, Sendable {
        /// The lease is being appended.
        case claiming
        /// Leased, and waits for a look at the limit of its queue.
        case leased
        case working
        /// The handler was told to stop.
        case stopping
        /// The handler has answered, or never ran; the answer waits to be recorded.
        case answered
        /// The answer is being appended.
        case recording
    }

    struct Held: Sendable {
        let queue: String
        let kind: String
        var phase: Phase
        /// Zero until it is leased.
        var deadline: Timestamp
        var isRenewing = false
        /// When its handler was begun, as far as that is known.
        var started: Timestamp?
    }

    private let settings: Settings
    private var held: [JobID: Held] = [:]
    /// How many are in a phase that takes a slot.
    private var busy = 0
    /// How many wait for a look at the limit of their queue.
    private var leased = 0
    private var answers: [JobID] = []
    private var recordings = 0
    private var claims = 0
    private var actions: [Action] = []
    private var pools: KindPools
    /// The latest time that it was told.
    private var time = Timestamp.epoch
    package private(set) var isStale = true
    package private(set) var isDraining = false
    /// How often slots were filled, for people.
    package private(set) var started = 0

    package init(_ settings: Settings) {
        self.settings = settings
        pools = KindPools(worker: settings.worker, limits: settings.kinds, memoryBudget: settings.memoryBudget)
    }

    /// How many appends of answers may be under way, so that one may wait for the disk while the next is made.
    private static let mostRecordings = 2
    private static let mostClaims = 2
    /// How many answers go into one append.
    private static let largestRecording = 2_048

    /// How many jobs could be begun now.
    package var room: Int { isDraining ? 0 : max(settings.slots - busy, 0) }
    /// How many handlers run, or are about to.
    package var running: Int { busy }
    package var isIdle: Bool { held.isEmpty && claims == 0 && recordings == 0 }
    /// Whether it was asked to end and nothing is under way any more.
    package var isOver: Bool { isDraining && isIdle }
    /// Whether it has this job in hand, so that it can't be a candidate.
    package func holds(_ id: JobID) -> Bool { held[id] != nil }
    /// Whether it is worth looking at the read model.
    package var needsLook: Bool {
        isStale && (room > 0 && claims < Self.mostClaims || leased > 0)
    }
    /// The jobs whose handlers run.
    package var working: [JobID] { held.lazy.filter { $0.value.phase == .working }.map(\.key).sorted() }
    /// Whether leased jobs wait for a look at the limit of their queue.
    package var awaitsAdmission: Bool { leased > 0 }
    /// How many leases of a queue are being appended; of all queues without a name.
    package func claiming(in queue: String? = nil) -> Int {
        claims == 0 ? 0 : held.values.count { $0.phase == .claiming && (queue == nil || $0.queue == queue) }
    }
    /// The phase of a job in hand.
    package func phase(of id: JobID) -> Phase? { held[id]?.phase }
    /// Whether some kind has fewer places than there are slots.
    package var limitsKinds: Bool { pools.isLimiting }
    /// How many more jobs of a kind may be begun; nil for no limit but the slots.
    package func room(forKind kind: String, at now: Timestamp) -> Int? { pools.room(for: kind, at: now) }
    /// Why no more jobs of a kind are begun here; nil where they are.
    package func pause(ofKind kind: String) -> KindBreaker.Pause? { pools.pause(of: kind) }
    /// How the kinds stand that have limits or have crashed.
    package var kinds: [KindStatus] { pools.statuses(at: time) }
}

/// What happens.
extension QueueMachine {
    /// Time passed.
    package mutating func passed(_ now: Timestamp) { time = max(time, now) }

    /// The log grew.
    package mutating func grew() { isStale = true }

    /// Somebody wants jobs of a paused kind begun again.
    package mutating func resumed(_ kind: String) {
        pools.resume(kind)
        isStale = true
    }

    /// What the read model shows.
    ///
    /// `workers` is how many living processes want jobs of these queues, this one included: few jobs are shared out.
    package mutating func looked(_ look: Look, workers: Int = 1) {
        isStale = false
        passed(look.time)
        pools.size(ready: look.readyByKind, at: time)
        stop(look.lost)
        for id in look.surplus where held[id]?.phase == .leased { answer(id) }
        for id in look.admitted where held[id]?.phase == .leased { start(id) }
        claim(from: look, workers: max(workers, 1))
    }

    private mutating func claim(from look: Look, workers: Int) {
        guard claims < Self.mostClaims else { return }
        let open = look.ready.filter { held[$0.id] == nil }.sorted { $0.precedes($1) }
        let share = (open.count + workers - 1) / workers
        var left = look.room
        var chosen: [Candidate] = []
        for candidate in open where chosen.count < min(room, share) {
            if let rest = left[candidate.queue] {
                guard rest > 0 else { continue }
            }
            if pools.isLimiting, let rest = pools.room(for: candidate.kind, at: time) {
                guard rest > 0 else { continue }
            }
            left[candidate.queue]? -= 1
            pools.claimed(candidate.kind)
            chosen.append(candidate)
        }
        guard !chosen.isEmpty else { return }
        for candidate in chosen {
            held[candidate.id] = Held(
                queue: candidate.queue, kind: candidate.kind, phase: .claiming, deadline: look.time)
        }
        busy += chosen.count
        claims += 1
        actions.append(.claim(chosen))
    }

    /// An append of leases is over: the deadlines of those that are ours; the others went elsewhere.
    ///
    /// `limited` are those whose queues have a limit, which are begun only after a look.
    package mutating func claimed(
        _ leased: [(id: JobID, deadline: Timestamp)], lost: [JobID], limited: Set<JobID> = []
    ) {
        claims -= 1
        isStale = true
        for id in lost { drop(id) }
        for (id, deadline) in leased {
            held[id]?.deadline = deadline
            held[id]?.phase = .leased
            self.leased += 1
            if isDraining {
                answer(id)
            } else if !limited.contains(id) {
                start(id)
            }
        }
    }

    /// A handler has ended, with whatever answer; the shell keeps it.
    package mutating func ended(_ id: JobID, _ ending: Ending = .answered) {
        guard let job = held[id], job.phase == .working || job.phase == .stopping else { return }
        switch ending {
        case .answered:
            if pools.isLimiting { pools.answered(job.kind, after: job.started.map { time - $0 }) }
        case .crashed(let message):
            if let pause = pools.crashed(job.kind, message, at: time) {
                actions.append(.tellPause(kind: job.kind, pause))
            }
        case .undone: break
        }
        answer(id)
    }

    /// An append of answers is over, whatever came of them.
    package mutating func recorded(_ ids: [JobID]) {
        recordings -= 1
        for id in ids { held[id] = nil }
        isStale = true
    }

    /// Leases were lengthened; those that aren't named are lost.
    package mutating func renewed(_ deadlines: [(id: JobID, deadline: Timestamp)], lost: [JobID]) {
        for (id, deadline) in deadlines {
            held[id]?.deadline = deadline
            held[id]?.isRenewing = false
        }
        for id in lost { held[id]?.isRenewing = false }
        stop(lost)
    }

    /// Time passed: leases are lengthened when a third is gone, and handlers stopped when one is about to end.
    package mutating func tick(_ now: Timestamp) {
        var renewals: [JobID] = []
        var late: [JobID] = []
        for id in held.keys.sorted() {
            guard let job = held[id], job.phase == .working || job.phase == .stopping || job.phase == .leased else {
                continue
            }
            let left = job.deadline - now
            if left <= settings.lease.length / 10 {
                late.append(id)
            } else if !job.isRenewing, left < settings.lease.length * 2 / 3 {
                held[id]?.isRenewing = true
                renewals.append(id)
            }
        }
        if !renewals.isEmpty { actions.append(.renew(renewals)) }
        stop(late)
    }

    /// When `tick` is worth calling next.
    package func nextTick(after now: Timestamp) -> Timestamp { now + settings.lease.length / 12 }

    /// Nothing new is begun from now on.
    package mutating func drain() {
        isDraining = true
        for id in held.keys.sorted() where held[id]?.phase == .leased { answer(id) }
    }

    /// The handlers that still run are stopped, and their leases given back.
    package mutating func stopAll() {
        drain()
        stop(held.keys.sorted())
    }
}

extension QueueMachine {
    private mutating func start(_ id: JobID) {
        if held[id]?.phase == .leased { leased -= 1 }
        held[id]?.phase = .working
        if pools.isLimiting { held[id]?.started = time }
        started += 1
        actions.append(.start(id))
    }

    private mutating func stop(_ ids: [JobID]) {
        let working = ids.filter { held[$0]?.phase == .working }
        for id in ids where held[id]?.phase == .leased { answer(id) }
        guard !working.isEmpty else { return }
        for id in working { held[id]?.phase = .stopping }
        actions.append(.stop(working))
    }

    private mutating func answer(_ id: JobID) {
        if held[id]?.phase == .leased { leased -= 1 }
        held[id]?.phase = .answered
        busy -= 1
        if let kind = held[id]?.kind { pools.left(kind) }
        answers.append(id)
        isStale = true
    }

    private mutating func drop(_ id: JobID) {
        guard let job = held.removeValue(forKey: id) else { return }
        pools.left(job.kind)
        busy -= 1
    }

    /// What to do now.
    package mutating func next() -> [Action] {
        while recordings < Self.mostRecordings, !answers.isEmpty {
            let batch = Array(answers.prefix(Self.largestRecording))
            answers.removeFirst(batch.count)
            for id in batch { held[id]?.phase = .recording }
            recordings += 1
            actions.append(.record(batch))
        }
        defer { actions = [] }
        return actions
    }
}
