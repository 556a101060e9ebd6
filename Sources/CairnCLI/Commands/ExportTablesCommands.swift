import ArgumentParser
import Audit
import Cairn
import CanonicalJSON
import Determinism
import EventLog
import Glibc
import Projections
import SQLTables

/// What the exports of tables share.
struct TableExportOptions: ParsableArguments {
    @OptionGroup var store: StoreOptions
    @OptionGroup var access: AccessOptions
    @OptionGroup var tables: TableOptions

    @Option(help: MomentArgument.help, transform: MomentArgument.init(argument:))
    var at: MomentArgument?

    /// Lends what the tables are made of, and notes the export.
    ///
    /// Files are noted when they are written, and `publish` then gives them their names; what goes to standard output is
    /// noted before.
    func export<Written>(
        as format: String, to output: String?, _ body: (Store, [ExportTable], TableSource) throws -> Written,
        publish: (Written) throws -> Void
    ) async throws {
        let tables = try tables.chosen()
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let past = try at.map { try store.views.asOf($0.moment) }
        var chosen: [String: String] = [:]
        if !self.tables.table.isEmpty { chosen["table"] = tables.map(\.name).joined(separator: ",") }
        if let past { chosen["at"] = "\(past.end)" }
        let what = Access.export(
            format: format, selection: chosen, to: output.map { .file($0) } ?? .standardOutput)
        let head = output == nil ? try await access.record(what, in: store) : try store.log.head()
        let end = Position(head.size)
        let written = try ExportTables.withSource(of: tables, in: store, past: past, before: end) { source in
            try body(store, tables, source)
        }
        if output != nil { try await access.record(what, of: head, in: store) }
        try publish(written)
    }
}

/// The command `cairn export sqlite`.
struct ExportSQLiteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sqlite", abstract: "Events and read models as tables in a file of SQLite.",
        discussion: """
            For pandas, R, Datasette and whatever else reads SQLite. The tables tables_documentation and \
            columns_documentation say what is in the others, export_information which store it was and how far its log went.

            EXAMPLE
              cairn export sqlite -o results.db --table rankings --table scores
            """)

    @OptionGroup var options: TableExportOptions

    @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file"))
    var output: String

    @Flag(help: "Answer with JSON instead of text.")
    var json = false

    func run() async throws {
        try OutputFile.check(output)
        do {
            try await options.export(as: "sqlite", to: output) { store, tables, source in
                let file = try SQLiteFile(replacing: output)
                let counts = try file.write(tables, of: source, about: try store.about(source))
                return (file, TableCounts(counts: counts, end: source.end, file: output))
            } publish: { file, report in
                try file.finish()
                if json { try Output(asJSON: true).print(report) { "" } } else { Terminal.complain(report.text) }
            }
        } catch let error as SQLFailure {
            throw Failure(.failed, "\(error)", remedy: error.remedy)
        }
    }
}

/// The command `cairn export csv`.
struct ExportCSVCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "csv", abstract: "Tables as comma-separated values (RFC 4180).",
        discussion: """
            One table goes to standard output, or with -o into files TABLE.csv of a directory. The first line names the \
            columns; an unknown value is nothing, an empty text a pair of quotes.

            EXAMPLE
              cairn export csv --table usage
            """)

    @OptionGroup var options: TableExportOptions

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Write files into this directory, made if needed.", valueName: "directory"))
    var output: String?

    @Flag(help: "Tell with JSON what was written; only with -o.")
    var json = false

    func validate() throws {
        if output == nil, options.tables.table.count != 1 {
            throw ValidationError(
                "one --table goes to standard output; several, or all, go into a directory: -o DIRECTORY")
        }
        if output == "-" {
            throw ValidationError("-o takes a directory; one --table goes to standard output where -o is left out")
        }
        if output == nil, json { throw ValidationError("--json tells what -o wrote; CSV has no JSON form") }
    }

    func run() async throws {
        if let output { try StoreSurroundings.refuse(output, during: "writing \(output)") }
        if let output, mkdir(output, 0o755) != 0, errno != EEXIST {
            throw Failure("can't make the directory \(output): \(String(cString: strerror(errno)))")
        }
        try await options.export(as: "csv", to: output) { _, tables, source in
            var counts: [(table: String, rows: Int)] = []
            var files: [OutputFile] = []
            for table in tables {
                let file = try output.map { try OutputFile(replacing: "\($0)/\(table.name).csv") }
                let rows = try CSVText.write(table, of: source) { bytes in
                    if let file { try file.write(bytes) } else { try Terminal.print(bytes) }
                }
                if let file { files.append(file) }
                counts.append((table.name, rows))
            }
            return (files, TableCounts(counts: counts, end: source.end, file: output ?? ""))
        } publish: { files, report in
            if output == nil { return }
            for file in files { try file.finish() }
            if json { try Output(asJSON: true).print(report) { "" } } else { Terminal.complain(report.text) }
        }
    }
}

/// How many rows went where.
struct TableCounts: CanonicalEncodable {
    let counts: [(table: String, rows: Int)]
    /// The position behind the last event that they are made of: how many those are.
    let end: Position
    let file: String

    var text: String {
        let rows = counts.reduce(0) { $0 + $1.rows }
        return "\(Quantities.grouped(rows)) rows of \(counts.count) tables in \(file), as of "
            + "\(Quantities.counted(Int(end.rawValue), "event"))\n"
    }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("end", end)
        writer.field("events", end)
        writer.field("file", file)
        writer.field("rows", Dictionary(uniqueKeysWithValues: counts.map { ($0.table, $0.rows) }))
        writer.endObject()
    }
}

extension Store {
    /// What a file of tables says of where it comes from.
    func about(_ source: TableSource) throws -> [(name: String, value: String)] {
        [
            ("cairn", CairnCommand.configuration.version), ("store", log.manifest.id),
            ("store_created", log.manifest.created.text), ("events", "\(source.end)"),
            ("head", try log.head(ofSize: source.end.rawValue)?.root.hex ?? ""),
        ]
    }
}
