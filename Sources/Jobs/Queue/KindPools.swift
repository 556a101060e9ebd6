package import Determinism

/// How the jobs of one kind stand in a worker, and why.
package struct KindStatus: Equatable, Sendable {
    /// How often it crashed within the last minute.
    package let crashes: Int
    package let kind: String
    /// How its last crash was told; nil when it didn't crash since the last that ended well.
    package let lastCrash: String?
    /// What the size was last decided from; nil for a kind without limits of its own.
    package let inputs: PoolSizing.Inputs?
    /// Before this none is begun, after a crash; nil otherwise.
    package let notBefore: Timestamp?
    /// Why none is begun any more; nil otherwise.
    package let pause: KindBreaker.Pause?
    package let running: Int
    /// How many may run; nil for a kind without limits of its own.
    package let target: Int?
}

/// How many jobs of each kind a worker may begin.
///
/// Kinds without limits of their own have only the worker's slots, and cost nothing here as long as none crashes.
package struct KindPools: Sendable {
    /// The limits of one kind.
    package struct Limits: Equatable, Sendable {
        package let least: Int
        package let most: Int
        /// How many bytes each of its jobs may use; nil where that isn't known.
        package let memoryPerJob: Int?

        package init(least: Int = 1, most: Int, memoryPerJob: Int? = nil) {
            precondition(least >= 1 && most >= least, "a kind's pool has room for one job, and no less than its least")
            self.least = least
            self.most = most
            self.memoryPerJob = memoryPerJob
        }
    }

    private struct Pool {
        let limits: Limits
        var target: Int
        var inputs: PoolSizing.Inputs
        var durations = RecentDurations()
        var lastGrowth: Timestamp?
        var idleSince: Timestamp?
        var running = 0
    }

    private let worker: WorkerID
    /// Bytes for all jobs of kinds whose need is known; nil for no limit.
    private let memoryBudget: Int?
    private var memoryInUse = 0
    private var pools: [String: Pool] = [:]
    private var breakers: [String: KindBreaker] = [:]

    package init(worker: WorkerID, limits: [String: Limits], memoryBudget: Int? = nil) {
        self.worker = worker
        self.memoryBudget = memoryBudget
        pools = limits.mapValues { limits in
            Pool(
                limits: limits, target: limits.least,
                inputs: PoolSizing.Inputs(
                    least: limits.least, most: limits.most, current: limits.least, sinceLastGrowth: .zero))
        }
    }

    /// Whether some kind has fewer places than the worker.
    package var isLimiting: Bool { !pools.isEmpty || !breakers.isEmpty }

    /// How many more of a kind may be begun; nil for no limit but the worker's.
    package func room(for kind: String, at now: Timestamp) -> Int? {
        if let breaker = breakers[kind], !breaker.mayBegin(at: now) { return 0 }
        guard let pool = pools[kind] else { return nil }
        let places = max(pool.target - pool.running, 0)
        guard let memoryBudget, let each = pool.limits.memoryPerJob, each > 0 else { return places }
        // One that needs more than there is runs when it is alone.
        let fitting = max((memoryBudget - memoryInUse) / each, memoryInUse == 0 ? 1 : 0)
        return min(places, fitting)
    }

    /// Decides the sizes anew; `ready` is how many of each kind may be begun now.
    package mutating func size(ready: [String: Int], at now: Timestamp) {
        for kind in pools.keys.sorted() {
            guard var pool = pools[kind] else { continue }
            let ready = ready[kind] ?? 0
            if ready > 0 { pool.idleSince = nil } else if pool.idleSince == nil { pool.idleSince = now }
            var inputs = PoolSizing.Inputs(
                least: pool.limits.least, most: pool.limits.most, current: pool.target,
                sinceLastGrowth: pool.lastGrowth.map { now - $0 } ?? PoolSizing.growthInterval)
            inputs.ready = ready
            inputs.medianDuration = pool.durations.median
            inputs.memoryBudget = memoryBudget.map { max($0, pool.limits.memoryPerJob ?? 0) }
            inputs.memoryPerJob = pool.limits.memoryPerJob
            inputs.idleFor = pool.idleSince.map { now - $0 } ?? .zero
            let target = PoolSizing.target(inputs)
            if target > pool.target { pool.lastGrowth = now }
            pool.target = target
            pool.inputs = inputs
            pools[kind] = pool
        }
    }

    package mutating func claimed(_ kind: String) { count(1, of: kind) }

    package mutating func left(_ kind: String) { count(-1, of: kind) }

    private mutating func count(_ change: Int, of kind: String) {
        if pools.isEmpty { return }
        pools[kind]?.running += change
        memoryInUse += change * (pools[kind]?.limits.memoryPerJob ?? 0)
    }

    /// An attempt ended with an answer after a time.
    package mutating func answered(_ kind: String, after length: Microseconds?) {
        if let length { pools[kind]?.durations.add(length) }
        breakers[kind]?.answered()
    }

    /// An attempt crashed; the pause if this was one too many.
    package mutating func crashed(_ kind: String, _ message: String, at now: Timestamp) -> KindBreaker.Pause? {
        breakers[kind, default: KindBreaker(worker: worker, kind: kind)].crashed(message, at: now)
    }

    /// Somebody wants jobs of a kind begun again.
    package mutating func resume(_ kind: String) { breakers[kind]?.resume() }

    /// Why no more jobs of a kind are begun; nil where they are.
    package func pause(of kind: String) -> KindBreaker.Pause? { breakers[kind]?.pause }

    /// The kinds that have limits or have crashed, by name.
    package func statuses(at now: Timestamp) -> [KindStatus] {
        Set(pools.keys).union(breakers.keys).sorted().map { kind in
            let (pool, breaker) = (pools[kind], breakers[kind])
            return KindStatus(
                crashes: breaker?.crashes(at: now) ?? 0, kind: kind, lastCrash: breaker?.lastCrash,
                inputs: pool?.inputs, notBefore: breaker?.notBefore.flatMap { $0 > now ? $0 : nil },
                pause: breaker?.pause,
                running: pool?.running ?? 0, target: pool?.target)
        }
    }
}
