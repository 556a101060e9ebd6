import ArgumentParser
import Cairn

/// The command `cairn store snapshot`.
struct StoreSnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Take the snapshots of read models that questions about the past begin from.",
        discussion: """
            A question with --at takes the snapshots that it needs itself; after this command it needn't. They are in \
            views/history, take about the room of the read models, and may be deleted at any time.

            EXAMPLE
              cairn store snapshot && cairn query rankings --at 2026-11-21T12:00:00Z
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let report = try store.takeSnapshots()
        try answer.output.print(report) {
            "snapshots of \(Quantities.counted(report.models.count, "read model")) over "
                + "\(Quantities.counted(Int(report.events), "event")); "
                + "\(Quantities.grouped(Int(report.eventsWithout))) are behind the last one\n"
        }
    }
}
