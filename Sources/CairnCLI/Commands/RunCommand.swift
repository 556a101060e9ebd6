import ArgumentParser
import Cairn
import Calls
import CanonicalJSON
import Determinism
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
            begins nothing new, waits --grace seconds for calls under way, cancels the others and leaves the rest for \
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

    @Option(help: "How many seconds Ctrl-C waits for calls under way; those that are cut are asked again.")
    var grace: Double = 1

    @Option(help: "Stop before more dollars than this are spent, as in 12.50; takes the place of the budget's bound.")
    var maxCost: String?

    @Option(help: "Stop before more tokens than this are used.")
    var maxTokens: Int?

    @Option(help: "Stop before more calls than this are made.")
    var maxCalls: Int?

    @Option(help: "A table of prices in LiteLLM's form, for models that have none in the file.")
    var prices: String?

    @Flag(help: "Say what would be sent and what it would cost; send and record nothing.")
    var dryRun = false

    @Flag(help: "Try again what failed or was skipped in an earlier run.")
    var retryFailed = false

    func validate() throws {
        if let concurrency, concurrency < 1 {
            throw ValidationError("--concurrency takes a number from 1; found \(concurrency)")
        }
        for (name, bound) in [("--max-tokens", maxTokens), ("--max-calls", maxCalls)] {
            guard bound ?? 0 >= 0 else { throw ValidationError("\(name) takes a number from 0") }
        }
        if let maxCost, Budget.nanoDollars(maxCost) == nil {
            throw ValidationError("--max-cost takes dollars, as in 12.50; found \(maxCost)")
        }
        guard (0...86_400).contains(grace) else {
            throw ValidationError("--grace takes seconds from 0 to 86,400; found \(grace)")
        }
    }

    func run() async throws {
        let experiment = try load()
        let definition = experiment.definition
        if dryRun { return try forecast(definition) }
        let keys = try loadKeys(for: definition)
        let store = try Store.open(at: store.path, .create)
        defer { store.close() }
        let display = RunDisplay(store: store)
        let report = try await Simulation.provide(for: definition) { routes in
            try await work(on: experiment, in: store, keys, routes, showing: display)
        }
        try print(RunSummary(report: report, waits: display.waits))
        if report.isDrained || report.row.cells.missing > 0 { throw ExitStatus.incomplete.exitCode }
    }

    private func load() throws -> Experiment {
        do {
            return try ExperimentLoader.experiment(file, prices: prices) { name in
                getenv(name).map { String(cString: $0) }
            }
        } catch let problems as ExperimentProblems {
            throw Failure(.usage, "\(file) has problems:\n\(problems)")
        } catch let failure as ExperimentLoader.Failure {
            throw Failure(.usage, "can't read \(failure.path): \(failure.reason)")
        }
    }

    /// A key that is missing is told before anything is submitted or sent.
    private func loadKeys(for definition: ExperimentDefinition) throws -> KeyRing {
        let keys: KeyRing
        do throws(KeyRing.Failure) {
            keys = try KeyRing.load()
        } catch {
            throw Failure(.usage, "\(error)")
        }
        for model in definition.models + definition.judges.map(\.model) {
            guard let variable = model.keyVariable, keys.key(variable) == nil,
                let facts = ModelCatalogue.provider(named: model.provider)
            else { continue }
            let isNamedInFile = variable != facts.keyVariable
            let isBoundToFail = facts.requiresKey && model.baseURL == facts.defaultBaseURL
            guard isNamedInFile || isBoundToFail else { continue }
            let names = ModelCatalogue.keyVariables(standingFor: variable).joined(separator: " nor ")
            throw Failure(
                .usage,
                """
                the model \(model.id) needs a key; \(names) isn't set, nor in a file of NAME=value lines that \
                \(KeyRing.pathVariable) names
                """)
        }
        return keys
    }

    private func work(
        on experiment: Experiment, in store: Store, _ keys: KeyRing, _ routes: [RoutingTransport.Route],
        showing display: RunDisplay
    ) async throws -> RunExecutor.Report {
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
            grace: Microseconds(Int64(grace * 1_000_000)), settings: experiment.settings, budget: budget)
        let started: @Sendable (RunID, RunControl) -> Void = { run, control in
            display.begin(run, pacing: control.pacing)
            Interrupts.handle(
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

    private func forecast(_ definition: ExperimentDefinition) throws {
        let forecast = try RunForecast(definition)
        try answer.output.print(forecast) { RunForecastText.table(forecast) }
    }

    private func print(_ summary: RunSummary) throws {
        try answer.output.print(summary) {
            summary.report.ranking.map(RankingText.table) ?? ""
        }
        Terminal.complain(summary.text(resume: resumption))
    }

    /// The command that goes on with the same run in the same store.
    private var resumption: String {
        let options = [("--label", label), ("--prices", prices), ("--store", store.store)].compactMap { name, value in
            value.map { " \(name) \($0)" }
        }
        return "cairn run \(file)" + options.joined()
    }
}

/// The end of a run, as JSON and in words.
struct RunSummary: CanonicalEncodable {
    let report: RunExecutor.Report
    /// What waited when it was asked to end, and why; nil if it wasn't asked.
    let waits: Pacing?

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("cells", report.row.cells)
        writer.field("drained", report.isDrained)
        writer.field("experiment", report.row.experiment)
        writer.optionalField("ranking", report.ranking)
        writer.field("run", report.run)
        writer.field("stage", report.row.stage)
        writer.optionalField("stop", report.row.stop)
        writer.optionalField("waits", waits.map { $0.waits.map { "\($0.calls) of \($0.model): \($0.reason)" } })
        writer.endObject()
    }

    func text(resume command: String) -> String {
        let cells = report.row.cells
        let counts =
            "\(Quantities.grouped(cells.done)) of \(Quantities.grouped(cells.total)) cells done"
            + part(cells.failed, "failed") + part(cells.skipped, "skipped") + part(cells.unknown, "unknown")
            + part(cells.outstanding, "outstanding")
        let waiting = waits.map { $0.waits.isEmpty ? "" : "waiting: \($0)\n" } ?? ""
        let state = report.isDrained ? "stopped" : report.row.stage.rawValue
        if let stop = report.row.stop, report.row.stage == .stopped {
            return "run \(report.run) stopped, its budget is used up: \(counts)\n" + advice(on: stop, command)
        }
        let advice =
            report.isDrained
            ? "resume with: \(command)\n"
            : cells.missing > 0
                ? "see why with: cairn query cells --missing --run \(report.run)\n"
                    + "try them again with: \(command) --retry-failed\n" : ""
        return "run \(report.run) \(state): \(counts)\n\(waiting)\(advice)"
    }

    /// What was spent, what the next call may need, and how to go on.
    private func advice(on stop: RunStopped, _ command: String) -> String {
        let needed = stop.spent + stop.reserved + stop.wanted
        var options = ""
        var lines = ""
        if let most = stop.budget.maxCost, needed.cost > most {
            lines += "spent \(Quantities.dollars(nano: stop.spent.cost)) of \(Quantities.dollars(nano: most)); "
            lines += "the next call may cost \(Quantities.dollars(nano: stop.wanted.cost))\n"
            options += " --max-cost \(Quantities.decimal(Double(max(most, needed.cost)) * 2 / 1e9, places: 2))"
        }
        if let most = stop.budget.maxTokens, needed.tokens > most {
            lines += "used \(Quantities.grouped(stop.spent.tokens)) of \(Quantities.grouped(most)) tokens; "
            lines += "the next call may need \(Quantities.grouped(stop.wanted.tokens))\n"
            options += " --max-tokens \(needed.tokens * 2)"
        }
        if let most = stop.budget.maxCalls, needed.calls > most {
            lines += "made \(Quantities.grouped(stop.spent.calls)) of \(Quantities.grouped(most)) calls\n"
            options += " --max-calls \(max(most, 1) * 2)"
        }
        return lines + "resume with a larger budget, for example: \(command)\(options)\n"
    }

    private func part(_ count: Int, _ what: String) -> String {
        count == 0 ? "" : ", \(Quantities.grouped(count)) \(what)"
    }
}
