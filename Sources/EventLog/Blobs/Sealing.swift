import Crypto
import Determinism

/// AES-256-GCM with a nonce of its own for each message, drawn at random: nonce, ciphertext, tag.
enum Sealing {
    /// `context` is authenticated with it: what was sealed for one place opens in no other.
    static func seal(_ bytes: [UInt8], with key: SymmetricKey, for context: [UInt8]) throws(LogError) -> [UInt8] {
        do {
            guard let sealed = try AES.GCM.seal(bytes, using: key, authenticating: context).combined else {
                preconditionFailure("a nonce of the usual length has a combined form")
            }
            return Array(sealed)
        } catch {
            throw LogError(.other, during: "sealing", "\(error)")
        }
    }

    /// Nil when it was sealed with another key, for another place, or was changed.
    static func open(_ sealed: [UInt8], with key: SymmetricKey, for context: [UInt8]) -> [UInt8]? {
        guard let box = try? AES.GCM.SealedBox(combined: sealed),
            let opened = try? AES.GCM.open(box, using: key, authenticating: context)
        else { return nil }
        return Array(opened)
    }
}

/// The kept form of a sealed blob: 0x02, the key's id, then nonce, ciphertext and tag of the form it would have unsealed.
///
/// The blob's hash and the key's id are authenticated with it, so that no sealed blob can take another's place.
enum SealedBlob {
    static let tag: UInt8 = 2
    static let headerLength = 1 + BlobKeys.idLength

    static func seal(_ kept: [UInt8], of digest: Determinism.Digest, with key: DataKey) throws(LogError) -> [UInt8] {
        [tag] + key.id + (try Sealing.seal(kept, with: key.key, for: digest.bytes + key.id))
    }

    /// The id of the key that a kept form is sealed with; nil when it isn't sealed.
    static func keyID(of kept: RawSpan) -> [UInt8]? {
        guard kept.byteCount >= headerLength, kept.u8(at: 0) == tag else { return nil }
        return unsafe kept.extracting(1..<headerLength).withUnsafeBytes { unsafe Array($0) }
    }

    /// The same for bytes in memory.
    static func keyID(of kept: [UInt8]) -> [UInt8]? {
        kept.count >= headerLength && kept[0] == tag ? Array(kept[1..<headerLength]) : nil
    }

    /// The form that it has unsealed; nil when it was changed.
    static func open(_ kept: [UInt8], of digest: Determinism.Digest, with key: DataKey) -> [UInt8]? {
        Sealing.open(Array(kept.dropFirst(headerLength)), with: key.key, for: digest.bytes + key.id)
    }
}
