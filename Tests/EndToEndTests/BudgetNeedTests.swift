import Calls
import EventLog
import Experiments
import Testing

@testable import Cairn

@Suite struct BudgetNeedTests {
    private static func usage(attempts: Int) -> UsageRow {
        var row = UsageRow()
        row.attempts = attempts
        return row
    }

    private static func need(rest: Spending, budget: Budget, wanted: Spending) -> BudgetNeed {
        let stop = RunStopped(budget: budget, end: Position(9), reserved: .zero, spent: .zero, wanted: wanted)
        return BudgetNeed(SpendingAccount(), rest: rest, stop: stop, usage: [usage(attempts: 3)])
    }

    @Test func `what is left gets room for repetitions, in numbers that are easily typed`() {
        let rest = Spending(calls: 40, cost: 123_456, tokens: 9_000)
        let need = Self.need(
            rest: rest, budget: Budget(maxCalls: 10, maxCost: 5, maxTokens: 1_000_000), wanted: Spending(calls: 1))
        #expect(need.sufficient == Budget(maxCalls: 45, maxCost: 140_000, maxTokens: 1_000_000))
    }

    @Test func `a bound is never below what the next call may need, and one that isn't there stays away`() {
        let need = Self.need(rest: .zero, budget: Budget(maxCost: 5), wanted: Spending(calls: 1, cost: 777))
        #expect(need.sufficient == Budget(maxCost: 780))
    }

    @Test(arguments: [(0, 0), (7, 7), (99, 99), (100, 100), (101, 110), (123_456, 130_000), (990_001, 1_000_000)])
    func `numbers are rounded up to two digits`(number: Int, rounded: Int) {
        #expect(BudgetNeed.roundedUp(number) == rounded)
    }
}
