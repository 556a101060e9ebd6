import Determinism

/// One event's inclusion in a log, for somebody who has nothing of the log but its key: a C2SP `tlog-proof`.
///
/// “A textual format for a an offline-verifiable proof that some data has been logged to a transparency log and that its
/// inclusion has been observed by some number of witnesses” (c2sp.org/tlog-proof). Files are named `.tlog-proof`.
public struct TlogProof: Sendable, Equatable {
    static let firstLine = "c2sp.org/tlog-proof@v1"
    /// As high as a tree of 2^64 leaves.
    static let maximumHashCount = 64

    /// “Optional opaque extra data”: Cairn puts the event's record here, whose hash the leaf is.
    ///
    /// Not authenticated by itself.
    public let extra: [UInt8]?
    /// Where the event is, and how its leaf leads to the root.
    public let inclusion: InclusionProof
    /// The head that the proof leads to.
    public let checkpoint: SignedCheckpoint

    /// A proof for the checkpoint's head; throws when it is for another size.
    public init(_ inclusion: InclusionProof, in checkpoint: SignedCheckpoint, extra: [UInt8]? = nil) throws(NoteError) {
        guard inclusion.size == checkpoint.head.size else {
            throw NoteError("the proof", "is for \(inclusion.size) events, its checkpoint for \(checkpoint.head.size)")
        }
        self.extra = extra
        self.inclusion = inclusion
        self.checkpoint = checkpoint
    }

    /// Reads a proof strictly; whether it proves anything is another question.
    public init(_ bytes: [UInt8]) throws(NoteError) {
        let subject = "the proof"
        var lines = try NoteLines(bytes, of: subject)
        guard lines.next() == Self.firstLine else { throw NoteError(subject, "doesn't begin with \(Self.firstLine)") }
        var ahead = lines
        let second = ahead.next() ?? ""
        if second.utf8.starts(with: "extra ".utf8) {
            guard let bytes = Base64.bytes(String(Substring(second.utf8.dropFirst(6)))) else {
                throw NoteError(subject, "has extra data that isn't base64")
            }
            extra = bytes
            lines = ahead
        } else {
            extra = nil
        }
        let index = try lines.number(behind: "index")
        let hashes = try lines.hashes(atMost: Self.maximumHashCount)
        checkpoint = try SignedCheckpoint(lines.remaining())
        inclusion = InclusionProof(position: Position(index), size: checkpoint.head.size, hashes: hashes)
    }

    /// The text.
    public var text: String {
        Self.firstLine + "\n" + (extra.map { "extra \(Base64.text($0))\n" } ?? "") + "index \(inclusion.position)\n"
            + inclusion.hashes.map { $0.base64 + "\n" }.joined() + "\n" + checkpoint.text
    }
}
