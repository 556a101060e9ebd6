import Calls
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Projections
import Providers
import TestSupport
import Testing

@Suite("Budgets of runs")
struct RunBudgetTests {
    private static func definition() throws -> ExperimentDefinition {
        var definition = JobPlanTests.definition()
        definition.samples = 6
        definition.scenarios[1].variables = ["season": "autumn"]
        definition.judges = []
        definition.limits.concurrency = 8
        let price = ModelPrice(
            rates: .init(input: PicoDollars(rawValue: 1_000_000), output: PicoDollars(rawValue: 1_000_000)))
        for index in definition.models.indices {
            definition.models[index].price = price
            definition.models[index].parameters.maxTokens = 50
        }
        return definition
    }

    /// One process, as `cairn run` would be with these options.
    private func work(
        _ bench: RunBench, _ definition: ExperimentDefinition, file: Budget? = nil, option: Budget? = nil,
        worker: String, answer: String = "a poem"
    ) async throws -> RunExecutor.Report {
        let run = JobPlan.runID(of: definition.digest)
        var effects = bench.effects
        effects.pause = { length in
            // why: ends with the task alone; nothing waits for this time.
            if length > .seconds(30) { try await Task.sleep(for: .seconds(3_600)) }
        }
        let known = try CommandHandler<RunBudget>(log: bench.log, effects: effects, worker: nil).load(run.rawValue)
            .state
        let changes = RunBudget.changes(file: file, option: option, known)
        let gate = try RunGate.load(
            for: run, of: definition, budget: changes.last?.budget ?? known.inForce, from: bench.log, effects: effects,
            inner: OpenGate())
        let environment = RunEnvironment(
            log: bench.log, views: bench.views, effects: effects, worker: WorkerID(identifying: [worker]),
            liveness: OthersGone(but: WorkerID(identifying: [worker])),
            interruption: GracePeriod(.hours(1), effects: effects),
            transport: ScriptedTransport { _ in .answer(answer) }, gate: gate, key: { _ in nil },
            budgetChanges: changes)
        return try await RunExecutor(definition, run: run, in: environment, logger: RunBench.silent).execute()
    }

    @Test("at every event what is spent and what is kept back are within the budget, over stops and resumptions")
    func holds() async throws {
        let bench = try RunBench()
        let definition = try Self.definition()
        let stopped = try await work(bench, definition, file: Budget(maxCost: 300_000), worker: "a")
        #expect(stopped.isDrained && stopped.row.stage == .stopped)
        #expect(stopped.row.stop?.budget == Budget(maxCost: 300_000))
        let again = try await work(
            bench, definition, file: Budget(maxCost: 300_000), option: Budget(maxCalls: 14, maxCost: 5_000_000),
            worker: "b")
        #expect(again.row.stage == .stopped && again.row.stop?.spent.calls == 14)
        let done = try await work(
            bench, definition, file: Budget(maxCost: 300_000), option: Budget(maxCalls: 1_000), worker: "c")
        #expect(done.row.stage == .complete)
        try checkEveryEvent(bench, definition)
        let (same, different) = try bench.deriveAgain()
        #expect(different.isEmpty && same["run.stopped"] == 2)
        #expect(try bench.events(RunBudgetChanged.type).count == 3)
    }

    private func checkEveryEvent(_ bench: RunBench, _ definition: ExperimentDefinition) throws {
        let bounds = SpendingBounds(definition)
        var account = SpendingAccount()
        var budget = Budget()
        for event in try bench.events() {
            if event.hasType(RunBudgetChanged.type) { budget = try event.decode(RunBudgetChanged.self).budget }
            if SpendingAccount.types.contains(event.type) {
                try account.take(event) { bounds.reservation(of: $0, bodyBytes: 0) }
            }
            let all = account.spent + account.reserved
            #expect(all.cost <= budget.maxCost ?? .max && all.calls <= budget.maxCalls ?? .max, "at \(event.position)")
        }
        #expect(account.spent.calls == 24 && account.reserved == .zero)
    }

    @Test("a model without a price stops the run before anything is recorded")
    func noPrice() async throws {
        let bench = try RunBench()
        var definition = try Self.definition()
        definition.models[0].price = nil
        definition.models[1].parameters.maxTokens = nil
        let problem = await #expect(throws: BudgetProblem.self) {
            _ = try await work(bench, definition, file: Budget(maxCost: 1), worker: "a")
        }
        #expect(problem?.objections.count == 2)
        #expect(try bench.log.head().size == 0)
    }

    @Test("the file's budget counts until an option replaces it, and again when the file changes")
    func changes() {
        let (small, large) = (Budget(maxCost: 5), Budget(maxCost: 9))
        var state = RunBudget.initial
        state.isSubmitted = true
        let first = RunBudget.changes(file: small, option: nil, state)
        #expect(first == [RunBudgetChanged(budget: small, source: .file)])
        state = RunBudget.fold(first.map(RunEvent.budgetChanged), from: state)
        let second = RunBudget.changes(file: small, option: large, state)
        #expect(second == [RunBudgetChanged(budget: large, source: .option)])
        state = RunBudget.fold(second.map(RunEvent.budgetChanged), from: state)
        #expect(RunBudget.changes(file: small, option: nil, state) == [])
        #expect(state.inForce == large)
        let other = Budget(maxTokens: 3)
        #expect(RunBudget.changes(file: other, option: nil, state).map(\.budget) == [other])
        #expect(decision(RunBudget.self, given: [], when: .change(first[0])) == .failure(.notSubmitted))
    }

    @Test("a forecast counts every call and knows the worst")
    func forecast() throws {
        var definition = try Self.definition()
        let forecast = try RunForecast(definition)
        #expect(forecast.total.calls == 24 && forecast.rows.count == 2)
        #expect(forecast.total.output == 24 * 50)
        let worst = try #require(forecast.total.worstCost)
        #expect(worst > forecast.total.cost ?? .max)
        let some = try RunForecast(definition) { model, _, _ in model == definition.models[0].id ? 2 : 0 }
        #expect(some.total.calls == 4 && some.rows.map(\.calls) == [4, 0])
        definition.models[0].price = nil
        #expect(try RunForecast(definition).total.cost == nil)
    }

    @Test("what is kept back for calls behind answers of eight bytes a token is within the forecast's worst case")
    func worstCase() async throws {
        let bench = try RunBench()
        let definition = try Self.definition()
        let longest = String(repeating: "of eight", count: 50)
        let done = try await work(
            bench, definition, file: Budget(maxTokens: 1_000_000), worker: "a", answer: longest)
        #expect(done.row.stage == .complete)
        let reserved = try bench.events(CallStarted.type)
            .map { try $0.decode(CallStarted.self).reserved?.tokens ?? 0 }
            .reduce(0, +)
        let worst = try #require(try RunForecast(definition).total.worstTokens)
        #expect((1...worst).contains(reserved), "\(reserved) of \(worst)")
    }
}
