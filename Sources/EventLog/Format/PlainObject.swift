/// Recognises most canonical JSON objects in one pass that makes nothing of them.
///
/// Plain is an object whose strings are ASCII without escapes and whose numbers are integers of at most 15 digits. A
/// plain object has one text, and its keys are in canonical order (RFC 8785 §3.2.3) when their bytes are.
/// What isn't plain may be canonical all the same: `CanonicalObject` tells.
@safe struct PlainObject {
    private static let deepest = 16

    private let base: UnsafeRawPointer
    private let count: Int
    private var next = 0

    /// Whether the bytes are a plain object.
    static func matches(_ bytes: RawSpan) -> Bool {
        unsafe bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            var scanner = unsafe PlainObject(base: base, count: bytes.count)
            return scanner.object(depth: 0) && scanner.next == scanner.count
        }
    }

    private init(base: UnsafeRawPointer, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    private mutating func object(depth: Int) -> Bool {
        guard depth < PlainObject.deepest, take(UInt8(ascii: "{")) else { return false }
        if take(UInt8(ascii: "}")) { return true }
        var last: Range<Int>?
        repeat {
            guard let key = string() else { return false }
            if let last, !precedes(last, key) { return false }
            guard take(UInt8(ascii: ":")), value(depth: depth) else { return false }
            last = key
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "}"))
    }

    private mutating func array(depth: Int) -> Bool {
        guard depth < PlainObject.deepest, take(UInt8(ascii: "[")) else { return false }
        if take(UInt8(ascii: "]")) { return true }
        repeat {
            guard value(depth: depth) else { return false }
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "]"))
    }

    private mutating func value(depth: Int) -> Bool {
        guard next < count else { return false }
        switch byte(next) {
        case UInt8(ascii: "\""): return string() != nil
        case UInt8(ascii: "{"): return object(depth: depth + 1)
        case UInt8(ascii: "["): return array(depth: depth + 1)
        case UInt8(ascii: "t"): return word("true")
        case UInt8(ascii: "f"): return word("false")
        case UInt8(ascii: "n"): return word("null")
        default: return integer()
        }
    }

    /// The inside of a string.
    @inline(__always)
    private mutating func string() -> Range<Int>? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = next
        while next &+ 8 <= count {
            let word = unsafe base.loadUnaligned(fromByteOffset: next, as: UInt64.self)
            let special = PlainObject.special(UInt64(littleEndian: word))
            if special != 0 {
                next &+= special.trailingZeroBitCount / 8
                break
            }
            next &+= 8
        }
        while next < count, PlainObject.isPlain(byte(next)) { next &+= 1 }
        let end = next
        return take(UInt8(ascii: "\"")) ? unsafe Range(uncheckedBounds: (start, end)) : nil
    }

    private mutating func integer() -> Bool {
        let isNegative = take(UInt8(ascii: "-"))
        let start = next
        while next < count, byte(next) &- UInt8(ascii: "0") <= 9 { next &+= 1 }
        let digits = next &- start
        guard digits > 0, digits <= 15 else { return false }
        return byte(start) != UInt8(ascii: "0") || (digits == 1 && !isNegative)
    }

    private mutating func word(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard length <= count &- next else { return false }
        for index in 0..<length where unsafe byte(next &+ index) != word.utf8Start[index] { return false }
        next &+= length
        return true
    }

    /// Whether one key stands before another.
    @inline(__always)
    private func precedes(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        let shared = min(left.count, right.count)
        var index = 0
        while index < shared {
            let (one, other) = (byte(left.lowerBound &+ index), byte(right.lowerBound &+ index))
            if one != other { return one < other }
            index &+= 1
        }
        return left.count < right.count
    }

    @inline(__always)
    private mutating func take(_ wanted: UInt8) -> Bool {
        guard next < count, byte(next) == wanted else { return false }
        next &+= 1
        return true
    }

    /// The byte at an index that is below `count`.
    @inline(__always)
    private func byte(_ index: Int) -> UInt8 { unsafe base.load(fromByteOffset: index, as: UInt8.self) }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// Eight bytes at once: the lowest bit that is set is the highest bit of the first byte that isn't plain.
    ///
    /// In each lane, `(x − n) & ~x & 0x80` is set where the byte is below n; lanes before the first hit are exact,
    /// because only a hit borrows from the next lane.
    @inline(__always)
    private static func special(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let control = (word &- (ones &* 0x20)) & ~word
        let found = control | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | word
        return found & (ones &* 0x80)
    }
}
