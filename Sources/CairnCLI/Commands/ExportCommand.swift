import ArgumentParser
import Cairn

/// What others' tools read: each form is a command.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write events and read models in forms that others' tools read.",
        discussion: """
            Events, line by line, as they were recorded: jsonl (the native form, complete to the byte), cloudevents, otel. \
            They go on after a position (--after) and live (--follow). Tables, as of now or of any moment (--at): sqlite, \
            csv; `cairn export columns` says what each column means. Runs, for others' evaluation tools: inspect. Every \
            export is noted in the access trail.

            EXAMPLE
              cairn export sqlite -o results.db && sqlite3 results.db 'SELECT rank, model, mean FROM rankings'
            """,
        subcommands: [
            ExportJSONLCommand.self, ExportCloudEventsCommand.self, ExportOTelCommand.self, ExportSQLiteCommand.self,
            ExportCSVCommand.self, ExportInspectCommand.self, ExportEEECommand.self,
            ExportColumnsCommand.self,
        ])
}

/// The command `cairn export columns`.
struct ExportColumnsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "columns", abstract: "The exported tables, and what each column means.",
        discussion: "EXAMPLE\n  cairn export columns --table usage")

    @OptionGroup var answer: OutputOptions
    @OptionGroup var tables: TableOptions

    func run() async throws {
        let tables = try tables.chosen()
        try answer.output.print(tables) { TableDocumentation.text(tables) }
    }
}

/// Which tables an export has.
struct TableOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only this table; may be given several times.", valueName: "name"))
    var table: [String] = []

    func chosen() throws -> [ExportTable] {
        do {
            return try ExportTables.named(table)
        } catch {
            throw Failure(.usage, "\(error)")
        }
    }
}
