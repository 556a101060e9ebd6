import ArgumentParser
import Cairn
import CanonicalJSON
import EventLog
import Replay

/// The command `cairn replay verify`.
struct ReplayVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Derive every derived event again and compare it with the record.",
        discussion: """
            Parsed answers, scores, rankings, retries and outcomes are made again by the functions that the events cite, \
            from the causes that they cite, on all cores. Nothing is written. Each divergence names the event, the \
            function and its version, and what the log and the code have in each field that differs. Exits with 4 at a \
            divergence.

            EXAMPLE
              cairn replay verify --json | jq .firstDivergence
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Flag(help: "List every divergence, however many; without it the first 100.")
    var all = false

    func run() async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let blobs = BlobStates(of: store.log)
        let verifier = Verifier(log: store.log, derivations: Catalogues.derivations) { digest, position in
            (try? blobs.absence(of: digest, namedAt: position)) ?? .missing
        }
        let display = PassDisplay("verified", of: try store.log.head().size)
        let report: VerificationReport
        if all && !answer.output.asJSON {
            // Printed as they are found: there may be more than the memory holds.
            report = try verifier.verify(progress: display.show) { divergence in
                display.end()
                try Terminal.print(divergence.text)
            }
        } else {
            report = try verifier.verify(keeping: all ? .max : 100, progress: display.show)
        }
        display.end()
        try answer.output.print(report) { Self.text(report) }
        if !report.isIdentical { throw ExitStatus.differs.exitCode }
    }

    private static func text(_ report: VerificationReport) -> String {
        let counts = TableLayout<(type: EventType, count: VerificationReport.Count)>()
            .column("derived event") { $0.type.text }
            .number("derived again") { Quantities.grouped($0.count.verified) }
            .number("diverged") { Quantities.grouped($0.count.diverged) }
            .number("not derived") { Quantities.grouped($0.count.underivable) }
        let unlisted = report.divergences.isEmpty ? 0 : report.diverged - report.divergences.count
        return counts.table(report.counts).rendered(bold: Terminal.bold)
            + report.divergences.map(\.text).joined()
            + (unlisted == 0 ? "" : "and \(Quantities.grouped(unlisted)) more; --all lists every one\n")
            + (report.erased == 0
                ? "" : "\(Quantities.grouped(report.erased)) not derived: a blob that they take was erased\n")
            + (report.sealed == 0
                ? ""
                : "\(Quantities.grouped(report.sealed)) not derived: a blob that they take is sealed with a key that isn't "
                    + "here\n")
            + (report.isIdentical
                ? "identical: \(Quantities.grouped(report.verified)) derived of \(Quantities.grouped(Int(report.position))) "
                    + "events\n"
                : "DIFFERENT: \(Quantities.counted(report.diverged, "derived event")) "
                    + "\(report.diverged == 1 ? "comes" : "come") out otherwise\n")
    }
}
