import ArgumentParser
import Cairn
import EventLog

/// The command `cairn export otel`.
struct ExportOTelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "otel", abstract: "Calls, jobs and runs as OpenTelemetry spans, in lines of OTLP/JSON.",
        discussion: """
            With the attribute names of the GenAI semantic conventions \(TraceLines.conventions). A line is a TracesData with \
            up to a hundred spans, as the collector's file exporter and its otlpjsonfile receiver have it. A span is written \
            where it ends; its attribute cairn.position goes to --after.

            EXAMPLE
              cairn export otel -o traces.jsonl
            """)

    @OptionGroup var options: EventExportOptions

    func run() async throws {
        try await options.export(as: "otel", reading: TraceLines.types) { store in
            TraceLines(of: store.log, store: store.log.manifest.id, version: CairnCommand.configuration.version)
        }
    }
}
