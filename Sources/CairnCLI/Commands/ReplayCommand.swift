import ArgumentParser
import Cairn
import Deciders
import Determinism
import EventLog
import Replay

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
            Exits with 4 when a rebuilt read model differs from the one that grew with the log; the rebuilt one is kept.

            EXAMPLE
              cairn replay rebuild --store cairn-store
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let report = try Rebuild(log: store.log, runner: store.views).run()
        let rows = TableLayout<RebuildReport.Model>()
            .column("read model") { $0.name }
            .column("digest") { $0.built.hex }
            .column("") { $0.grown == $0.built ? "same" : "was \($0.grown.hex)" }
        try answer.output.print(report) {
            rows.table(report.models).rendered(bold: Terminal.bold)
                + (report.isIdentical
                    ? "identical at position \(report.position)\n" : "DIFFERENT at position \(report.position)\n")
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
            byte for byte; the first event that differs is shown otherwise, and the exit code is 4.

            EXAMPLE
              cairn replay execute --into replayed-store --json
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Option(
        help: ArgumentHelp("Keep the fresh store in this directory, which must not exist.", valueName: "directory"))
    var into: String?

    func run() async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let report = try await ExecutionService(store: store).run(into: into)
        try answer.output.print(report) {
            """
            \(report.isIdentical ? "identical" : "DIFFERENT"): \(Quantities.grouped(Int(report.head.size))) events \
            by \(report.sessions) worker\(report.sessions == 1 ? "" : "s")
            head \(report.head.root.hex)

            """ + (report.isIdentical ? "" : "recorded head \(report.recordedHead.root.hex)\n")
                + (report.firstDifference.map { "first difference: \($0)\n" } ?? "")
                + (report.failure.map { "\($0)\n" } ?? "")
        }
        if !report.isIdentical { throw ExitStatus.differs.exitCode }
    }
}
