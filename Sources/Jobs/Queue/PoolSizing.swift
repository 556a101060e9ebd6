package import Determinism

/// How many jobs of one kind a worker runs at once: as many as drain what is ready in the wanted time.
package enum PoolSizing {
    /// How long a size stays before it may double.
    package static let growthInterval = Microseconds.seconds(1)
    /// How long a pool has more room than it needs before it shrinks.
    package static let idleBeforeShrinking = Microseconds.seconds(30)
    /// In what time that which is ready is to be done.
    package static let wantedDrain = Microseconds.seconds(60)

    /// What a decision is made from.
    package struct Inputs: Equatable, Sendable {
        /// How many jobs may be begun now.
        package var ready = 0
        /// How long such jobs took lately; nil before the first has ended.
        package var medianDuration: Microseconds?
        package var wantedDrain = PoolSizing.wantedDrain
        /// The least and the most at once; a limit below the least counts.
        package var least: Int
        package var most: Int
        /// How many the provider lets this kind run; nil where there is none.
        package var freeProviderSlots: Int?
        /// Bytes for all jobs of the kind, and for each; nil where none is known.
        package var memoryBudget: Int?
        package var memoryPerJob: Int?
        /// The size that was decided last.
        package var current: Int
        package var sinceLastGrowth: Microseconds
        /// How long nothing has waited for room.
        package var idleFor: Microseconds = .zero

        package init(least: Int, most: Int, current: Int, sinceLastGrowth: Microseconds) {
            self.least = least
            self.most = most
            self.current = current
            self.sinceLastGrowth = sinceLastGrowth
        }
    }

    /// The size from now on.
    ///
    /// `ready` × median ÷ wanted drain, rounded up, within the limits. Before a duration is known each ready job counts as
    /// one that needs room of its own. Grows at most to the double in a second, and shrinks only when it was idle; a limit
    /// that became lower counts at once.
    package static func target(_ inputs: Inputs) -> Int {
        let ceiling = ceiling(inputs)
        let wanted = min(max(need(inputs), inputs.least), ceiling)
        let current = min(inputs.current, ceiling)
        if wanted > current {
            guard inputs.sinceLastGrowth >= growthInterval || current == 0 else { return current }
            return min(wanted, max(current * 2, 1))
        }
        return inputs.idleFor >= idleBeforeShrinking ? wanted : current
    }

    private static func need(_ inputs: Inputs) -> Int {
        guard let median = inputs.medianDuration, inputs.wantedDrain > .zero else { return inputs.ready }
        let (work, overflows) = Int64(inputs.ready).multipliedReportingOverflow(by: median.count)
        let drain = inputs.wantedDrain.count
        return overflows ? inputs.ready : Int(work / drain + (work % drain == 0 ? 0 : 1))
    }

    private static func ceiling(_ inputs: Inputs) -> Int {
        var ceiling = inputs.most
        if let free = inputs.freeProviderSlots { ceiling = min(ceiling, free) }
        if let budget = inputs.memoryBudget, let each = inputs.memoryPerJob, each > 0 {
            ceiling = min(ceiling, budget / each)
        }
        return max(ceiling, 0)
    }
}

/// The last durations of jobs of one kind, and their median.
package struct RecentDurations: Sendable {
    /// How many count.
    package static let most = 64

    private var ring: [Microseconds] = []
    private var next = 0

    package init() {}

    package mutating func add(_ duration: Microseconds) {
        if ring.count < Self.most { ring.append(duration) } else { ring[next] = duration }
        next = (next + 1) % Self.most
    }

    /// Of an even number the lower of the two in the middle; nil of none.
    package var median: Microseconds? { ring.isEmpty ? nil : ring.sorted()[(ring.count - 1) / 2] }
}
