import ArgumentParser
import Audit
import Cairn
import CanonicalJSON
import EventLog
import Projections

/// What the exports of events share.
struct EventExportOptions: ParsableArguments {
    @OptionGroup var store: StoreOptions
    @OptionGroup var access: AccessOptions
    @OptionGroup var events: EventSelectionOptions

    @Option(
        name: [.short, .long], help: ArgumentHelp("Write to this file, not to standard output.", valueName: "file"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Go on after this position: the one of the last line that was kept.", valueName: "position"),
        transform: NumberArgument.position)
    var after: UInt64?

    @Option(help: MomentArgument.help, transform: MomentArgument.init(argument:))
    var at: MomentArgument?

    @Flag(help: "Go on with new events as they are recorded, until Ctrl-C.")
    var follow = false

    @Flag(help: "Tell with JSON what -o wrote; the lines themselves are JSON in any case.")
    var json = false

    func validate() throws {
        if after == .max { throw ValidationError("--after takes a position that another can follow") }
        if at != nil, events.to != nil || events.until != nil {
            throw ValidationError("--at is an end; leave out --to and --until")
        }
        guard follow else { return }
        if output != nil {
            throw ValidationError("--follow writes to standard output, which can go into a file: > FILE, or >> FILE")
        }
        if at != nil || events.to != nil || events.until != nil {
            throw ValidationError("--follow has no end; leave out --at, --to and --until")
        }
    }

    /// Writes the events in a form, which reads those of `types` only, or all of them.
    ///
    /// A file is noted when it is written and before it has its name; what leaves piece by piece (`leaving`, or to standard
    /// output) before the first of it does.
    func export<Form: LineForm & Sendable>(
        as format: String, choosing more: [String: String] = [:], reading types: [EventType]? = nil,
        leaving: Bool = false, _ form: (Store) throws -> Form
    ) async throws {
        var filter = try events.filter()
        filter.types = filter.types ?? types
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let run = try events.wholeRunID(in: store)
        let file = try output.map { try OutputFile(replacing: $0) }
        var chosen = events.chosen(run: run).merging(more) { $1 }
        let moment = try at.map { try $0.moment.end(in: store.log) }
        if let moment { chosen["at"] = "\(moment)" }
        if let after { chosen["after"] = "\(after)" }
        if follow { chosen["follow"] = "true" }
        let what = Access.export(
            format: format, selection: chosen, to: output.map { .file($0) } ?? .standardOutput)
        var export = EventExport(try form(store), of: store.log, ExportSelection(filter: filter, run: run))
        let first = after.map { Position($0).next } ?? .first
        let leavesAtOnce = leaving || file == nil
        let head = leavesAtOnce ? try await access.record(what, in: store) : try store.log.head()
        if follow { return try await follow(export, from: first) }
        let end = moment ?? Position(head.size)
        try export.write(from: first, to: end) { bytes in
            if let file { try file.write(bytes) } else { try Terminal.print(bytes) }
        }
        if !leavesAtOnce { try await access.record(what, of: head, in: store) }
        try file?.finish()
        if let output { try tell(export.tally, output, end) }
    }

    private func follow<Form: LineForm & Sendable>(_ export: EventExport<Form>, from first: Position) async throws {
        let task = Task {
            var export = export
            try await export.follow(from: first) { try Terminal.print($0) }
        }
        Interrupts.handle(saying: .none, first: { task.cancel() }, second: {})
        try await task.value
    }

    private func tell(_ tally: ExportTally, _ output: String, _ end: Position) throws {
        if json {
            try Output(asJSON: true).print(LineCount(tally: tally, file: output, end: end)) { "" }
        } else {
            Terminal.complain("\(Quantities.counted(tally.events, "event")) in \(output)\n")
        }
    }
}

/// How much went into a file.
private struct LineCount: CanonicalEncodable {
    let tally: ExportTally
    let file: String
    /// The position behind the last event that the export can have.
    let end: Position

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("end", end)
        writer.field("events", tally.events)
        writer.field("file", file)
        writer.optionalField("last", tally.last)
        writer.endObject()
    }
}

/// The command `cairn export jsonl`.
struct ExportJSONLCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jsonl", abstract: "Events in the native form: one canonical JSON object a line.",
        discussion: """
            Each line holds every field of the record, so that record, leaf hash and head can be computed from it \
            (schemas/log-format.md). `cairn audit export` is the same command.

            EXAMPLE
              cairn export jsonl --type llm.callCompleted | jq -r .data.usage.output
            """)

    @OptionGroup var options: EventExportOptions
    @OptionGroup var blobs: BlobOptions

    func run() async throws { try await blobs.exportNative(options) }
}

/// The command `cairn audit export`, where auditors look for it.
struct AuditExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write events as JSON Lines: one canonical JSON object a line. The same as `cairn export jsonl`.",
        discussion: """
            Each line holds every field of the record, so that record, leaf hash and head can be computed from it \
            (schemas/log-format.md). Filters combine: an event must pass all of them.

            EXAMPLE
              cairn audit export --type llm.callCompleted | jq -r .data.usage.output
            """)

    @OptionGroup var options: EventExportOptions
    @OptionGroup var blobs: BlobOptions

    func run() async throws { try await blobs.exportNative(options) }
}

/// What becomes of the blobs that events name.
struct BlobOptions: ParsableArguments {
    @Option(help: "What becomes of the blobs that events name: omitted, inline, or beside (files in --blob-directory).")
    var blobs: Choice = .omitted

    @Option(help: ArgumentHelp("Where --blobs beside puts them.", valueName: "directory"))
    var blobDirectory = "blobs"

    enum Choice: String, ExpressibleByArgument, CaseIterable {
        case omitted, inline, beside
    }

    var placement: BlobPlacement {
        switch blobs {
        case .omitted: .omitted
        case .inline: .inline
        case .beside: .beside(directory: blobDirectory)
        }
    }

    /// Exports the native form, with the blobs where they are wanted.
    func exportNative(_ options: EventExportOptions) async throws {
        guard blobs != .omitted else { return try await options.export(as: "jsonl") { _ in NativeLines() } }
        let chosen = ["blobs": blobs.rawValue]
        try await options.export(as: "jsonl", choosing: chosen, leaving: blobs == .beside) { store in
            let states = BlobStates(of: store.log)
            return try LinesWithBlobs(
                log: store.log, catalogue: Catalogues.events, placement: placement,
                absence: { try states.absence(of: $0, namedAt: $1) })
        }
    }
}

/// The command `cairn export cloudevents`.
struct ExportCloudEventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloudevents", abstract: "Events as CloudEvents 1.0, one JSON object a line.",
        discussion: """
            Structured mode; `id` is the position, `source` names the store, `subject` the stream.

            EXAMPLE
              cairn export cloudevents --follow --after 1041
            """)

    @OptionGroup var options: EventExportOptions

    func run() async throws {
        try await options.export(as: "cloudevents") { CloudEvents(store: $0.log.manifest.id) }
    }
}
