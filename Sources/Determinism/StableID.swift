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

    /// How many digits an id has.
    package static let length = 26

    /// 128 bits as 26 digits of five bits, the first of which has only three.
    package static func text(_ high: UInt64, _ low: UInt64) -> String {
        String(unsafeUninitializedCapacity: length) { buffer in
            write(high, low, into: UnsafeMutableRawBufferPointer(buffer))
            return length
        }
    }

    /// Writes the digits of 128 bits into the first 26 bytes of a buffer.
    package static func write(_ high: UInt64, _ low: UInt64, into buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count >= length, "an id has 26 digits")
        let alphabet: StaticString = "0123456789abcdefghjkmnpqrstvwxyz"
        let digits = alphabet.utf8Start
        var (first, last) = (high >> 1, low)
        buffer[13] = digits[Int(high << 4 & 16 | low >> 60)]
        for index in 0..<13 {
            buffer[12 &- index] = digits[Int(first & 31)]
            first >>= 5
        }
        for index in 0..<12 {
            buffer[25 &- index] = digits[Int(last & 31)]
            last >>= 5
        }
    }

    /// The 128 bits that a text writes; nil if it isn't 26 digits of an id.
    package static func bits(of text: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64)? {
        guard text.count == length, text[0] < UInt8(ascii: "8") else { return nil }
        let values = digitValues.utf8Start
        var (first, last): (UInt64, UInt64) = (0, 0)
        var seen: UInt8 = 0
        for index in 0..<13 {
            let value = values[Int(text[index] & 0x7F)]
            seen |= value & 0x20 | text[index] & 0x80
            first = first << 5 | UInt64(value & 31)
        }
        let value = values[Int(text[13] & 0x7F)]
        seen |= value & 0x20 | text[13] & 0x80
        for index in 14..<26 {
            let value = values[Int(text[index] & 0x7F)]
            seen |= value & 0x20 | text[index] & 0x80
            last = last << 5 | UInt64(value & 31)
        }
        guard seen == 0 else { return nil }
        return (first << 1 | UInt64(value & 31) >> 4, UInt64(value & 15) << 60 | last)
    }

    /// For each ASCII character the value of the digit plus 0x40, or a byte with the bit 0x20 if it is none.
    private static var digitValues: StaticString {
        """
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~@ABCDEFGHI~~\
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~JKLMNOPQ~RS~TU~VWXYZ~[\\]^_~~~~~
        """
    }
}
