import ArgumentParser
import Cairn
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

    @Flag(help: "Try again what failed or was skipped in an earlier run.")
    var retryFailed = false

    func validate() throws {
        if let concurrency, concurrency < 1 {
            throw ValidationError("--concurrency takes a number from 1; found \(concurrency)")
        }
        guard (0...86_400).contains(grace) else {
            throw ValidationError("--grace takes seconds from 0 to 86,400; found \(grace)")
        }
    }

    func run() async throws {
        let definition = try load()
        let keys = try loadKeys(for: definition)
        let store = try Store.open(at: store.path, .create)
        defer { store.close() }
        let report = try await Simulation.provide(for: definition) { routes in
            try await work(on: definition, in: store, keys, routes)
        }
        try print(report)
        if report.isDrained || report.row.cells.missing > 0 { throw ExitStatus.incomplete.exitCode }
    }

    private func load() throws -> ExperimentDefinition {
        do {
            return try ExperimentLoader.load(file) { name in getenv(name).map { String(cString: $0) } }
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
        on definition: ExperimentDefinition, in store: Store, _ keys: KeyRing, _ routes: [RoutingTransport.Route]
    ) async throws -> RunExecutor.Report {
        let most = max(256, concurrency ?? definition.limits.concurrency)
        let isLocal = (definition.models + definition.judges.map(\.model)).allSatisfy { $0.provider == "simulated" }
        let curl = CurlTransport(
            configuration: .init(
                maxTransfers: most, maxTransfersPerHost: most, usesEnvironmentProxy: !isLocal))
        defer { curl.shutdown() }
        let service = RunService(
            store: store, transport: RoutingTransport(curl, routes: routes), keys: keys,
            logger: LogOutput.logger("cairn.run"))
        let display = RunDisplay(store: store)
        defer { display.end() }
        let options = RunService.Options(
            label: label, concurrency: concurrency, retriesFailed: retryFailed,
            grace: Microseconds(Int64(grace * 1_000_000)))
        let started: @Sendable (RunID, RunControl) -> Void = { run, control in
            display.begin(run)
            Interrupts.handle(first: { try await control.drain() }, second: { control.hurry() })
        }
        let progress: @Sendable (RunRow) -> Void = { display.show($0) }
        return try await service.run(
            definition, options, started: started, progress: display.isLive ? progress : nil)
    }

    private func print(_ report: RunExecutor.Report) throws {
        try answer.output.print(RunSummary(report: report)) {
            report.ranking.map(RankingText.table) ?? ""
        }
        Terminal.complain(RunSummary(report: report).text(resume: resumption))
    }

    /// The command that goes on with the same run in the same store.
    private var resumption: String {
        let options = [("--label", label), ("--store", store.store)].compactMap { name, value in
            value.map { " \(name) \($0)" }
        }
        return "cairn run \(file)" + options.joined()
    }
}

/// The end of a run, as JSON and in words.
struct RunSummary: CanonicalEncodable {
    let report: RunExecutor.Report

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("cells", report.row.cells)
        writer.field("drained", report.isDrained)
        writer.field("experiment", report.row.experiment)
        writer.optionalField("ranking", report.ranking)
        writer.field("run", report.run)
        writer.field("stage", report.row.stage)
        writer.endObject()
    }

    func text(resume command: String) -> String {
        let cells = report.row.cells
        let counts =
            "\(Quantities.grouped(cells.done)) of \(Quantities.grouped(cells.total)) cells done"
            + part(cells.failed, "failed") + part(cells.skipped, "skipped") + part(cells.unknown, "unknown")
            + part(cells.outstanding, "outstanding")
        let state = report.isDrained ? "stopped" : report.row.stage.rawValue
        let advice =
            report.isDrained
            ? "resume with: \(command)\n"
            : cells.missing > 0
                ? "see why with: cairn query cells --missing --run \(report.run)\n"
                    + "try them again with: \(command) --retry-failed\n" : ""
        return "run \(report.run) \(state): \(counts)\n\(advice)"
    }

    private func part(_ count: Int, _ what: String) -> String {
        count == 0 ? "" : ", \(Quantities.grouped(count)) \(what)"
    }
}
