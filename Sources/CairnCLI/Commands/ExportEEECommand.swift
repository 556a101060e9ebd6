import ArgumentParser
import Cairn

/// The command `cairn export every-eval-ever`.
struct ExportEEECommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "every-eval-ever", abstract: "A run as records of Every Eval Ever 0.3.0.",
        discussion: """
            For each model an aggregate record, with a result for each judge, and a file with a line for each sample and \
            judge, in the folders of the Every Eval Ever datastore. Samples without a score are counted in the aggregate \
            record; a score from 0.5 on counts as correct, as the schema wants a yes or no.

            EXAMPLE
              cairn export every-eval-ever -o eee
            """,
        aliases: ["eee"])

    @OptionGroup var options: RunExportOptions
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        try await options.export(as: "every-eval-ever") { queries, run, head, recording in
            let records = try await EEEExport(queries, run: run, head: head)
                .write(into: options.output, recording: recording)
            let layout = TableLayout<EEEExport.Record>()
                .column("model") { $0.model }
                .number("rows") { Quantities.grouped($0.rows) }
                .column("file") { $0.file }
            try answer.output.print(records, as: layout, nothing: "the run has no models")
        }
    }
}
