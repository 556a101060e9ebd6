import Determinism

/// A text with the signatures of those who vouch for it (c2sp.org/signed-note): what checkpoints and other notes are.
///
/// A note's first line has to say what it is, so that none can be taken for one of another kind.
package struct SignedNote: Sendable, Equatable {
    /// The text's lines, none of them empty.
    package let lines: [String]
    /// In the order of the text; of keys that may be unknown.
    package private(set) var signatures: [NoteSignature] = []

    init(unsigned lines: [String]) { self.lines = lines }

    /// Signs a text; throws for a line that is empty or has control characters.
    package init(_ lines: [String], signedBy signer: NoteSigner) throws(NoteError) {
        guard !lines.isEmpty, lines.allSatisfy({ !$0.isEmpty && !$0.utf8.contains { $0 < 0x20 } }) else {
            throw NoteError("the note", "has to be lines of text, none of them empty")
        }
        self.init(unsigned: lines)
        sign(by: signer)
    }

    /// Reads a note strictly; whether its signatures are right is another question.
    package init(_ bytes: [UInt8], of subject: String) throws(NoteError) {
        var rest = try NoteLines(bytes, of: subject)
        let lines = rest.paragraph()
        guard !lines.isEmpty else { throw NoteError(subject, "begins with an empty line") }
        try self.init(lines, signatures: &rest, of: subject)
    }

    /// Reads the signatures behind a text that was read already.
    init(_ lines: [String], signatures rest: inout NoteLines, of subject: String) throws(NoteError) {
        var signatures: [NoteSignature] = []
        while let line = rest.next() { signatures.append(try NoteSignature(line: line)) }
        guard !signatures.isEmpty else { throw NoteError(subject, "has no signature behind an empty line") }
        guard signatures.count <= NoteSignature.maximumCount else {
            throw NoteError(subject, "has too many signatures")
        }
        self.lines = lines
        self.signatures = signatures
    }

    /// What is signed: the text “includes the final newline but not the separating blank line”.
    package var body: String { lines.map { $0 + "\n" }.joined() }

    /// The whole note.
    package var text: String { body + "\n" + signatures.map(\.line).joined() }

    /// Adds a signature line; one that is there already is not repeated.
    mutating func add(_ signature: NoteSignature) {
        if !signatures.contains(signature) { signatures.append(signature) }
    }

    /// Signs the text.
    mutating func sign(by signer: NoteSigner) {
        add(
            NoteSignature(
                name: signer.key.name, keyID: signer.key.id, bytes: signer.signature(of: Array(body.utf8))))
    }

    /// Whether all plain signatures that claim to be of a key are right; nil when there are none.
    package func isSigned(by key: VerifierKey) -> Bool? {
        let claims = signatures.filter { $0.claims(key) }
        guard !claims.isEmpty else { return nil }
        let body = Array(body.utf8)
        return claims.allSatisfy { $0.bytes.count == 64 && key.accepts($0.bytes[...], of: body) }
    }
}
