import ArgumentParser
import Audit
import Cairn
import Determinism
import EventLog
import Glibc

/// Histories for others, and proof that nothing was changed, lost or added.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Export event histories, and verify that nothing was changed.",
        discussion: """
            EXAMPLE
              cairn audit verify && cairn audit export -o events.jsonl
            """,
        subcommands: [
            AuditExportCommand.self, AuditImportCommand.self, AuditVerifyCommand.self, AuditHeadCommand.self,
            AuditProveCommand.self, AuditConsistencyCommand.self, AuditCheckProofCommand.self, AuditKeyCommand.self,
            AuditWitnessCommand.self, AuditTilesCommand.self, AuditTrailCommand.self, AuditRedactCommand.self,
        ])
}

/// The command `cairn audit export`.
struct AuditExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write events as JSON Lines: one canonical JSON object a line.",
        discussion: """
            Each line holds every field of the record, so that record, leaf hash and head can be computed from it \
            (schemas/log-format.md). Filters combine: an event must pass all of them.

            EXAMPLE
              cairn audit export --type llm.callCompleted | jq -r .data.usage.output
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var access: AccessOptions

    @Flag(help: "Accepted for symmetry; the export is JSON Lines in any case.")
    var json = false

    @Option(
        name: [.short, .long], help: ArgumentHelp("Write to this file, not to standard output.", valueName: "file"))
    var output: String?

    @Option(help: "Only events of this run: its id, or the beginning of it.")
    var run: String?

    @Option(help: ArgumentHelp("Only this stream, as in job-ID.", valueName: "category-id"))
    var stream: String?

    @Option(help: "Only events of this type; may be given several times.")
    var type: [String] = []

    @Option(help: ArgumentHelp("From this position on.", valueName: "position"))
    var from: UInt64?

    @Option(help: ArgumentHelp("Up to this position, which isn't included.", valueName: "position"))
    var to: UInt64?

    @Option(help: ArgumentHelp("Recorded at this time or later (RFC 3339).", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Recorded before this time (RFC 3339).", valueName: "time"))
    var until: String?

    @Option(help: "What becomes of the blobs that events name: omitted, inline, or beside (files in --blob-directory).")
    var blobs: BlobChoice = .omitted

    @Option(help: ArgumentHelp("Where --blobs beside puts them.", valueName: "directory"))
    var blobDirectory = "blobs"

    enum BlobChoice: String, ExpressibleByArgument, CaseIterable {
        case omitted, inline, beside
    }

    func run() async throws {
        let filter = try filter()
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let run = try wholeRunID(in: store)
        let file = try output.map { try OutputFile(replacing: $0) }
        let head = try await access.record(
            .export(
                format: "jsonl", selection: chosen(run: run),
                to: output.map { .file($0) } ?? .standardOutput), in: store)
        let selection = ExportSelection(filter: filter.ending(at: Position(head.size)), run: run)
        let exporter = Exporter(
            log: store.log, catalogue: Catalogues.events, selection: selection, blobs: placement)
        guard let file, let output else {
            try exporter.export(to: { try Terminal.print($0) })
            return
        }
        let count = try exporter.export(to: { try file.write($0) })
        try file.finish()
        Terminal.complain("\(Quantities.grouped(count)) events in \(output)\n")
    }

    /// The options that narrow it down, for the access trail.
    private func chosen(run: String?) -> [String: String] {
        let options: [String: String?] = [
            "run": run, "stream": stream, "type": type.isEmpty ? nil : type.joined(separator: ","),
            "from": from.map { "\($0)" }, "to": to.map { "\($0)" }, "since": since, "until": until,
            "blobs": blobs == .omitted ? nil : blobs.rawValue,
        ]
        return options.compactMapValues { $0 }
    }

    /// The run as queries name it; one that isn't there would give an export that is silently empty.
    private func wholeRunID(in store: Store) throws -> String? {
        let wanted: String? = run
        guard let wanted else { return nil }
        do {
            return try Queries(store).runIDs(Queries.Selection(run: wanted)).first.map { "\($0)" }
        } catch let error as QueryError {
            throw Failure(.usage, "\(error)")
        }
    }

    private var placement: BlobPlacement {
        switch blobs {
        case .omitted: .omitted
        case .inline: .inline
        case .beside: .beside(directory: blobDirectory)
        }
    }

    private func filter() throws -> EventFilter {
        var filter = EventFilter.all
        if !type.isEmpty { filter.types = try type.map { try EventType(validating: $0) } }
        if let stream { filter.stream = try StreamName(stream) }
        let lower = Position(from ?? 0)
        guard lower.rawValue <= to ?? .max else { throw ValidationError("--from is after --to") }
        if from != nil || to != nil { filter.positions = lower..<Position(to ?? .max) }
        let (since, until) = (try since.map(time), try until.map(time))
        guard since ?? Self.earliest <= until ?? Self.latest else { throw ValidationError("--since is after --until") }
        if since != nil || until != nil { filter.times = (since ?? Self.earliest)..<(until ?? Self.latest) }
        return filter
    }

    private static let earliest = Timestamp(microseconds: .min)
    private static let latest = Timestamp(microseconds: .max)

    private func time(_ text: String) throws -> Timestamp { try MomentArgument.time(text) }
}
