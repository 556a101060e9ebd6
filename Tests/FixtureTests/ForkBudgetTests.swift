import Cairn
import Calls
import Deciders
import EventLog
import Experiments
import Foundation
import Jobs
import Replay
import Scoring
import TestSupport
import Testing

/// Forks with another budget: none spends more than it, and one that can't be kept to makes none.
@Suite struct ForkBudgetTests {
    /// A budget's part as a share of what the recorded run spent.
    enum Part: CaseIterable {
        case calls, cost, tokens

        func budget(_ spent: Spending, eighths: Int) -> Budget {
            switch self {
            case .calls: Budget(maxCalls: spent.calls * eighths / 8)
            case .cost: Budget(maxCost: spent.cost * eighths / 8)
            case .tokens: Budget(maxTokens: spent.tokens * eighths / 8)
            }
        }
    }

    @Test(arguments: Part.allCases) func aForkNeverSpendsMoreThanItsBudget(part: Part) async throws {
        let parent = try await Fixture(name: "budget-stream-reuse").imported()
        let run = try #require(try ForkService(parent: parent.store).runs(nil).first)
        let whole = try Self.account(of: run, in: parent.store)
        try #require(whole.spent.calls > 0 && whole.spent.cost > 0 && whole.spent.tokens > 0)
        var sent: [Int] = []
        for eighths in [0, 1, 2, 4, 7, 8, 16, 64] {
            let budget = part.budget(whole.spent, eighths: eighths)
            let directory = try TemporaryDirectory("fork-budget")
            let path = directory.path("fork")
            _ = try await ForkService(parent: parent.store).make(at: path, with: [.budget(budget)], of: [run])
            let fork = try Store.open(at: path)
            defer { fork.close() }
            sent.append(try Self.checkEveryCall(of: run, in: fork, budget))
        }
        #expect(sent.first == 0 && sent == sent.sorted() && sent.last == whole.spent.calls, "\(sent)")
    }

    /// At each event what is spent, and what may yet come of what is under way, is within the budget.
    private static func checkEveryCall(of run: RunID, in store: Store, _ budget: Budget) throws -> Int {
        let bounds = SpendingBounds(try definition(of: run, in: store))
        var account = SpendingAccount()
        try store.log.scan { event in
            guard try event.metadata().run == run.rawValue, SpendingAccount.types.contains(event.type) else { return }
            try account.take(event) { started in
                bounds.reservation(of: started, bodyBytes: try store.log.blob(started.request)?.count ?? 0)
            }
            let all = account.spent + account.reserved
            #expect(all.calls <= budget.maxCalls ?? .max && all.cost <= budget.maxCost ?? .max, "\(budget): \(all)")
            #expect(all.tokens <= budget.maxTokens ?? .max, "\(budget): \(all)")
        }
        return account.spent.calls
    }

    private static func account(of run: RunID, in store: Store) throws -> SpendingAccount {
        try RunSpending.account(of: run, in: store.log, bounds: SpendingBounds(try definition(of: run, in: store)))
            .account
    }

    private static func definition(of run: RunID, in store: Store) throws -> ExperimentDefinition {
        try #require(try ForkService(parent: store).definitions(of: [run]).first)
    }

    /// Two of its models have neither `max_tokens` nor prices: as a run would be, the fork is refused first of all.
    @Test(arguments: [
        ([Budget(maxCost: 5_000_000)], 4), ([Budget(maxTokens: 500)], 2), ([Budget(maxTokens: .max)], 2),
        ([Budget(maxCalls: 1, maxTokens: 0)], 2), ([Budget(maxCalls: 1), Budget(maxTokens: 500)], 2),
    ]) func aBudgetThatNobodyCanKeepToIsRefused(budgets: [Budget], count: Int) async throws {
        let parent = try await Fixture(name: "clean-run").imported()
        let runs = try ForkService(parent: parent.store).runs(nil)
        let directory = try TemporaryDirectory("fork-budget")
        let changes = [Substitution.ranking(.median)] + budgets.map(Substitution.budget)
        let keeping = WhatIfService.Keeping(path: directory.path("kept")) { _ in Issue.record("nothing is made") }
        for keeping in [nil, keeping] {
            let problem = await #expect(throws: BudgetProblem.self) {
                _ = try await WhatIfService(store: parent.store).report(on: runs, with: changes, keeping: keeping)
            }
            let objections = try #require(problem?.objections)
            #expect(objections.count == count && objections.count { $0.contains("has no max_tokens") } == 2)
        }
        await #expect(throws: BudgetProblem.self) {
            _ = try await ForkService(parent: parent.store).make(
                at: directory.path("made"), with: changes, of: runs)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
    }

    @Test func aBudgetOfCallsAloneNeedsNoBounds() async throws {
        let parent = try await Fixture(name: "clean-run").imported()
        let runs = try ForkService(parent: parent.store).runs(nil)
        let report = try await WhatIfService(store: parent.store).report(
            on: runs, with: [.budget(Budget(maxCalls: 3))])
        #expect(report.runs.allSatisfy { $0.scores.gone > 0 })
    }
}
