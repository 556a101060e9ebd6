import ArgumentParser
import Audit
import Cairn
import Determinism
import EventLog

/// The command `cairn audit import FILE`.
struct AuditImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make a store from the export of a whole one, with the same head.",
        discussion: """
            Every record, commit id and leaf hash is checked against the export as it comes. Export with --blobs inline, \
            so that replay finds what it needs. The store must be new, and is there whole or not at all: after an \
            interruption the same command begins anew.

            EXAMPLE
              cairn audit import events.jsonl --store copy
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Argument(help: "What `cairn audit export --blobs inline` wrote.")
    var file: String

    func run() async throws {
        let report: ImportReport
        do {
            report = try await ExportImport.run(file, into: store.path)
        } catch let error as ImportError {
            throw Failure(error.isUnreadable ? .usage : .failed, "can't import \(file): \(error)")
        }
        try answer.output.print(report) {
            """
            \(Quantities.grouped(report.events)) events in \(Quantities.grouped(report.commits)) commits
            head \(report.head.root.hex)

            """
        }
        guard report.missingBlobs > 0 else { return }
        let lacking =
            report.missingBlobs == 1
            ? "1 blob that events name isn't"
            : "\(Quantities.grouped(report.missingBlobs)) blobs that events name aren't"
        Terminal.complain(
            "\(lacking) in \(file), so the store can't be verified or replayed as a whole; "
                + "`cairn audit export --blobs inline` writes them along\n")
    }
}
