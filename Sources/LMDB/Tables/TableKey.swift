/// A value with a byte form that sorts like the value, also as a part of a longer key.
///
/// Parts encoded one after the other sort by the first, then by the second, and so on.
public protocol TableKey {
    /// Adds the byte form.
    func encode(into bytes: inout [UInt8])
    /// Takes the byte form off the front of `bytes`.
    init(decoding bytes: inout ArraySlice<UInt8>) throws(TableKeyError)
}

/// Bytes that aren't the byte form of the key that was asked for.
public struct TableKeyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was expected and found.
    public let description: String

    /// Creates an error.
    public init(_ description: String) {
        self.description = description
    }
}

extension [UInt8] {
    /// The byte form of a key with several parts.
    public init<each Part: TableKey>(tableKey part: repeat each Part) {
        self = []
        repeat (each part).encode(into: &self)
    }
}

/// Eight bytes, big-endian.
extension UInt64: TableKey {
    /// Adds the byte form.
    public func encode(into bytes: inout [UInt8]) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: self >> shift)) }
    }

    /// Takes the byte form off the front of `bytes`.
    public init(decoding bytes: inout ArraySlice<UInt8>) throws(TableKeyError) {
        guard bytes.count >= 8 else { throw TableKeyError("an integer has 8 bytes, and \(bytes.count) are left") }
        self = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        bytes.removeFirst(8)
    }
}

/// Eight bytes, big-endian, with the sign bit turned round so that negative numbers come first.
extension Int64: TableKey {
    private static let signBit: UInt64 = 1 << 63

    /// Adds the byte form.
    public func encode(into bytes: inout [UInt8]) {
        (UInt64(bitPattern: self) ^ Self.signBit).encode(into: &bytes)
    }

    /// Takes the byte form off the front of `bytes`.
    public init(decoding bytes: inout ArraySlice<UInt8>) throws(TableKeyError) {
        self.init(bitPattern: try UInt64(decoding: &bytes) ^ Self.signBit)
    }
}

/// UTF-8 in the form of `[UInt8]`; the order is that of Unicode's code points.
extension String: TableKey {
    /// Adds the byte form.
    public func encode(into bytes: inout [UInt8]) {
        TerminatedBytes.encode(utf8, into: &bytes)
    }

    /// Takes the byte form off the front of `bytes`.
    public init(decoding bytes: inout ArraySlice<UInt8>) throws(TableKeyError) {
        guard let text = String(validating: try TerminatedBytes.decode(&bytes), as: UTF8.self) else {
            throw TableKeyError("the text isn't UTF-8")
        }
        self = text
    }
}

/// The bytes, each zero followed by 0xFF, and then 0x00 0x01: so a shorter array comes before the longer ones that begin
/// with it, whatever part of a key follows.
extension Array: TableKey where Element == UInt8 {
    /// Adds the byte form.
    public func encode(into bytes: inout [UInt8]) {
        TerminatedBytes.encode(self, into: &bytes)
    }

    /// Takes the byte form off the front of `bytes`.
    public init(decoding bytes: inout ArraySlice<UInt8>) throws(TableKeyError) {
        self = try TerminatedBytes.decode(&bytes)
    }
}

private enum TerminatedBytes {
    static let escaped: UInt8 = 0xFF
    static let end: UInt8 = 0x01

    static func encode(_ source: some Sequence<UInt8>, into bytes: inout [UInt8]) {
        for byte in source {
            bytes.append(byte)
            if byte == 0 { bytes.append(escaped) }
        }
        bytes.append(0)
        bytes.append(end)
    }

    static func decode(_ bytes: inout ArraySlice<UInt8>) throws(TableKeyError) -> [UInt8] {
        var result: [UInt8] = []
        while let byte = bytes.popFirst() {
            guard byte == 0 else {
                result.append(byte)
                continue
            }
            switch bytes.popFirst() {
            case escaped: result.append(0)
            case end: return result
            default: throw TableKeyError("a zero byte is neither escaped nor the end")
            }
        }
        throw TableKeyError("the end of the bytes is missing")
    }
}
