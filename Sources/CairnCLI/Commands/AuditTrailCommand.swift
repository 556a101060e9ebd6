import ArgumentParser
import Cairn
import CanonicalJSON
import Determinism
import EventLog

/// The command `cairn audit trail`.
struct AuditTrailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trail", abstract: "Who took something out of the store, or changed a key, and why.",
        discussion: """
            Exports, redactions, forks and changes of keys are events of the stream access-trail, with the head that the \
            log had. An export or fork is recorded when it is made and before it has its name, or leaves: what failed \
            isn't recorded, and nothing leaves unrecorded.

            EXAMPLE
              cairn audit trail --limit 20
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Option(help: "Only the last so many.", transform: NumberArgument.rows)
    var limit: Int?

    func run() async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let entries = try AccessTrail.entries(of: store.log).suffix(limit ?? .max)
        let layout = TableLayout<AccessTrail.Entry>()
            .column("time") { $0.time.description }
            .number("position") { "\($0.position)" }
            .column("who") { "\($0.event.actor)" }
            .column("what") { $0.event.summary }
            .column("why") { $0.event.reason ?? "" }
        try answer.output.print(
            Array(entries), as: layout, nothing: "nothing was taken out of this store yet")
    }
}

extension AccessEvent {
    /// What was done, in a line.
    fileprivate var summary: String {
        switch self {
        case .exported(let event):
            "export of \(event.format) to \(event.destination)" + Self.selection(event.selection)
                + " at head \(event.head.size)"
        case .redacted(let event):
            "redaction of \(event.target): \(Quantities.counted(event.blobs, "blob"))"
                + (event.keys.isEmpty ? "" : ", \(Quantities.counted(event.keys.count, "key")) dropped")
        case .forked(let event):
            "fork of \(Quantities.counted(Int(event.at.rawValue), "event"))" + (event.name.map { " as \($0)" } ?? "")
                + Self.text(event.changes)
        case .keyChanged(let event):
            "\(event.kind.rawValue) key \(event.key) \(event.change.rawValue)"
                + (event.scope.map { " for \($0)" } ?? "")
        }
    }

    /// What an export of tables has under `at` is how many events it was made of.
    private static func selection(_ options: [String: String]) -> String {
        guard let size = options["at"] else { return text(options) }
        return text(options.filter { $0.key != "at" }) + " as of \(size) event\(size == "1" ? "" : "s")"
    }

    private static func text(_ options: [String: String]) -> String {
        options.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    }
}
