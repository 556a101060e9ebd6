import ArgumentParser
import Cairn
import Determinism
import EventLog

/// The command `cairn store`.
struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Measure, compact, snapshot, back up and restore a store.",
        discussion: """
            EXAMPLE
              cairn store backup backups/monday && cairn store stats
            """,
        subcommands: [
            StoreStatsCommand.self, StoreCompactCommand.self, StoreSnapshotCommand.self, StoreBackupCommand.self,
            StoreRestoreCommand.self, StoreEncryptCommand.self,
        ])
}

/// The command `cairn store stats`.
struct StoreStatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Show what a store holds, what fills its files, and who reads it.",
        discussion: """
            Free pages are written again before a file grows; a process that reads keeps back those that were freed \
            since it began. `cairn store compact` gives free pages back to the disk.

            EXAMPLE
              cairn store stats --json | jq .parts
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        let statistics = try StoreStatistics.measure(store.path)
        try answer.output.print(statistics) { text(statistics) }
    }

    private func text(_ found: StoreStatistics) -> String {
        var lines = [
            "\(found.path): store \(found.manifest.id), format \(found.manifest.format)",
            "\(Quantities.counted(Int(found.head.size), "event")), \(Quantities.counted(found.streams, "stream")), "
                + Quantities.counted(found.blobs, "blob"),
        ]
        if let oldest = found.oldest, let newest = found.newest { lines.append("from \(oldest) to \(newest)") }
        lines.append("head \(found.head.size):\(found.head.root.hex)")
        let files = TableLayout<StoreStatistics.Part>()
            .column("file") { $0.name }
            .number("size") { Quantities.bytes($0.bytes) }
            .number("used") { Quantities.bytes($0.usedBytes) }
            .number("free") { Quantities.bytes($0.freeBytes) }
            .number("entries") { part in Quantities.grouped(part.tables.reduce(0) { $0 + $1.entries }) }
        let readers = found.readers.map { reader in
            "process \(reader.process) reads \(reader.part) and keeps back \(Quantities.bytes(reader.heldBackBytes))\n"
        }
        return lines.joined(separator: "\n") + "\n" + files.table(found.parts).rendered(bold: Terminal.bold)
            + readers.joined()
    }
}

/// The command `cairn store compact`.
struct StoreCompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Write the files anew, without free pages and without what was erased.",
        discussion: """
            Nobody else may have the store open. The new files are verified before they take the place of the old \
            ones, and need as much room beside them for a while. Afterwards no byte of an erased blob is in any file \
            of the store.

            EXAMPLE
              cairn store compact
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        let receipt = try StoreCompaction.compact(store.path)
        try answer.output.print(receipt) {
            (receipt.erased.count == 0 ? "" : "\(Quantities.counted(receipt.erased.count, "blob")) erased\n")
                + "\(Quantities.bytes(receipt.before)) before, \(Quantities.bytes(receipt.after)) after\n"
                + "head \(receipt.head.size):\(receipt.head.root.hex)\n"
        }
    }
}

/// The command `cairn store backup`.
struct StoreBackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy log and blobs while others work, and verify the copy.",
        discussion: """
            The directory must be empty or missing, and gets its name only when the copy is verified. The copy is a \
            store: its read models are made where it is first used. It is a long read: pages that are freed meanwhile \
            aren't used again before it ends, so the store may grow. Keep the head that is printed elsewhere.

            EXAMPLE
              cairn store backup /backup/cairn-monday
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Argument(help: "Where the backup goes: an empty or missing directory.")
    var directory: String

    @Flag(help: "Leave out the log's free pages; slower.")
    var compact = false

    func run() async throws {
        let receipt = try StoreBackup.backup(store.path, to: directory, compacting: compact)
        try answer.output.print(receipt) { receipt.text("backed up to") }
    }
}

/// The command `cairn store restore`.
struct StoreRestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a store of a backup, which is verified first.",
        discussion: """
            EXAMPLE
              cairn store restore /backup/cairn-monday cairn-store
            """)

    @OptionGroup var answer: OutputOptions

    @Argument(help: "The backup.")
    var from: String

    @Argument(help: "Where the store goes: an empty or missing directory.")
    var to: String

    func run() async throws {
        let receipt = try StoreBackup.restore(from, to: to)
        try answer.output.print(receipt) { receipt.text("restored to") }
    }
}

extension StoreBackup.Receipt {
    fileprivate func text(_ done: String) -> String {
        "\(Quantities.counted(Int(head.size), "event")), \(Quantities.bytes(bytes)), \(done) \(path) and verified\n"
            + "head \(head.size):\(head.root.hex)\n"
    }
}
