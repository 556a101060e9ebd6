/// Lowercase hexadecimal text.
package enum Hexadecimal {
    /// Two lowercase digits for each byte.
    package static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: 2 * bytes.count) { buffer in
            for (index, byte) in bytes.enumerated() {
                buffer.initializeElement(at: 2 * index, to: digit(byte >> 4))
                buffer.initializeElement(at: 2 * index + 1, to: digit(byte & 15))
            }
            return 2 * bytes.count
        }
    }

    /// Two lowercase digits for each byte.
    package static func text(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { text($0) } }

    /// The bytes of lowercase text; nil if it has other characters or an odd length.
    package static func bytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// The number that 16 digits from an index stand for.
    static func word(_ text: UnsafeRawBufferPointer, at start: Int) -> UInt64? {
        var word: UInt64 = 0
        for index in start..<(start + 16) {
            guard let value = value(text[index]) else { return nil }
            word = word << 4 | UInt64(value)
        }
        return word
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
