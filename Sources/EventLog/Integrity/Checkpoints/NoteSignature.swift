import Determinism

/// One signature line of a note: `— <key name> base64(32-bit key ID ‖ signature)` (c2sp.org/signed-note).
public struct NoteSignature: Sendable, Hashable {
    static let prefix = "\u{2014} "
    /// How many lines a note may have, and how long one may be; post-quantum signatures have nearly 5 kB.
    static let maximumCount = 100
    static let maximumByteCount = 16_384

    /// The name of the key that it claims to be of.
    public let name: String
    /// The id of that key.
    public let keyID: UInt32
    /// What follows the id: 64 bytes for Ed25519, with 8 bytes of time before them for a cosignature.
    public let bytes: [UInt8]

    init(name: String, keyID: UInt32, bytes: [UInt8]) {
        self.name = name
        self.keyID = keyID
        self.bytes = bytes
    }

    /// Reads a line without its line feed.
    public init(line: String) throws(NoteError) {
        let subject = "the signature line \(line.prefix(100))"
        guard line.utf8.starts(with: Self.prefix.utf8), line.utf8.count <= Self.maximumByteCount else {
            throw NoteError(subject, "doesn't begin with an em dash and a space, or is too long")
        }
        let parts = line.utf8.dropFirst(Self.prefix.utf8.count)
            .split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { String(Substring($0)) }
        guard parts.count == 2, VerifierKey.isName(parts[0]), let bytes = Base64.bytes(parts[1]), bytes.count > 4 else {
            throw NoteError(subject, "isn't an em dash, a key's name and base64 of more than 4 bytes")
        }
        name = parts[0]
        keyID = bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        self.bytes = Array(bytes.dropFirst(4))
    }

    /// The line, with its line feed.
    public var line: String {
        let id = (0..<4).map { UInt8(truncatingIfNeeded: keyID >> (24 - 8 * $0)) }
        return "\(Self.prefix)\(name) \(Base64.text(id + bytes))\n"
    }

    /// Whether it claims to be of a key.
    func claims(_ key: VerifierKey) -> Bool { name.utf8.elementsEqual(key.name.utf8) && keyID == key.id }
}
