/// The order of keys in a canonical object: by UTF-16 code units (RFC 8785 §3.2.3), computed on UTF-8.
///
/// The two orders differ in one case only: a code point above U+FFFF (UTF-8 lead byte 0xF0 or more) is a surrogate
/// pair in UTF-16 and so sorts before U+E000…U+FFFF (lead bytes 0xEE and 0xEF).
enum KeyOrder {
    case before, same, after

    init(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) {
        let common = min(left.count, right.count)
        var index = 0
        while index < common {
            let (a, b) = (left[index], right[index])
            if a != b {
                self = Self.rank(a) < Self.rank(b) ? .before : .after
                return
            }
            index += 1
        }
        self = left.count < right.count ? .before : left.count == right.count ? .same : .after
    }

    init(_ left: String, _ right: String) {
        self = left.withUTF8Bytes { a in right.withUTF8Bytes { b in KeyOrder(a, b) } }
    }

    private static func rank(_ byte: UInt8) -> UInt16 {
        byte == 0xEE || byte == 0xEF ? UInt16(byte) + 0x100 : UInt16(byte)
    }
}

extension String {
    /// Lends the string's UTF-8 without copying it where it is stored contiguously, which native strings always are.
    @inline(__always)
    func withUTF8Bytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        let lent = utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
        return lent ?? Array(utf8).withUnsafeBytes(body)
    }
}
