package import EventLog

/// The rules of a pool of slots: which of the things that could be done are begun, and when it is over.
///
/// Knows what is under way and what could come next; begins nothing itself. One piece of work is known by its job and
/// the revision at which the job's stream stood, so that the same step is never taken twice.
package struct PoolState: Sendable {
    /// How many jobs may run at once.
    package struct Limits: Equatable, Sendable {
        package let total: Int
        /// By lane; a lane that isn't named is bounded by `total` alone.
        package let lanes: [String: Int]

        package init(total: Int, lanes: [String: Int] = [:]) {
            precondition(total >= 1 && lanes.values.allSatisfy { $0 >= 1 }, "a pool without slots never ends")
            self.total = total
            self.lanes = lanes
        }

        /// No limit: in replay the recorded order decides.
        static let none = Limits(total: .max)
        var isNone: Bool { total == .max }

        func limit(of lane: String) -> Int { min(lanes[lane] ?? total, total) }
    }

    /// A job and what is known about it.
    package struct Candidate: Equatable, Sendable {
        package let id: JobID
        package let job: QueuedJob

        package init(_ id: JobID, _ job: QueuedJob) {
            self.id = id
            self.job = job
        }

        var order: (Int, Position) { (job.progress.submission.ordinal, job.position) }
        package var key: StepKey { StepKey(job: id, revision: job.revision) }
    }

    /// A step that is under way.
    package struct StepKey: Hashable, Sendable {
        package let job: JobID
        /// Where the job's stream stood before the step.
        package let revision: Revision

        package init(job: JobID, revision: Revision) {
            self.job = job
            self.revision = revision
        }
    }

    package enum Action: Equatable, Sendable {
        /// Lease the job and run it.
        case claim(Candidate)
        /// Decide when a failed job is tried again.
        case decideRetry(Candidate)
        /// Skip a job that can never run.
        case skip(Candidate)
        /// Wait until a job may be tried again.
        case awaitRetry(Candidate)
        /// Wait until somebody else's lease is lost, and take the job away.
        case watch(Candidate)
    }

    private struct Work: Sendable {
        var isClaim: Bool
        var isLeased = false
        var hasSlot: Bool
        /// Its slot counts for its lane alone.
        var isAside = false
        let lane: String
    }

    private let limits: Limits
    private var work: [JobID: [Revision: Work]] = [:]
    private var slots = 0
    /// How many claims have no lease yet.
    private var unleased = 0
    private var slotsOfLane: [String: Int] = [:]
    /// Jobs that stepped aside and could go on, the first to ask first.
    private var returning: [StepKey] = []
    /// Ready jobs by lane, in order; as of the last look.
    private var queues: [String: [Candidate]] = [:]
    /// Retries whose time has come.
    private var due: Set<StepKey> = []
    private var actions: [Action] = []
    /// Whether something changed since the last look.
    package private(set) var isStale = true
    /// Jobs still to be worked on, as of the last look; nil before the first.
    private var outstanding: Int?
    package private(set) var isDraining = false
    /// Whether claims go on all the same: those that a recorded worker still made.
    package private(set) var claimsGoOn = false

    package init(limits: Limits) { self.limits = limits }

    /// How many jobs are claimed; some of them may have given their slot back.
    package private(set) var claims = 0
    /// As many of them as have told that they have their lease.
    package var leasedClaims: Int { claims - unleased }
    /// Whether no step is under way.
    package var isIdle: Bool { work.isEmpty }
}

/// What happens.
extension PoolState {
    /// The log grew.
    package mutating func changed() { isStale = true }

    /// The lease is ours; from now on nothing else is done with the job until the step ends.
    package mutating func leased(_ key: StepKey) {
        guard work[key.job]?[key.revision]?.isLeased == false else { return }
        work[key.job]?[key.revision]?.isLeased = true
        leaseSettled()
    }

    /// A claim has its lease, or won't get it.
    private mutating func leaseSettled() {
        unleased -= 1
        if limits.isNone, unleased == Self.mostUnleased / 2 { isStale = true }
    }

    /// A step is over, whatever came of it.
    package mutating func ended(_ key: StepKey) {
        guard let ended = work[key.job]?.removeValue(forKey: key.revision) else {
            preconditionFailure("a step ends once, and only after it was begun")
        }
        if work[key.job]?.isEmpty == true { work[key.job] = nil }
        if ended.isClaim {
            claims -= 1
            if !ended.isLeased { leaseSettled() }
        }
        if ended.hasSlot { free(ended) }
        isStale = true
    }

    /// The handler is done, and only its result is still to be recorded: the next job may begin meanwhile.
    package mutating func returned(_ key: StepKey) {
        guard let work = work[key.job]?[key.revision], work.hasSlot else { return }
        self.work[key.job]?[key.revision]?.hasSlot = false
        free(work)
        isStale = true
    }

    private mutating func free(_ work: Work) {
        if !work.isAside { slots -= 1 }
        slotsOfLane[work.lane, default: 0] -= 1
    }

    /// The job can do nothing but wait for what its lane needs: jobs of other lanes may have its slot.
    package mutating func steppedAside(_ key: StepKey) {
        guard let work = work[key.job]?[key.revision], work.hasSlot, !work.isAside else { return }
        self.work[key.job]?[key.revision]?.isAside = true
        slots -= 1
        isStale = true
    }

    /// A job that stepped aside could go on.
    package mutating func wantsBack(_ key: StepKey) { returning.append(key) }

    /// The time for another attempt has come.
    package mutating func due(_ key: StepKey) {
        ended(key)
        due.insert(key)
    }

    /// Nothing new is begun from now on.
    ///
    /// `claimsGoOn` is for replay: claims that were under way when a worker drained come after that in its record, and
    /// are begun until `claimsEnded`.
    package mutating func drain(claimsGoOn: Bool = false) {
        precondition(actions.isEmpty, "what was begun is taken before anything else happens")
        isDraining = true
        self.claimsGoOn = claimsGoOn
        isStale = true
        queues = [:]
    }

    /// The record has no more claims.
    package mutating func claimsEnded() { claimsGoOn = false }
}

/// What to do.
extension PoolState {
    /// Whether it is worth looking at what could be done: something changed, and there is a slot that nothing waits for.
    package var needsLook: Bool {
        guard isStale, !isDraining || claimsGoOn else { return false }
        let free = limits.total - slots
        return free > 0 && waiting < free
    }

    private var waiting: Int { queues.reduce(0) { $0 + min($1.value.count, room(in: $1.key)) } }

    private func room(in lane: String) -> Int {
        max(0, min(limits.limit(of: lane) - slotsOfLane[lane, default: 0], limits.total - slots))
    }

    /// A look begins; it must be followed by what was seen.
    package mutating func look(outstanding: Int) {
        isStale = false
        self.outstanding = outstanding
        queues = [:]
    }

    /// How many ready jobs of a lane are worth reading: those that fit, and some for when slots get free.
    package func wanted(in lane: String) -> Int {
        let room = room(in: lane)
        return room == 0 ? 0 : room + Self.readAhead
    }

    private static var readAhead: Int { 128 }

    /// How many recorded claims may be begun in addition to those that wait for their lease.
    package var recordedClaims: Int { max(0, Self.mostUnleased - unleased) }

    private static var mostUnleased: Int { 256 }

    /// Whether a job at this revision is being dealt with already.
    package func isTaken(_ id: JobID, at revision: Revision) -> Bool {
        guard let steps = work[id] else { return false }
        return steps[revision] != nil || steps.values.contains { $0.isLeased }
    }

    /// Whether this very step is under way.
    package func isBegun(_ key: StepKey) -> Bool { work[key.job]?[key.revision] != nil }

    /// Ready jobs of a lane were seen, in order.
    package mutating func sawReady(_ candidates: [Candidate], in lane: String) {
        queues[lane, default: []] += candidates.filter { !isTaken($0.id, at: $0.job.revision) }
    }

    /// A job that waits for its next attempt was seen.
    package mutating func sawRetrying(_ candidate: Candidate) {
        guard !isTaken(candidate.id, at: candidate.job.revision) else { return }
        guard due.contains(candidate.key) else { return begin(.awaitRetry(candidate), candidate) }
        var queue = queues[candidate.job.lane] ?? []
        let place = queue.firstIndex { candidate.order < $0.order } ?? queue.count
        queue.insert(candidate, at: place)
        queues[candidate.job.lane] = queue
    }

    /// A job was seen that an event must be written for.
    package mutating func sawUnsettled(_ candidate: Candidate) {
        guard !isTaken(candidate.id, at: candidate.job.revision) else { return }
        switch candidate.job.place {
        case .undecided: begin(.decideRetry(candidate), candidate)
        case .doomed: begin(.skip(candidate), candidate)
        case .waiting, .ready, .retrying, .running, .failed, .skipped: break
        }
    }

    /// A job was seen that somebody else has.
    package mutating func sawElsewhere(_ candidate: Candidate) {
        guard !isTaken(candidate.id, at: candidate.job.revision) else { return }
        begin(.watch(candidate), candidate)
    }

    /// A job is held by this worker; if no step of its works on it, the lease is lost.
    package mutating func sawHeld(_ candidate: Candidate) {
        guard work[candidate.id]?.values.contains(where: \.isClaim) != true else { return }
        sawElsewhere(candidate)
    }

    private mutating func begin(_ action: Action, _ candidate: Candidate, isClaim: Bool = false) {
        guard !isDraining || isClaim && claimsGoOn else { return }
        work[candidate.id, default: [:]][candidate.job.revision] = Work(
            isClaim: isClaim, hasSlot: isClaim, lane: candidate.job.lane)
        actions.append(action)
    }

    /// The jobs that have a slot again after they stepped aside; they come before anything new.
    package mutating func readmitted() -> [StepKey] {
        var keys: [StepKey] = []
        while slots < limits.total, !returning.isEmpty {
            let key = returning.removeFirst()
            guard let work = work[key.job]?[key.revision], work.hasSlot, work.isAside else { continue }
            self.work[key.job]?[key.revision]?.isAside = false
            slots += 1
            keys.append(key)
        }
        return keys
    }

    /// Everything to begin now; jobs in the order of the plan, as far as their lanes have room.
    package mutating func next() -> [Action] {
        while !isDraining || claimsGoOn, slots < limits.total, let candidate = takeFirst() {
            due.remove(candidate.key)
            slots += 1
            claims += 1
            unleased += 1
            slotsOfLane[candidate.job.lane, default: 0] += 1
            begin(.claim(candidate), candidate, isClaim: true)
        }
        defer { actions = [] }
        return actions
    }

    private mutating func takeFirst() -> Candidate? {
        let open = queues.filter { !$0.value.isEmpty && room(in: $0.key) > 0 }
        // Positions differ, so the smallest is one and the dictionary's order can't show.
        guard let lane = open.min(by: { $0.value[0].order < $1.value[0].order })?.key else { return nil }
        return queues[lane]?.removeFirst()
    }

    package enum End: Equatable, Sendable {
        /// Nothing is left to do in the run.
        case finished
        /// It was asked to end, and nothing of it is under way any more.
        case drained
    }

    /// Whether it is over.
    ///
    /// Steps may still be under way when a run is finished: they wait for what can't come.
    package var end: End? {
        if isDraining { return isIdle && !claimsGoOn ? .drained : nil }
        return outstanding == 0 && !isStale ? .finished : nil
    }
}
