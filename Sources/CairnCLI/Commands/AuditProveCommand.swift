import ArgumentParser
import Audit
import Cairn
import CanonicalJSON
import Determinism
import EventLog

/// The command `cairn audit prove`.
struct AuditProveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "Prove to others that the log has an event, without the rest of it.",
        discussion: """
            Writes a C2SP tlog-proof: the event's record, the hashes that lead from it to the root, and the signed head. \
            `cairn audit check-proof` and tools/verify_log.py judge it without the store; so does anything that knows \
            RFC 6962. The newest signed head that covers the event is used, or else the head is signed now.

            EXAMPLE
              cairn audit prove 123 -o event-123.tlog-proof
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var signer: SignerOptions
    @OptionGroup var file: ProofFileOptions

    @Argument(help: "The event's position, from 0.", transform: NumberArgument.position)
    var position: UInt64?

    @Option(help: ArgumentHelp("Or the event's stream, as in job-ID, with --revision.", valueName: "category-id"))
    var stream: String?

    @Option(help: ArgumentHelp("The event's place in its stream, from 0.", valueName: "revision"))
    var revision: UInt64?

    @Option(
        help: ArgumentHelp(
            "Prove it for the head of this size, which is signed: the first so many events, up to the position before.",
            valueName: "size"),
        transform: NumberArgument.size)
    var at: UInt64?

    @Flag(help: "Leave the event's record out: who has it otherwise can check the proof, and nobody else learns it.")
    var withoutEvent = false

    func validate() throws {
        guard (position == nil) == (stream != nil), (stream == nil) == (revision == nil) else {
            throw ValidationError("name the event by its POSITION, or by --stream and --revision")
        }
    }

    func run() async throws {
        try file.check()
        let log = try Store.log(at: store.path)
        defer { log.close() }
        let position = try place(in: log)
        guard let event = try log.event(at: position) else {
            throw Failure(.usage, "the log has \(try log.head().size) events; there is none at position \(position)")
        }
        let checkpoint = try await checkpoint(covering: position, log)
        let inclusion = try log.inclusionProof(of: position, in: checkpoint.head.size)
        guard inclusion.proves(Digest.leaf(event.record), in: checkpoint.head) else {
            throw Failure(
                .differs, "the log doesn't lead to the signed head of \(checkpoint.head.size) events any more",
                remedy: "`cairn audit verify` says where it was changed")
        }
        let proof = try TlogProof(inclusion, in: checkpoint, extra: withoutEvent ? nil : event.record)
        let what = "the proof of event \(position) among \(checkpoint.head.size)"
        try file.write(proof.text, what, ProofAnswer(proof: proof, event: event), answer)
    }

    private func place(in log: LMDBLog) throws -> Position {
        if let position { return Position(position) }
        guard let stream, let revision else { preconditionFailure("validate() has seen one of both") }
        guard let found = try log.position(of: try StreamName(stream), revision: Revision(revision)) else {
            throw Failure(.usage, "the stream \(stream) has no revision \(revision)")
        }
        return found
    }

    private func checkpoint(covering position: Position, _ log: LMDBLog) async throws -> SignedCheckpoint {
        let signing = HeadSigning(log)
        if let at {
            guard position.rawValue < at else { throw Failure(.usage, "position \(position) isn't below --at \(at)") }
            return try signing.sign(size: at, by: try await signer.key(of: log))
        }
        if let known = try signing.known(covering: position, by: try StoreSigningKey.read(of: log)) { return known }
        return try signing.sign(by: try await signer.key(of: log))
    }
}

/// What `cairn audit prove` answers.
struct ProofAnswer: CanonicalEncodable {
    let proof: TlogProof
    let event: Event

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("events", Int(proof.checkpoint.head.size))
        writer.field("hashes", proof.inclusion.hashes.map(\.hex))
        writer.field("head", proof.checkpoint.head.root.hex)
        writer.field("leaf", Digest.leaf(event.record).hex)
        writer.field("origin", proof.checkpoint.origin)
        writer.field("position", event.position)
        writer.field("proof", proof.text)
        writer.field("revision", event.revision)
        writer.field("stream", event.stream.text)
        writer.field("type", event.type.text)
        writer.endObject()
    }
}
