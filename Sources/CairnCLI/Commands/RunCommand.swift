import ArgumentParser
import Cairn
import Calls
import CanonicalJSON
import Determinism
import EventLog
import Experiments
import Glibc
import HTTPTransport
import Jobs
import Providers
import SimulatedProviders

/// The command `cairn run FILE.yaml`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run an experiment: submit its jobs, work until done, rank.",
        discussion: """
            The same command resumes a run that was stopped or killed; no answered call is paid for twice. Ctrl-C \
            begins nothing new, waits --grace for calls under way, cancels the others and leaves the rest for \
            the next time; once more cuts them short at once. Exits with 3 when cells are missing.

            EXAMPLE
              cairn run tools/examples/haiku.yaml
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Argument(help: "The experiment file (schemas/experiment.json describes it).")
    var file: String

    @Option(help: "Tells runs of the same experiment apart; without it the same file is the same run.")
    var label: String?

    @Option(help: "At most this many jobs at once, whatever the experiment says.")
    var concurrency: Int?

    @Option(
        help: ArgumentHelp(
            "How long Ctrl-C waits for calls under way, as in 5 or 2m; default: 1s; those that are cut are asked again.",
            valueName: "length"), transform: LengthArgument.init)
    var grace = LengthArgument(seconds: 1)

    @Option(help: "Stop before more dollars than this are spent, as in 12.50; takes the place of the budget's bound.")
    var maxCost: String?

    @Option(help: "Stop before more tokens than this are used.")
    var maxTokens: Int?

    @Option(help: "Stop before more calls than this are made.")
    var maxCalls: Int?

    @Option(help: "A table of prices in LiteLLM's form, for models that have none in the file.")
    var prices: String?

    @Flag(help: "Say what would be sent, what of it is left if the run is in the store, and the cost; record nothing.")
    var dryRun = false

    @Flag(help: "Try again what failed or was skipped in an earlier run.")
    var retryFailed = false

    func validate() throws {
        if let concurrency, concurrency < 1 {
            throw ValidationError("--concurrency takes a number from 1; found \(concurrency)")
        }
        if let label, label.allSatisfy(\.isWhitespace) {
            throw ValidationError("--label takes a name; found «\(label)», which has nothing to see in it")
        }
        let largest = Int(JSONValue.largestInteger)
        for (name, bound) in [("--max-tokens", maxTokens), ("--max-calls", maxCalls)] {
            guard (0...largest).contains(bound ?? 0) else {
                throw ValidationError("\(name) takes a number from 0 to \(Quantities.grouped(largest))")
            }
        }
        if let maxCost, Budget.nanoDollars(maxCost) == nil {
            throw ValidationError("--max-cost takes dollars up to 9007199, as in 12.50; found \(maxCost)")
        }
        try grace.check("--grace", from: "0s", to: "1d")
    }

    func run() async throws {
        let experiment = try load()
        let definition = experiment.definition
        let keys = try loadKeys()
        let missing = keys.missing(for: definition)
        if dryRun { return try forecast(definition, missing) }
        if let key = missing.first { throw Failure(.usage, "\(key)") }
        let store = try Store.open(at: store.path, .create)
        defer { store.close() }
        let display = RunDisplay(store: store)
        let report = try await Simulation.provide(for: definition) { routes in
            try await work(on: experiment, in: store, keys, routes, showing: display)
        }
        let need =
            try report.row.isStopped
            ? report.row.stop.map { try BudgetNeed(of: report.run, definition, $0, in: store) } : nil
        let usage = try store.usage(of: report.run)
        try store.keepSnapshots()
        try print(RunSummary(report: report, waits: display.waits, cut: usage.pending, need: need))
    }

    private func load() throws -> Experiment {
        do {
            return try ExperimentLoader.experiment(file, prices: prices, simulation: Simulation.problem) { name in
                getenv(name).map { String(cString: $0) }
            }
        } catch let problems as ExperimentProblems {
            throw Failure(file, problems)
        } catch let failure as ExperimentLoader.Failure {
            throw Failure(.usage, "can't read \(failure.path): \(failure.reason)")
        }
    }

    private func loadKeys() throws -> KeyRing {
        do throws(KeyRing.Failure) {
            return try KeyRing.load()
        } catch {
            throw Failure(.usage, "\(error)")
        }
    }

    private func work(
        on experiment: Experiment, in store: Store, _ keys: KeyRing, _ routes: [RoutingTransport.Route],
        showing display: RunDisplay
    ) async throws -> RunExecutor.Report {
        if let problem = CurlTransport.libraryProblem { throw Failure(.failed, problem) }
        let definition = experiment.definition
        let most = max(256, concurrency ?? definition.limits.concurrency)
        let isLocal = (definition.models + definition.judges.map(\.model)).allSatisfy { $0.provider == "simulated" }
        let curl = CurlTransport(
            configuration: .init(
                maxTransfers: most, maxTransfersPerHost: most, usesEnvironmentProxy: !isLocal))
        defer { curl.shutdown() }
        let service = RunService(
            store: store, transport: RoutingTransport(curl, routes: routes), keys: keys,
            logger: LogOutput.logger("cairn.run"))
        defer { display.end() }
        let options = RunService.Options(
            label: label, concurrency: concurrency, retriesFailed: retryFailed,
            grace: grace.length, settings: experiment.settings, budget: budget)
        let started: @Sendable (RunID, RunControl) -> Void = { run, control in
            display.begin(run, pacing: control.pacing)
            Interrupts.handle(
                saying: .run,
                first: {
                    display.keepWaits()
                    try await control.drain()
                }, second: { control.hurry() })
        }
        let progress: @Sendable (RunRow) -> Void = { display.show($0) }
        do {
            return try await service.run(
                definition, options, started: started, progress: display.isLive ? progress : nil)
        } catch let problem as BudgetProblem {
            throw Failure(.usage, "the budget can't be kept to:\n\(problem)")
        }
    }

    /// The bounds of the options; nil without any.
    private var budget: Budget? {
        let budget = Budget(maxCalls: maxCalls, maxCost: maxCost.flatMap(Budget.nanoDollars), maxTokens: maxTokens)
        return budget.isUnbounded ? nil : budget
    }

    private func forecast(_ definition: ExperimentDefinition, _ missing: [MissingKey]) throws {
        let forecast = DryRun(
            forecast: try RunForecast(definition), attempts: definition.limits.retry.attempts, missingKeys: missing,
            store: store.path, rest: try rest(of: definition), retriesFailed: retryFailed)
        try answer.output.print(forecast) { forecast.text }
    }

    /// What is left of the run in the store; nil where neither is there.
    private func rest(of definition: ExperimentDefinition) throws -> RunRest? {
        let store: Store
        do {
            store = try Store.open(at: self.store.path)
        } catch let error as LogError where error.code == .notAStore {
            return nil
        }
        defer { store.close() }
        let run = JobPlan.runID(of: definition.digest, label: label)
        return try RunRest(of: run, definition, retriesFailed: retryFailed, in: store)
    }

    /// With `--json` what is missing is a problem like any other.
    private func print(_ summary: RunSummary) throws {
        try answer.output.print(summary) {
            summary.report.ranking.map(RankingText.table) ?? ""
        }
        if !answer.json {
            Terminal.complain(summary.text(resume: resumption))
        } else if summary.isIncomplete {
            Problem(code: "incomplete", message: summary.message, remedy: summary.advice(resume: resumption))
                .tell(asJSON: true)
        }
        if summary.isIncomplete { throw ExitStatus.incomplete.exitCode }
    }

    /// The command that goes on with the same run in the same store.
    private var resumption: String {
        let options = [("--label", label), ("--prices", prices), ("--store", store.store)].compactMap { name, value in
            value.map { " \(name) \($0)" }
        }
        return "cairn run \(file)" + options.joined()
    }
}
