import Determinism

/// That a log has grown from an earlier size, with the checkpoint that it has grown to: what a witness wants to see.
///
/// The text is the body of a witness's `add-checkpoint` request: “an old size line, zero or more consistency proof lines,
/// and an empty line, followed by a checkpoint” (c2sp.org/tlog-witness).
public struct GrowthProof: Sendable, Equatable {
    static let word = "old"
    /// “The client MUST NOT send more than 63 consistency proof lines”.
    static let maximumHashCount = 63

    /// How the roots of both sizes follow from the same hashes.
    public let consistency: ConsistencyProof
    /// The later head.
    public let checkpoint: SignedCheckpoint

    /// A proof for the checkpoint's head; throws when it is for another size.
    public init(_ consistency: ConsistencyProof, to checkpoint: SignedCheckpoint) throws(NoteError) {
        guard consistency.to == checkpoint.head.size else {
            throw NoteError("the proof", "is for \(consistency.to) events, its checkpoint for \(checkpoint.head.size)")
        }
        self.consistency = consistency
        self.checkpoint = checkpoint
    }

    /// Reads a proof strictly; whether it proves anything is another question.
    public init(_ bytes: [UInt8]) throws(NoteError) {
        var lines = try NoteLines(bytes, of: "the proof of growth")
        let from = try lines.number(behind: Self.word)
        let hashes = try lines.hashes(atMost: Self.maximumHashCount)
        checkpoint = try SignedCheckpoint(lines.remaining())
        consistency = ConsistencyProof(from: from, to: checkpoint.head.size, hashes: hashes)
    }

    /// Whether bytes look like one, and not like a proof of inclusion.
    package static func isOne(_ bytes: [UInt8]) -> Bool { bytes.starts(with: "\(word) ".utf8) }

    /// The text.
    public var text: String {
        "\(Self.word) \(consistency.from)\n" + consistency.hashes.map { $0.base64 + "\n" }.joined() + "\n"
            + checkpoint.text
    }
}
