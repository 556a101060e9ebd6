import Determinism
import EventLog
import Glibc

// Pieces of lines, appended without a string or an array for each.
extension [UInt8] {
    /// Appends a text that stands in the code.
    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends lent bytes as they are.
    @inline(__always)
    mutating func append(_ span: RawSpan) {
        span.withUnsafeBytes { append(contentsOf: $0) }
    }

    /// Appends a whole number in decimal digits.
    mutating func append(decimal number: UInt64) {
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var first = 20
            var rest = number
            repeat {
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                first &-= 1
                digits[first] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
                rest = quotient
            } while rest != 0
            append(contentsOf: UnsafeRawBufferPointer(rebasing: digits[first...]))
        }
    }

    /// Appends two lowercase digits for each byte.
    mutating func append(hex bytes: UnsafeRawBufferPointer) {
        withUnsafeTemporaryAllocation(byteCount: 2 * bytes.count, alignment: 1) { digits in
            Hexadecimal.write(bytes, into: digits)
            append(contentsOf: UnsafeRawBufferPointer(digits))
        }
    }

    /// Appends a moment as its text.
    mutating func append(_ moment: Timestamp) { append(contentsOf: moment.description.utf8) }

    /// Appends UTF-8 as the inside of a JSON string, with the escapes of RFC 8785 §3.2.2.2.
    mutating func append(escaping text: RawSpan) {
        text.withUnsafeBytes { text in
            var copied = 0
            for index in text.indices where Self.needsEscape(text[index]) {
                append(contentsOf: UnsafeRawBufferPointer(rebasing: text[copied..<index]))
                appendEscape(of: text[index])
                copied = index + 1
            }
            append(contentsOf: UnsafeRawBufferPointer(rebasing: text[copied...]))
        }
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func appendEscape(of byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x08: append("\\b")
        case 0x09: append("\\t")
        case 0x0A: append("\\n")
        case 0x0C: append("\\f")
        case 0x0D: append("\\r")
        default:
            append("\\u00")
            Swift.withUnsafeBytes(of: byte) { append(hex: $0) }
        }
    }
}
