/// Lowercase hexadecimal text.
package enum Hexadecimal {
    /// Two lowercase digits for each byte.
    package static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: 2 * bytes.count) { buffer in
            write(bytes, into: UnsafeMutableRawBufferPointer(buffer))
            return 2 * bytes.count
        }
    }

    /// Writes two lowercase digits for each byte into a buffer that has room for them.
    package static func write(_ bytes: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count >= 2 * bytes.count, "a byte takes two digits")
        for index in 0..<bytes.count {
            let byte = bytes[index]
            buffer[2 &* index] = digit(byte >> 4)
            buffer[2 &* index &+ 1] = digit(byte & 15)
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
        precondition(start >= 0 && start + 16 <= text.count, "a word has 16 digits")
        guard let high = half(text.loadUnaligned(fromByteOffset: start, as: UInt64.self)),
            let low = half(text.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self))
        else { return nil }
        return high << 32 | low
    }

    /// What eight digits stand for, all computed at once: each byte becomes its digit's value, and is written again to
    /// see that it was one.
    private static func half(_ loaded: UInt64) -> UInt64? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let text = UInt64(bigEndian: loaded)
        let letters = text >> 6 & ones
        let values = (text & (ones &* 0x0F)) &+ letters &* 9
        guard values & (ones &* 0xF0) == 0 else { return nil }
        let tens = (values &+ ones &* 6) >> 4 & ones
        guard values &+ ones &* 0x30 &+ tens &* 0x27 == text else { return nil }
        var packed = (values | values >> 4) & 0x00FF_00FF_00FF_00FF
        packed = (packed | packed >> 8) & 0x0000_FFFF_0000_FFFF
        return (packed | packed >> 16) & 0xFFFF_FFFF
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
