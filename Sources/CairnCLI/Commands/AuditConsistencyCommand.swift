import ArgumentParser
import Cairn
import CanonicalJSON
import Determinism
import EventLog

/// The command `cairn audit consistency`.
struct AuditConsistencyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consistency",
        abstract: "Prove that the log has grown from an earlier head by appending alone.",
        discussion: """
            Writes the body of a witness's add-checkpoint request (C2SP tlog-witness): the earlier size, the hashes, and \
            the signed head. `cairn audit check-proof --from` judges it without the store. Exits with 4 when the log \
            hasn't grown from the earlier head.

            EXAMPLE
              cairn audit consistency --from monday.checkpoint -o growth.txt
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var signer: SignerOptions
    @OptionGroup var file: ProofFileOptions

    @Option(
        help: ArgumentHelp("The earlier head: a checkpoint's file, SIZE:ROOT, or a SIZE.", valueName: "head"),
        transform: EarlierHead.init(argument:))
    var from: EarlierHead

    @Option(
        help: ArgumentHelp("Up to the head of this size, of the first so many events.", valueName: "size"),
        transform: NumberArgument.size)
    var to: UInt64?

    func run() async throws {
        try file.check()
        let log = try Store.log(at: store.path)
        defer { log.close() }
        let origin = SignedCheckpoint.origin(ofStore: log.manifest.id)
        if let other = from.checkpoint?.origin, other != origin {
            throw Failure(.differs, "the earlier checkpoint is of \(other), and this store is \(origin)")
        }
        guard let then = try log.head(ofSize: from.size) else {
            throw Failure(
                .differs,
                "the log has \(try log.head().size) events, and the earlier head is of \(from.size): "
                    + "the end is missing")
        }
        if let root = from.root, root != then.root {
            throw Failure(
                .differs,
                "the first \(from.size) events have the head \(then.root.hex), the earlier head is \(root.hex): "
                    + "the log hasn't grown from it")
        }
        let checkpoint = try HeadSigning(log).sign(size: to, by: try await signer.key(of: log))
        let proof = try log.consistencyProof(from: from.size, to: checkpoint.head.size)
        let growth = try GrowthProof(proof, to: checkpoint)
        try file.write(
            growth.text, "the proof of growth from \(from.size) to \(checkpoint.head.size) events",
            GrowthAnswer(proof: growth, from: then), answer)
    }
}

/// What `cairn audit consistency` answers.
struct GrowthAnswer: CanonicalEncodable {
    let proof: GrowthProof
    let from: TreeHead

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("events", Int(proof.checkpoint.head.size))
        writer.field("from") { writer in
            writer.beginObject()
            writer.field("events", Int(from.size))
            writer.field("head", from.root.hex)
            writer.endObject()
        }
        writer.field("hashes", proof.consistency.hashes.map(\.hex))
        writer.field("head", proof.checkpoint.head.root.hex)
        writer.field("origin", proof.checkpoint.origin)
        writer.field("proof", proof.text)
        writer.endObject()
    }
}
