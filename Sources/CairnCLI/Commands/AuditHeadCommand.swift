import ArgumentParser
import Audit
import Cairn
import CanonicalJSON
import Determinism
import EventLog

/// The command `cairn audit head`.
struct AuditHeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "head",
        abstract: "Print the head of the log: how many events it has, and the hash over them.",
        discussion: """
            With --sign as a signed checkpoint (C2SP tlog-checkpoint), which others keep: from then on the store can't be \
            changed, cut or made anew without their noticing. The key is made when it is first needed; what was signed \
            is kept in the store's checkpoints/. Before it signs, it checks that the head is the root of the log's tree, \
            that the tree ends with the last record and has grown from the head that was signed before: quick, however \
            long the log. It doesn't hash every record again; `cairn audit verify` does, and says if one was changed.

            EXAMPLE
              cairn audit head --sign -o monday.checkpoint
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var signer: SignerOptions
    @OptionGroup var file: ProofFileOptions

    @Flag(help: "Sign it with the store's key.")
    var sign = false

    @Option(
        help: ArgumentHelp(
            "The head of this size: of the first so many events, up to the position before.", valueName: "size"),
        transform: NumberArgument.size)
    var at: UInt64?

    func validate() throws {
        if file.output != nil && !sign { throw ValidationError("-o takes a signed head; add --sign") }
    }

    func run() async throws {
        try file.check()
        let log = try Store.log(at: store.path)
        defer { log.close() }
        let origin = SignedCheckpoint.origin(ofStore: log.manifest.id)
        guard sign else {
            let head = try at.map { try wanted($0, log) } ?? log.head()
            return try answer.output.print(HeadAnswer(origin: origin, head: head)) { "\(head.size):\(head.root.hex)\n" }
        }
        let key = try await signer.key(of: log)
        let checkpoint = try HeadSigning(log).sign(size: at, by: key)
        let found = HeadAnswer(origin: origin, head: checkpoint.head, key: key.key, checkpoint: checkpoint)
        try file.write(checkpoint.text, "the signed head of \(checkpoint.head.size) events", found, answer)
    }

    private func wanted(_ size: UInt64, _ log: LMDBLog) throws -> TreeHead {
        guard let head = try log.head(ofSize: size) else {
            throw Failure(.usage, "the log has the size \(try log.head().size), and --at asks for \(size)")
        }
        return head
    }
}

/// Where a checkpoint or a proof goes.
struct ProofFileOptions: ParsableArguments {
    @Option(
        name: [.short, .long], help: ArgumentHelp("Write to this file, not to standard output.", valueName: "file"))
    var output: String?

    /// Fails where no file can be written, before anything is signed for it.
    func check() throws {
        if let output { try OutputFile.check(output) }
    }

    /// Writes the text into the file or prints it; with `--json` the answer is printed in any case.
    func write(_ text: String, _ what: String, _ found: some CanonicalEncodable, _ answer: OutputOptions) throws {
        if let output {
            let file = try OutputFile(replacing: output)
            try file.write(Array(text.utf8))
            try file.finish()
            if !answer.json { Terminal.complain("\(what) in \(output)\n") }
        }
        if answer.json || output == nil { try answer.output.print(found) { text } }
    }
}

/// What `cairn audit head` answers.
struct HeadAnswer: CanonicalEncodable {
    let origin: String
    let head: TreeHead
    var key: VerifierKey?
    var checkpoint: SignedCheckpoint?

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("checkpoint", checkpoint?.text)
        writer.field("events", Int(head.size))
        writer.field("head", head.root.hex)
        writer.optionalField("key", key?.text)
        writer.field("origin", origin)
        writer.endObject()
    }
}
