import ArgumentParser
import Audit
import Cairn
import CanonicalJSON
import Determinism
import EventLog

/// The command `cairn audit tiles`.
struct AuditTilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tiles",
        abstract: "Write the log as static files that any web server can hand out (C2SP tlog-tiles).",
        discussion: """
            Hashes in tile/<L>/<N>, records in tile/entries/<N>, the signed head in checkpoint: whoever follows the log \
            can check and copy all of it. Blobs aren't among it. Into the same directory again, only what is new is \
            written; where another log's head lies, or one that this log hasn't passed, nothing is.

            EXAMPLE
              cairn audit tiles -o public/
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var signer: SignerOptions

    @Option(name: [.short, .long], help: ArgumentHelp("Where the files go.", valueName: "directory"))
    var output: String

    func run() async throws {
        let log = try Store.log(at: store.path)
        defer { log.close() }
        var export = TileExport(log, into: output)
        defer { export.removeEmpty() }
        let checkpoint: SignedCheckpoint
        do {
            try export.prepare()
            // A log that was rolled back isn't signed, so nothing of it leaves, and nothing is recorded.
            checkpoint = try HeadSigning(log).sign(by: try await signer.key(of: log))
            let what = Access.export(format: "tlog-tiles", selection: [:], to: .directory(output))
            _ = try await AccessTrail.record(
                what, by: .user(Person.current), reason: signer.access.reason, of: checkpoint.head, in: log)
            try export.write(checkpoint)
        } catch let conflict as TileConflict {
            throw Failure(.failed, "\(conflict)", remedy: conflict.remedy)
        } catch let changed as ChangedRecord {
            throw Failure(.differs, "\(changed)", remedy: changed.remedy)
        }
        try answer.output.print(TilesAnswer(checkpoint: checkpoint, files: export.written)) {
            "\(Quantities.counted(export.written, "file")) written to \(output), "
                + "up to the head of \(checkpoint.head.size) events\n"
        }
    }
}

/// What `cairn audit tiles` answers.
struct TilesAnswer: CanonicalEncodable {
    let checkpoint: SignedCheckpoint
    let files: Int

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("checkpoint", checkpoint.text)
        writer.field("events", Int(checkpoint.head.size))
        writer.field("files", files)
        writer.field("head", checkpoint.head.root.hex)
        writer.field("origin", checkpoint.origin)
        writer.endObject()
    }
}
