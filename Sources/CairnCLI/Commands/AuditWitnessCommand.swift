import ArgumentParser
import Cairn
import CanonicalJSON
import EventLog

/// The command `cairn audit witness`.
struct AuditWitnessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness", abstract: "Take what witnesses sign.",
        discussion: """
            EXAMPLE
              cairn audit consistency --from 0 | curl -s --data-binary @- https://witness.example/add-checkpoint |
                cairn audit witness add - --witness witness.vkey
            """,
        subcommands: [AuditWitnessAddCommand.self])
}

/// The command `cairn audit witness add FILE`.
struct AuditWitnessAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a witness's cosignatures to a signed head of the store.",
        discussion: """
            Takes signature lines, as a witness answers, or a whole checkpoint that has some. Lines of keys that aren't \
            named are left out; one that a named key didn't make is refused.

            EXAMPLE
              cairn audit witness add answer.txt --witness witness.vkey
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var trust: TrustOptions

    @Argument(help: "The file with the lines; - is standard input.")
    var file: String

    @Option(
        help: ArgumentHelp(
            "They are of the head of this size, of the first so many events; default: the newest signed one.",
            valueName: "size"),
        transform: NumberArgument.size)
    var at: UInt64?

    func validate() throws {
        if trust.witnesses.isEmpty { throw ValidationError("--witness is missing: the public key of the witness") }
    }

    func run() async throws {
        let log = try Store.log(at: store.path)
        defer { log.close() }
        let kept = KeptCheckpoints(of: log)
        guard var checkpoint = try at.map({ try kept.checkpoint(ofSize: $0) }) ?? kept.newest() else {
            throw Failure(
                .failed, "there is no signed head to add them to", remedy: "`cairn audit head --sign` makes one")
        }
        let lines = try signatures()
        let known = trust.witnesses.filter { key in lines.contains { $0.name == key.name && $0.keyID == key.id } }
        for line in lines where known.contains(where: { line.name == $0.name && line.keyID == $0.id }) {
            checkpoint.add(line)
        }
        for key in known {
            guard case .valid = checkpoint.judgement(of: key) else {
                throw Failure(.differs, "\(key) hasn't signed the head of \(checkpoint.head.size) events")
            }
        }
        guard !known.isEmpty else {
            throw Failure(.differs, "\(file) has no signature by the keys given with --witness")
        }
        let all = try kept.keep(checkpoint)
        let found = HeadAnswer(origin: all.origin, head: all.head, checkpoint: all)
        try answer.output.print(found) { all.text }
    }

    private func signatures() throws -> [NoteSignature] {
        let bytes = try InputFile.read(file)
        do {
            if let checkpoint = try? SignedCheckpoint(bytes) { return checkpoint.signatures }
            return try String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
                try NoteSignature(line: String($0))
            }
        } catch let error as NoteError {
            throw Failure(.usage, "\(file): \(error)")
        }
    }
}
