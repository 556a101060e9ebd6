/// Ids from content: the same thing submitted twice has the same id, on any machine.
package enum StableID {
    /// The id of an entity of some kind that these parts identify: 26 characters of `0-9a-z` without i, l, o, u.
    ///
    /// The first 16 bytes of SHA-256 over an unambiguous encoding: the kind, the number of parts, then each part, every
    /// text behind its length in bytes (8 bytes, little-endian). Written in Crockford's base 32, lowercase, most
    /// significant digit first. No two kinds share an id, and `["ab", "c"]` isn't `["a", "bc"]`.
    package static func make(kind: String, parts: [String]) -> String {
        let digest = encoded(kind: kind, parts: parts)
        return digest.withBytes { bytes in
            let high = bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
            let low = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            return text(UInt64(bigEndian: high), UInt64(bigEndian: low))
        }
    }

    /// The whole digest of the kind and the parts, from which an id takes half.
    static func encoded(kind: String, parts: [String]) -> Digest {
        var builder = DigestBuilder()
        append(kind, to: &builder)
        builder.update(UInt64(parts.count))
        for part in parts { append(part, to: &builder) }
        return builder.digest()
    }

    private static func append(_ text: String, to builder: inout DigestBuilder) {
        builder.update(UInt64(text.utf8.count))
        builder.update(text)
    }

    /// 128 bits as 26 digits of five bits, the first of which has only three.
    static func text(_ high: UInt64, _ low: UInt64) -> String {
        let alphabet: StaticString = "0123456789abcdefghjkmnpqrstvwxyz"
        return String(unsafeUninitializedCapacity: 26) { buffer in
            var (high, low) = (high, low)
            for index in (0..<26).reversed() {
                buffer.initializeElement(at: index, to: alphabet.utf8Start[Int(low & 31)])
                low = low >> 5 | high << 59
                high >>= 5
            }
            return 26
        }
    }
}
