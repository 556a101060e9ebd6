import Determinism

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
        guard let bytes = Hexadecimal.bytes(hex) else { return nil }
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
    public var hex: String { Hexadecimal.text(bytes) }

    private static func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension CommitID: CustomStringConvertible {
    /// 32 lower-case hexadecimal digits.
    public var description: String { hex }
}
