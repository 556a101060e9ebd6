import ArgumentParser
import Audit
import CanonicalJSON
import EventLog

/// The command `cairn audit check-proof FILE`.
struct AuditCheckProofCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-proof",
        abstract: "Judge a proof that somebody handed out; needs no store.",
        discussion: """
            Takes what `cairn audit prove` and `cairn audit consistency` write. --key is the log's public key, which must \
            have come another way than the proof. Exits with 4 when it proves nothing, also when it can't be read as a \
            proof; with 2 when there is no such file, or what it takes to judge it isn't given.

            EXAMPLE
              cairn audit check-proof event-123.tlog-proof --key "$(cat lab.vkey)"
            """)

    @OptionGroup var trust: TrustOptions
    @OptionGroup var answer: OutputOptions

    @Argument(help: "The proof's file; - is standard input.")
    var file: String

    @Option(
        help: ArgumentHelp(
            "For a proof of growth: the earlier head, a checkpoint's file or SIZE:ROOT.", valueName: "head"),
        transform: EarlierHead.init(argument:))
    var from: EarlierHead?

    @Option(help: ArgumentHelp("The event's record, for a proof without it.", valueName: "file"))
    var record: String?

    func validate() throws {
        if trust.keys.isEmpty { throw ValidationError("--key is missing: a proof is worth what its signature is") }
    }

    func run() throws {
        let bytes = try InputFile.read(file)
        var judge = ProofJudge(keys: trust.keys)
        judge.witnesses = trust.witnesses
        judge.quorum = trust.quorum ?? 0
        do {
            let report = try GrowthProof.isOne(bytes) ? growth(bytes, judge) : inclusion(bytes, judge)
            try answer.output.print(report) { report.text }
        } catch let error as NoteError {
            throw Failure(.differs, "\(file) proves nothing: \(error)")
        } catch let finding as AuditFinding {
            throw Failure(.differs, "\(file) proves nothing: \(finding.message)")
        }
    }

    private func inclusion(_ bytes: [UInt8], _ judge: ProofJudge) throws -> ProofReport {
        let proof = try TlogProof(bytes)
        if from != nil {
            throw Failure(
                .usage, "\(file) proves an event, and --from is for a proof of growth", remedy: "leave it out")
        }
        guard record != nil || proof.extra != nil else {
            throw Failure(
                .usage, "\(file) doesn't have its event, so there is nothing to check",
                remedy: "give the event's record with --record FILE, or make the proof without --without-event")
        }
        return try judge.inclusion(proof, of: try record.map { try InputFile.read($0) })
    }

    private func growth(_ bytes: [UInt8], _ judge: ProofJudge) throws -> ProofReport {
        let proof = try GrowthProof(bytes)
        if record != nil {
            throw Failure(
                .usage, "\(file) proves growth, and --record is for the proof of an event", remedy: "leave it out")
        }
        let begins = "\(file) proves growth from a head of the size \(proof.consistency.from)"
        let remedy = "give that head with --from, as its checkpoint's file or SIZE:ROOT"
        guard let from else { throw Failure(.usage, "--from is missing: \(begins)", remedy: remedy) }
        guard let root = from.root else {
            throw Failure(.usage, "--from \(from.size) is a size without a root: \(begins)", remedy: remedy)
        }
        let earlier = try from.checkpoint.map { try judge.head(of: $0, before: proof.checkpoint) }
        return try judge.growth(proof, from: earlier ?? TreeHead(size: from.size, root: root))
    }
}
