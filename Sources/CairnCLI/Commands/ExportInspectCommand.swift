import ArgumentParser
import Cairn
import EventLog
import Jobs

/// Which run an export of a researcher's format is about, and where it goes.
struct RunExportOptions: ParsableArguments {
    @OptionGroup var store: StoreOptions
    @OptionGroup var access: AccessOptions

    @OptionGroup var choice: RunChoice

    @Option(name: [.short, .long], help: ArgumentHelp("Where the files go.", valueName: "directory"))
    var output: String

    @Option(help: MomentArgument.help, transform: MomentArgument.init(argument:))
    var at: MomentArgument?

    /// Lends the run, and what notes the export: to be called when all is made and nothing has its name yet.
    func export(
        as format: String,
        _ body: (Queries, RunID, TreeHead, _ recording: () async throws -> Void) async throws -> Void
    ) async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let queries = try Queries(store, at: at?.moment)
        let id = try choice.only(queries)
        let now = try store.log.head()
        var head = now
        var chosen = ["run": id.rawValue]
        if let end = queries.end {
            head = try store.log.head(ofSize: end.rawValue) ?? now
            chosen["at"] = "\(end)"
        }
        let what = Access.export(format: format, selection: chosen, to: .directory(output))
        try await body(queries, id, head) { try await access.record(what, of: now, in: store) }
    }
}

/// The command `cairn export inspect`.
struct ExportInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "A run as logs of Inspect AI, one .eval file for each model.",
        discussion: """
            For `inspect view`, inspect_ai.log and inspect_ai.analysis: samples with messages, scores, usage, and an event \
            for each recorded call with its exact request and response. Positions and hashes are in the metadata.

            EXAMPLE
              cairn export inspect -o logs && inspect view --log-dir logs
            """)

    @OptionGroup var options: RunExportOptions
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        try await options.export(as: "inspect") { queries, run, head, recording in
            let files = try await InspectExport(queries, run: run, head: head)
                .write(into: options.output, recording: recording)
            let layout = TableLayout<InspectExport.File>()
                .column("file") { $0.name }
                .column("model") { $0.model }
                .number("samples") { Quantities.grouped($0.samples) }
                .number("bytes") { Quantities.grouped($0.bytes) }
            try answer.output.print(files, as: layout, nothing: "the run has no models")
        }
    }
}
