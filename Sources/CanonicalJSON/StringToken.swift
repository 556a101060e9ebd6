/// The inside of a JSON string: finding its end, and its escapes.
enum StringToken {
    /// How many bytes from `start` can stand in a JSON string as they are: up to a quote, backslash or control.
    ///
    /// Looks at eight bytes at once. In each lane, `(x − n) & ~x & 0x80` is set where the byte is below n, and lanes
    /// before the first hit are exact, because only a hit borrows from the next lane.
    @inline(__always)
    static func plainPrefix(_ start: UnsafeRawPointer, _ count: Int) -> Int {
        var index = 0
        while index &+ 8 <= count {
            let word = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let hits = specials(word)
            if hits != 0 { return index &+ hits.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < count {
            let byte = start.load(fromByteOffset: index, as: UInt8.self)
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
            index &+= 1
        }
        return index
    }

    @inline(__always)
    private static func specials(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let control = (word &- (ones &* 0x20)) & ~word
        return (control | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)) & highs
    }

    /// The letter of a two-character escape, for the bytes that have one that canonical JSON uses.
    static func shortEscape(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
        case 0x08: UInt8(ascii: "b")
        case 0x09: UInt8(ascii: "t")
        case 0x0A: UInt8(ascii: "n")
        case 0x0C: UInt8(ascii: "f")
        case 0x0D: UInt8(ascii: "r")
        default: nil
        }
    }

    /// The byte that a two-character escape of canonical JSON stands for.
    static func byte(ofShortEscape letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "r"): 0x0D
        default: nil
        }
    }

    /// The value of a hexadecimal digit.
    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The escape that starts with the backslash at `index`, if it is one that canonical JSON uses.
    static func canonicalEscape(
        _ source: UnsafeRawBufferPointer, at index: Int
    ) -> (byte: UInt8, length: Int)? {
        guard index + 1 < source.count else { return nil }
        if let byte = byte(ofShortEscape: source[index + 1]) { return (byte, 2) }
        guard index + 5 < source.count, source[index + 1] == UInt8(ascii: "u"), source[index + 2] == UInt8(ascii: "0"),
            source[index + 3] == UInt8(ascii: "0"), !isUppercase(source[index + 4]), !isUppercase(source[index + 5]),
            let high = digit(source[index + 4]), let low = digit(source[index + 5])
        else { return nil }
        let byte = high << 4 | low
        return byte < 0x20 && shortEscape(of: byte) == nil ? (byte, 6) : nil
    }

    private static func isUppercase(_ byte: UInt8) -> Bool {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
    }

    /// The bytes that a string's inside stands for, all of whose escapes are canonical.
    static func unescaped(_ source: UnsafeRawBufferPointer) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(source.count)
        var index = 0
        while index < source.count {
            if source[index] == UInt8(ascii: "\\"), let escape = canonicalEscape(source, at: index) {
                bytes.append(escape.byte)
                index += escape.length
            } else {
                bytes.append(source[index])
                index += 1
            }
        }
        return bytes
    }
}
