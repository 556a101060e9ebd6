public import Determinism

/// A head of a log with the signatures of those who vouch for it: a checkpoint of C2SP `tlog-checkpoint`.
///
/// “A checkpoint is a signed note where the body is precisely formatted”: origin, tree size and root hash in base64, a
/// line each, perhaps extension lines; an empty line; signature lines (c2sp.org/tlog-checkpoint, c2sp.org/signed-note).
public struct SignedCheckpoint: Sendable, Equatable {
    /// “A unique identifier for the log identity which issued the checkpoint”.
    public let origin: String
    /// Size and root.
    public let head: TreeHead
    /// Lines behind the root, “opaque and OPTIONAL”; Cairn writes none.
    public let extensions: [String]
    /// What is signed, and by whom.
    private var note: SignedNote

    /// The signatures, in the order of the text; of keys that may be unknown.
    public var signatures: [NoteSignature] { note.signatures }

    /// What a store's checkpoints have as their origin and their key as its name.
    public static func origin(ofStore id: String) -> String { storeOrigins + id }

    /// What the origins of stores begin with.
    public static let storeOrigins = "cairn/store/"

    /// The checkpoint of a head, signed by the log; throws for an origin that isn't one line.
    ///
    /// With a time, the log says in a cosignature by the same key, too, that this was its greatest head at that time: a
    /// note's own signature has no time.
    public init(
        origin: String, head: TreeHead, signedBy signer: NoteSigner, at time: Timestamp? = nil
    ) throws(NoteError) {
        guard !origin.isEmpty, !origin.utf8.contains(where: { $0 < 0x20 }) else {
            throw NoteError("the origin", "has to be one line of text")
        }
        self.origin = origin
        self.head = head
        extensions = []
        note = SignedNote(unsigned: [origin, "\(head.size)", head.root.base64])
        sign(by: signer)
        if let time { cosign(by: signer, at: time) }
    }

    /// Reads a checkpoint strictly; whether its signatures are right is another question.
    public init(_ bytes: [UInt8]) throws(NoteError) {
        let subject = "the checkpoint"
        var lines = try NoteLines(bytes, of: subject)
        let body = lines.paragraph()
        guard body.count >= 3, let size = UInt64(plainDecimal: body[1][...]), let root = Digest(base64: body[2]) else {
            throw NoteError(subject, "doesn't begin with an origin, a size and a root in base64, a line each")
        }
        origin = body[0]
        head = TreeHead(size: size, root: root)
        extensions = Array(body.dropFirst(3))
        note = try SignedNote(body, signatures: &lines, of: subject)
    }

    /// The checkpoints of a file that has one or several, one behind the other.
    public static func all(in bytes: [UInt8]) throws(NoteError) -> [SignedCheckpoint] {
        var lines = try NoteLines(bytes, of: "the file of checkpoints")
        var (found, current, isSigned): ([SignedCheckpoint], [UInt8], Bool) = ([], [], false)
        while let line = lines.next() {
            let isSignature = line.utf8.starts(with: NoteSignature.prefix.utf8)
            if isSigned && !isSignature {
                found.append(try SignedCheckpoint(current))
                (current, isSigned) = ([], false)
            }
            // One empty line may stand between two of them.
            if line.isEmpty && current.isEmpty { continue }
            isSigned = isSigned || (isSignature && current.suffix(2) == Array("\n\n".utf8))
            current += Array(line.utf8) + [UInt8(ascii: "\n")]
        }
        if !current.isEmpty { found.append(try SignedCheckpoint(current)) }
        return found
    }

    /// What is signed: the note's text “includes the final newline but not the separating blank line”.
    public var body: String { note.body }

    /// The whole text.
    public var text: String { note.text }

    /// Adds a signature line of somebody else; one that is there already is not repeated.
    public mutating func add(_ signature: NoteSignature) { note.add(signature) }

    /// Signs the text of the note.
    public mutating func sign(by signer: NoteSigner) { note.sign(by: signer) }

    /// Says that this was the greatest head seen at a time, of which whole seconds are kept (c2sp.org/tlog-cosignature).
    public mutating func cosign(by signer: NoteSigner, at time: Timestamp) {
        let seconds = UInt64(max(0, time.microseconds / 1_000_000))
        let key = signer.key.of(kind: .cosignature)
        let stamp = (0..<8).map { UInt8(truncatingIfNeeded: seconds >> (56 - 8 * $0)) }
        add(
            NoteSignature(
                name: key.name, keyID: key.id, bytes: stamp + signer.signature(of: cosigned(at: seconds))))
    }
}

// MARK: - Judging

extension SignedCheckpoint {
    /// What a checkpoint's signatures by one key are worth.
    public enum Judgement: Sendable, Equatable {
        /// There is none.
        case absent
        /// All of them are right; the latest time that they state, if they state one.
        case valid(at: Timestamp?)
        /// One of them isn't right: the note “SHOULD” be rejected whole.
        case invalid
    }

    /// Judges the signatures that claim to be of a key.
    ///
    /// For a key of a log, whose signature has no time, its cosignature with the same key gives the time, if there is one.
    public func judgement(of key: VerifierKey) -> Judgement {
        let found = own(judgement: key)
        guard key.kind == .note, case .valid = found else { return found }
        switch own(judgement: key.of(kind: .cosignature)) {
        case .absent: return found
        case .valid(let time): return .valid(at: time)
        case .invalid: return .invalid
        }
    }

    private func own(judgement key: VerifierKey) -> Judgement {
        switch key.kind {
        case .note:
            guard let isRight = note.isSigned(by: key) else { return .absent }
            return isRight ? .valid(at: nil) : .invalid
        case .cosignature: return cosigned(by: key)
        }
    }

    private func cosigned(by key: VerifierKey) -> Judgement {
        let claims = signatures.filter { $0.claims(key) }
        guard !claims.isEmpty else { return .absent }
        var latest: Timestamp?
        for claim in claims {
            guard let time = time(of: claim, by: key) else { return .invalid }
            latest = max(latest ?? time, time)
        }
        return .valid(at: latest)
    }

    private func time(of claim: NoteSignature, by key: VerifierKey) -> Timestamp? {
        guard claim.bytes.count == 72 else { return nil }
        let seconds = claim.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard seconds <= UInt64(Timestamp.writable.upperBound.microseconds) / 1_000_000,
            key.accepts(claim.bytes.dropFirst(8), of: cosigned(at: seconds))
        else { return nil }
        return Timestamp(microseconds: Int64(seconds) * 1_000_000)
    }

    /// “Two newline (U+000A) terminated lines (one header line and one timestamp line) followed by the whole note body”.
    private func cosigned(at seconds: UInt64) -> [UInt8] {
        Array("cosignature/v1\ntime \(seconds)\n\(body)".utf8)
    }
}
