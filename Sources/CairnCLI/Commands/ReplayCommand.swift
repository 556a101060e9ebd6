import ArgumentParser
import Cairn
import Deciders
import Determinism
import EventLog
import Projections
import Replay
import SQLTables

/// Derives results again from the log, without any call to a provider.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Derive results again from the log alone.",
        discussion: """
            EXAMPLE
              cairn replay verify --json
            """,
        subcommands: [
            ReplayRebuildCommand.self, ReplayVerifyCommand.self, ReplayExecuteCommand.self, ReplayWhatIfCommand.self,
        ])
}

/// The command `cairn replay rebuild`.
struct ReplayRebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Build every read model from nothing and compare digests.",
        discussion: """
            Exits with 4 when a rebuilt read model differs from the one that grew with the log; the rebuilt one is kept. \
            What is made of them for questions about the past and in SQL is thrown away, and made anew when it is next asked. \
            Only those of one moment can be compared: while others append to the log again and again it gives up, with 1.

            EXAMPLE
              cairn replay rebuild --store cairn-store
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        try Store.checkViews(at: store.path)
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let report = try Rebuild(log: store.log, runner: store.views).run()
        try store.views.forgetSnapshots()
        try SQLSession.forgetTables(of: store)
        let rows = TableLayout<RebuildReport.Model>()
            .column("read model") { $0.name }
            .column("digest") { $0.built.hex }
            .column("") { $0.grown == $0.built ? "same" : "was \($0.grown.hex)" }
        try answer.output.print(report) {
            rows.table(report.models).rendered(bold: Terminal.bold)
                + (report.isIdentical ? "identical" : "DIFFERENT")
                + " as of \(Quantities.counted(Int(report.position), "event"))\n"
        }
        if !report.isIdentical { throw ExitStatus.differs.exitCode }
    }
}

/// The command `cairn replay execute`.
struct ReplayExecuteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "execute",
        abstract: "Run everything again by the same code, with recorded effects, into a fresh store.",
        discussion: """
            Times and providers' answers come from the record; no call is made. The fresh log must reach the same head, \
            byte for byte; the first event that differs is shown otherwise, and the exit code is 4. Runs of which content \
            was erased, or is sealed without its key here, can't be executed again; where that is so of all of them, the exit \
            code is 1.

            EXAMPLE
              cairn replay execute --into replayed-store --json
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Option(
        help: ArgumentHelp(
            "Keep the fresh store, if it is identical, in this directory, which must not exist.",
            valueName: "directory"))
    var into: String?

    func run() async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let report = try await ExecutionService(store: store).run(into: into)
        try answer.output.print(report) {
            ExecutionText.text(report) + (report.isIdentical || into == nil ? "" : "no store was kept\n")
        }
        if report.verdict == .notExecuted { throw ExitStatus.failed.exitCode }
        if !report.isIdentical { throw ExitStatus.differs.exitCode }
    }
}

/// What executing again came to, for people.
enum ExecutionText {
    static func text(_ report: ExecutionReport) -> String {
        verdict(report) + "head \(report.head.root.hex)\n"
            + (report.head == report.recordedHead ? "" : "recorded head \(report.recordedHead.root.hex)\n")
            + (report.firstDifference.map { "first difference: \($0)\n" } ?? "")
            + (report.failure.map { "\($0)\n" } ?? "") + report.passedOver.map(line).joined()
            + report.incomplete.map(line).joined()
            + report.takenOver.map { run in
                "run \(run): what the fork took over of it was copied, since with what was changed its processes would "
                    + "have done otherwise; "
                    + (report.sessions == 0
                        ? "the fork did nothing more itself\n" : "only what the fork did itself was executed\n")
            }.joined()
    }

    private static func verdict(_ report: ExecutionReport) -> String {
        let events = Quantities.counted(Int(report.head.size), "event")
        if report.verdict == .notExecuted { return "nothing could be executed again: \(events) copied as recorded\n" }
        if report.sessions == 0, report.isIdentical {
            return "nothing to execute again: \(events) copied as recorded\n"
        }
        return "\(report.isIdentical ? "identical" : "DIFFERENT"): \(events) by "
            + "\(Quantities.counted(report.sessions, "worker"))\n"
    }

    private static func line(_ process: ExecutionReport.Incomplete) -> String {
        "worker \(process.worker)\(process.run.map { " of run \($0)" } ?? "") not executed again: the bundle that this store "
            + "was made of withholds a part of what it did, or of a fork that went on with it "
            + "(from position \(process.position) on)\n"
    }

    private static func line(_ passed: ExecutionReport.PassedOver) -> String {
        let why =
            switch passed.state {
            case .erased: "content of it was erased"
            case .sealed: "content of it is sealed, and the key isn't here"
            case .missing: "content of it is missing"
            case .present: "its content is there"
            }
        return "run \(passed.run) not executed again: \(why) (blob \(passed.blob.hex), "
            + "named at position \(passed.position))\n"
    }
}
