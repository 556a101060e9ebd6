import Crypto
import Determinism

/// The public half of a key that signs notes, with its name: a “vkey” of C2SP `signed-note` (c2sp.org/signed-note).
///
/// As text: `<name>+<key id in 8 hexadecimal digits>+<base64(signature type ‖ public key)>`, as Go's `sumdb/note` and the
/// witness network write it.
public struct VerifierKey: Sendable, Hashable {
    /// What is signed, and how.
    public enum Kind: UInt8, Sendable {
        /// “Ed25519 signatures as specified by this document”: over the text of the note.
        case note = 0x01
        /// “Timestamped Ed25519 witness cosignatures, as specified by c2sp.org/tlog-cosignature.”
        case cosignature = 0x04
    }

    static let publicKeyByteCount = 32

    /// Whose key it is: non-empty, without Unicode spaces and `+`.
    public let name: String
    /// What it signs.
    public let kind: Kind
    /// The Ed25519 public key, 32 bytes as in RFC 8032.
    public let publicKey: [UInt8]

    /// A key of a name; throws for a name or a key that can't be one.
    public init(name: String, kind: Kind, publicKey: [UInt8]) throws(NoteError) {
        guard VerifierKey.isName(name) else {
            throw NoteError("the key's name", "may not be empty or contain spaces, control characters or +")
        }
        guard publicKey.count == VerifierKey.publicKeyByteCount else {
            throw NoteError("the key \(name)", "has \(publicKey.count) bytes, 32 are due")
        }
        self.name = name
        self.kind = kind
        self.publicKey = publicKey
    }

    /// Reads the text form; throws for anything that `text` doesn't write, and for other kinds of keys.
    public init(text: String) throws(NoteError) {
        let subject = "the key \(text.prefix(100))"
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let material = Base64.bytes(String(parts[2])), let kind = material.first else {
            throw NoteError(subject, "isn't NAME+ID+BASE64")
        }
        guard let kind = Kind(rawValue: kind) else {
            throw NoteError(subject, "is of the kind \(kind); known are 1 (Ed25519) and 4 (Ed25519 cosignature)")
        }
        try self.init(name: String(parts[0]), kind: kind, publicKey: Array(material.dropFirst()))
        guard parts[1].utf8.elementsEqual(idText.utf8) else {
            throw NoteError(subject, "doesn't have the id \(idText), as it should")
        }
    }

    /// The same key, for the other kind of signature.
    public func of(kind: Kind) -> VerifierKey { VerifierKey(unchecked: name, kind, publicKey) }

    private init(unchecked name: String, _ kind: Kind, _ publicKey: [UInt8]) {
        self.name = name
        self.kind = kind
        self.publicKey = publicKey
    }

    /// What its signatures are found by: `SHA-256(name ‖ 0x0A ‖ signature type ‖ public key)[:4]`.
    public var id: UInt32 {
        let bytes = Digest(of: Array(name.utf8) + [0x0A, kind.rawValue] + publicKey).bytes
        return bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The id in 8 hexadecimal digits.
    public var idText: String { Hexadecimal.text((0..<4).map { UInt8(truncatingIfNeeded: id >> (24 - 8 * $0)) }) }

    /// The text form.
    public var text: String { "\(name)+\(idText)+\(Base64.text([kind.rawValue] + publicKey))" }

    /// Whether it has signed a message.
    func accepts(_ signature: ArraySlice<UInt8>, of message: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
        return key.isValidSignature(Array(signature), for: message)
    }

    /// “Key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus (U+002B) characters”.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy { scalar in
                scalar != "+" && scalar.value >= 0x20 && !scalar.properties.isWhitespace
            }
    }
}

extension VerifierKey: CustomStringConvertible {
    /// The text form.
    public var description: String { text }
}
