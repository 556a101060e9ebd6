import Determinism
import Testing

@testable import Jobs

@Suite struct PoolSizingTests {
    private func target(
        ready: Int, median: Microseconds? = .seconds(6), least: Int = 1, most: Int = 100, current: Int = 1,
        sinceLastGrowth: Microseconds = .seconds(1), idleFor: Microseconds = .zero, provider: Int? = nil,
        budget: Int? = nil, each: Int? = nil
    ) -> Int {
        var inputs = PoolSizing.Inputs(least: least, most: most, current: current, sinceLastGrowth: sinceLastGrowth)
        inputs.ready = ready
        inputs.medianDuration = median
        inputs.idleFor = idleFor
        inputs.freeProviderSlots = provider
        inputs.memoryBudget = budget
        inputs.memoryPerJob = each
        return PoolSizing.target(inputs)
    }

    @Test(arguments: [(0, 1), (9, 1), (10, 1), (11, 2), (100, 10), (101, 11), (10_000, 100)])
    func `is as large as what is ready needs to be done in a minute`(ready: Int, size: Int) {
        #expect(target(ready: ready, current: 64) == max(size, 64))
        #expect(target(ready: ready, current: 64, idleFor: .seconds(30)) == min(size, 100))
    }

    @Test func `each ready job counts before a duration is known`() {
        #expect(target(ready: 7, median: nil, current: 10, idleFor: .seconds(30)) == 7)
    }

    @Test func `grows to the double at most, a second after it last grew`() {
        #expect(target(ready: 1_000, current: 3) == 6)
        #expect(target(ready: 1_000, current: 3, sinceLastGrowth: .microseconds(999_999)) == 3)
        #expect(target(ready: 50, current: 3) == 5)
        #expect(target(ready: 1_000, current: 0, sinceLastGrowth: .zero) == 1)
    }

    @Test func `shrinks only after half a minute without need`() {
        #expect(target(ready: 0, current: 40, idleFor: .microseconds(29_999_999)) == 40)
        #expect(target(ready: 0, current: 40, idleFor: .seconds(30)) == 1)
        #expect(target(ready: 0, least: 4, current: 40, idleFor: .seconds(30)) == 4)
    }

    @Test func `a limit counts at once, also below the least`() {
        #expect(target(ready: 1_000, current: 40, provider: 3) == 3)
        #expect(target(ready: 1_000, current: 40, budget: 1_000, each: 300) == 3)
        #expect(target(ready: 1_000, current: 40, budget: 1_000, each: 0) == 80)
        #expect(target(ready: 1_000, least: 5, current: 5, provider: 0) == 0)
        #expect(target(ready: 1_000, most: 50, current: 40) == 50)
    }

    @Test func `work that can't be counted needs all the room there is`() {
        #expect(target(ready: .max, median: .hours(24 * 7), current: 64) == 100)
    }

    @Test func `of the last 64 durations the middle one counts`() {
        var recent = RecentDurations()
        #expect(recent.median == nil)
        for seconds in 1...4 { recent.add(.seconds(Int64(seconds))) }
        #expect(recent.median == .seconds(2))
        for _ in 0..<60 { recent.add(.seconds(9)) }
        #expect(recent.median == .seconds(9))
        for _ in 0..<64 { recent.add(.seconds(3)) }
        #expect(recent.median == .seconds(3))
    }

    /// Virtual time: 600 jobs of 6 s become ready, a look every half second, until all has been idle for a while.
    @Test func `a pool grows by doubling to what it needs, and is small again when nothing waits`() {
        var pools = KindPools(worker: Sample.a, limits: ["work": KindPools.Limits(most: 40)])
        for _ in 0..<10 {
            pools.claimed("work")
            pools.left("work")
            pools.answered("work", after: .seconds(6))
        }
        var sizes: [Int] = []
        for half in 0..<12 as Range<Int64> {
            pools.size(ready: ["work": 600], at: Sample.at(0) + .milliseconds(half * 500))
            sizes.append(pools.room(for: "work", at: Sample.at(0)) ?? 0)
        }
        #expect(sizes == [2, 2, 4, 4, 8, 8, 16, 16, 32, 32, 40, 40])
        pools.size(ready: [:], at: Sample.at(10))
        pools.size(ready: [:], at: Sample.at(39))
        #expect(pools.room(for: "work", at: Sample.at(39)) == 40)
        pools.size(ready: [:], at: Sample.at(40))
        #expect(pools.room(for: "work", at: Sample.at(40)) == 1)
        let status = pools.statuses(at: Sample.at(40))
        #expect(status.map(\.kind) == ["work"])
        #expect(status[0].target == 1 && status[0].inputs?.medianDuration == .seconds(6))
    }

    @Test func `kinds share the memory, and one that needs more than there is runs alone`() {
        let limits = [
            "large": KindPools.Limits(least: 4, most: 4, memoryPerJob: 600),
            "small": KindPools.Limits(least: 8, most: 8, memoryPerJob: 100),
            "huge": KindPools.Limits(most: 4, memoryPerJob: 5_000),
        ]
        var pools = KindPools(worker: Sample.a, limits: limits, memoryBudget: 1_000)
        pools.size(ready: ["large": 9, "small": 9, "huge": 9], at: Sample.at(0))
        func room(_ kind: String) -> Int? { pools.room(for: kind, at: Sample.at(0)) }
        #expect(room("large") == 1 && room("small") == 8 && room("huge") == 1)
        pools.claimed("large")
        #expect(room("large") == 0 && room("small") == 4 && room("huge") == 0)
        pools.claimed("small")
        pools.left("large")
        #expect(room("large") == 1 && room("small") == 7 && room("huge") == 0)
        pools.left("small")
        #expect(room("huge") == 1)
    }

    @Test func `a kind without limits of its own has the worker's`() {
        let pools = KindPools(worker: Sample.a, limits: ["work": KindPools.Limits(least: 2, most: 40)])
        #expect(pools.room(for: "noop", at: Sample.at(0)) == nil)
        #expect(pools.room(for: "work", at: Sample.at(0)) == 2)
        #expect(!KindPools(worker: Sample.a, limits: [:]).isLimiting)
    }
}
