/// The name of a commit: the first 16 bytes of a hash over its content.
///
/// Made from the stream, the expected revision and the events, so a commit that is proposed again has the same id. That
/// is how it is known, after a lost answer, whether it landed.
public struct CommitID: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    /// The number of bytes of an id.
    public static let byteCount = 16

    /// Reads the 16 bytes; nil for another number of them.
    public init?(bytes: [UInt8]) {
        guard bytes.count == CommitID.byteCount else { return nil }
        self.init(high: CommitID.bigEndian(bytes[0..<8]), low: CommitID.bigEndian(bytes[8..<16]))
    }

    /// Reads 32 lower-case hexadecimal digits; nil for anything else.
    public init?(hex: String) {
        guard let bytes = Hex.bytes(hex) else { return nil }
        self.init(bytes: bytes)
    }

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The 16 bytes.
    public var bytes: [UInt8] {
        (0..<16).map { index in
            UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> UInt64(56 - 8 * (index % 8)))
        }
    }

    /// 32 lower-case hexadecimal digits.
    public var hex: String { Hex.text(bytes) }

    private static func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension CommitID: CustomStringConvertible {
    /// 32 lower-case hexadecimal digits.
    public var description: String { hex }
}

/// Bytes as lower-case hexadecimal text, and back.
enum Hex {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func bytes(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text.utf8 {
            guard let value = nibble(digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? bytes : nil
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
