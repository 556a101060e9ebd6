import Crypto
import Determinism

/// A private key that signs checkpoints.
///
/// It is never part of a description or an error.
/// The text form is that of Go's `sumdb/note`: `PRIVATE+KEY+<name>+<key id>+<base64(0x01 ‖ seed)>`.
public struct NoteSigner: Sendable {
    private static let prefix = "PRIVATE+KEY+"

    /// Its public half, for signatures over the text of a note.
    public let key: VerifierKey
    private let seed: [UInt8]

    /// A new key, from the system's random numbers.
    public static func generated(name: String) throws(NoteError) -> NoteSigner {
        var random = SystemRandomNumberGenerator()
        return try NoteSigner(name: name, seed: (0..<32).map { _ in random.next() })
    }

    /// A key from its seed, the 32 bytes of the private key of RFC 8032.
    public init(name: String, seed: [UInt8]) throws(NoteError) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
            throw NoteError("the signing key of \(name)", "isn't 32 bytes")
        }
        self.key = try VerifierKey(name: name, kind: .note, publicKey: Array(key.publicKey.rawRepresentation))
        self.seed = seed
    }

    /// Reads the private text; what is wrong with it is said without it.
    public init(privateText text: String) throws(NoteError) {
        let subject = "the signing key"
        let parts =
            text.hasPrefix(Self.prefix)
            ? text.dropFirst(Self.prefix.count).split(
                separator: "+", maxSplits: 2, omittingEmptySubsequences: false) : []
        guard parts.count == 3, let material = Base64.bytes(String(parts[2])), material.first == 0x01 else {
            throw NoteError(subject, "isn't PRIVATE+KEY+NAME+ID+BASE64 of an Ed25519 key")
        }
        try self.init(name: String(parts[0]), seed: Array(material.dropFirst()))
        guard parts[1] == key.idText else { throw NoteError(subject, "doesn't have the id that it states") }
    }

    /// The private text, for a file that nobody else can read.
    public var privateText: String { "\(Self.prefix)\(key.name)+\(key.idText)+\(Base64.text([0x01] + seed))" }

    /// Signs a message; 64 bytes.
    func signature(of message: [UInt8]) -> [UInt8] {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed),
            let signature = try? key.signature(for: message)
        else { preconditionFailure("a seed that was a key once is one") }
        return Array(signature)
    }
}

extension NoteSigner: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The public half.
    public var description: String { "signer \(key)" }
    /// The public half.
    public var debugDescription: String { description }
    /// The public half alone, so that `dump` shows no secret either.
    public var customMirror: Mirror { Mirror(self, children: ["key": key]) }
}
