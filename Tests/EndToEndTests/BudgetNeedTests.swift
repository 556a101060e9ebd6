import Calls
import EventLog
import Experiments
import Jobs
import Testing

@testable import Cairn

@Suite struct BudgetNeedTests {
    private static func need(
        rest: Spending, budget: Budget, wanted: Spending = Spending(calls: 1), spent: Spending = .zero,
        attempts: Int = 10, answers: Int = 10, most: Int = 5, rule: CallPolicy.Rule = .everyFailureCounts
    ) -> BudgetNeed {
        let stop = RunStopped(budget: budget, end: Position(9), reserved: .zero, spent: spent, wanted: wanted)
        return BudgetNeed(
            SpendingAccount(), rest: rest, stop: stop, sent: attempts, answered: answers,
            policy: CallPolicy(retry: RetryPolicy(attempts: most), rule: rule))
    }

    /// A run that stopped before anything was spent, with forty calls left.
    struct Case: Sendable {
        var attempts = 10
        var answers = 10
        var most = 5
        var rule = CallPolicy.Rule.everyFailureCounts
        let sufficient: Budget
        let likely: Budget
    }

    @Test(arguments: [
        Case(
            sufficient: Budget(maxCalls: 210, maxCost: 620_000, maxTokens: 1_000_000),
            likely: Budget(maxCalls: 45, maxCost: 140_000, maxTokens: 1_000_000)),
        Case(
            attempts: 30, sufficient: Budget(maxCalls: 210, maxCost: 620_000, maxTokens: 1_000_000),
            likely: Budget(maxCalls: 130, maxCost: 390_000, maxTokens: 1_000_000)),
        Case(
            attempts: 3, answers: 0, sufficient: Budget(maxCalls: 210, maxCost: 620_000, maxTokens: 1_000_000),
            likely: Budget(maxCalls: 130, maxCost: 390_000, maxTokens: 1_000_000)),
        Case(
            attempts: 0, answers: 0, most: 1, sufficient: Budget(maxCalls: 41, maxCost: 130_000, maxTokens: 1_000_000),
            likely: Budget(maxCalls: 41, maxCost: 130_000, maxTokens: 1_000_000)),
        Case(
            attempts: 30, rule: .refusalsAreFree,
            sufficient: Budget(maxCalls: 4_200, maxCost: 620_000, maxTokens: 1_000_000),
            likely: Budget(maxCalls: 130, maxCost: 390_000, maxTokens: 1_000_000)),
        Case(
            attempts: 900, answers: 0, rule: .refusalsAreFree,
            sufficient: Budget(maxCalls: 4_200, maxCost: 620_000, maxTokens: 1_000_000),
            likely: Budget(maxCalls: 4_200, maxCost: 620_000, maxTokens: 1_000_000)),
    ])
    func `every call that is left counts as often as it may be sent, or as likely as calls were so far`(given: Case) {
        let need = Self.need(
            rest: Spending(calls: 40, cost: 123_456, tokens: 9_000),
            budget: Budget(maxCalls: 10, maxCost: 5, maxTokens: 1_000_000), attempts: given.attempts,
            answers: given.answers, most: given.most, rule: given.rule)
        #expect(need.sufficient == given.sufficient)
        #expect(need.likely == given.likely)
    }

    @Test(arguments: 1...6) func `calls that all fail at their worst have room to the last`(most: Int) throws {
        let worst = Spending(calls: 1, cost: 4_321, tokens: 77)
        let rest = Spending(calls: 30, cost: 30 * 4_321, tokens: 30 * 77)
        let need = Self.need(
            rest: rest, budget: Budget(maxCalls: 1, maxCost: 1, maxTokens: 1), wanted: worst, attempts: 0, answers: 0,
            most: most)
        var ledger = BudgetLedger(need.sufficient)
        for _ in 0..<30 * most {
            try #require(ledger.verdict(on: worst) == .fits)
            ledger.reserve(worst)
            ledger.settle(worst, used: worst)
        }
        #expect(ledger.spent.calls == 30 * most)
    }

    @Test func `a bound is never below what the next call may need, and one that isn't there stays away`() {
        let need = Self.need(rest: .zero, budget: Budget(maxCost: 5), wanted: Spending(calls: 1, cost: 777))
        #expect(need.sufficient == Budget(maxCost: 780) && need.likely == need.sufficient)
    }

    @Test func `no bound is beyond what a budget can be`() {
        let most = 9_007_199_254_740_991
        let need = Self.need(rest: Spending(calls: most, cost: .max), budget: Budget(maxCalls: 1, maxCost: 1))
        #expect(need.sufficient == Budget(maxCalls: most, maxCost: most) && need.likely == need.sufficient)
        #expect(Budget.nanoDollars("9007199.254740991") == most)
    }

    @Test(arguments: [(0, 0), (7, 7), (99, 99), (100, 100), (101, 110), (123_456, 130_000), (990_001, 1_000_000)])
    func `numbers are rounded up to two digits`(number: Int, rounded: Int) {
        #expect(BudgetNeed.roundedUp(number) == rounded)
    }
}
