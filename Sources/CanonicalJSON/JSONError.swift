/// Why some bytes are not the JSON that was asked for.
///
/// Equal only if every field is. The description has all of them:
/// `at byte 17, $.a.b[2]: expected an integer, found "x"`.
public struct JSONError: Error, Equatable, Sendable {
    /// The byte of the input, from 0, at which reading stopped.
    public let offset: Int
    /// The value that was being read, as in `$.a.b[2]`; `$` is the whole document.
    public let path: String
    /// What would have been right there.
    public let expected: String
    /// What was there; text from the input is cut to a short length.
    public let found: String

    /// Makes an error from its four parts.
    public init(offset: Int, path: String, expected: String, found: String) {
        self.offset = offset
        self.path = path
        self.expected = expected
        self.found = found
    }
}

extension JSONError: CustomStringConvertible {
    /// One line with the place, the expectation and what was found.
    public var description: String {
        "at byte \(offset), \(path): expected \(expected), found \(found)"
    }
}

extension JSONError {
    /// The error at a byte of a document, with its path found by walking the document again.
    ///
    /// Readers keep no path while all is well; finding it costs one pass over the bytes before `offset`, and only then.
    init(in document: UnsafeRawBufferPointer, at offset: Int, expected: String, found: String) {
        self.init(
            offset: offset, path: JSONPath(in: document, at: offset).description, expected: expected, found: found)
    }

    /// The error at a byte of a document, saying what is there.
    init(in document: UnsafeRawBufferPointer, at offset: Int, expected: String) {
        self.init(in: document, at: offset, expected: expected, found: describe(document, at: offset))
    }
}

/// What stands at a byte, in words for an error.
private func describe(_ document: UnsafeRawBufferPointer, at offset: Int) -> String {
    guard offset < document.count else { return "the end of the input" }
    let byte = document[offset]
    switch byte {
    case 0x00..<0x20, 0x7F...: return "the byte 0x" + hexadecimal(byte)
    case UInt8(ascii: "{"): return "an object"
    case UInt8(ascii: "["): return "an array"
    case UInt8(ascii: "\""): return excerpt(document, from: offset, to: endOfString(document, from: offset))
    case UInt8(ascii: " "): return "a space"
    default:
        var end = offset + 1
        while end < document.count, isWordByte(document[end]), isWordByte(byte) { end += 1 }
        return excerpt(document, from: offset, to: end)
    }
}

private func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
}

private func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
        true
    default: false
    }
}

/// The text of a range of the input, cut to 40 bytes.
func excerpt(_ document: UnsafeRawBufferPointer, from start: Int, to end: Int) -> String {
    let limit = 40
    let shown = String(decoding: document[start..<min(end, start + limit)], as: UTF8.self)
    return end - start > limit ? shown + "…" : shown
}

/// The byte after the string that starts with the quote at `start`, or the end of the input.
func endOfString(_ document: UnsafeRawBufferPointer, from start: Int) -> Int {
    var index = start + 1
    while index < document.count {
        switch document[index] {
        case UInt8(ascii: "\""): return index + 1
        case UInt8(ascii: "\\"): index += 2
        default: index += 1
        }
    }
    return document.count
}
