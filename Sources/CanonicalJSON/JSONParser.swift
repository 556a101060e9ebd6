/// Parses any JSON (RFC 8259) into a value: white space, any order of keys, any form of number.
///
/// Strict where strictness keeps meaning: UTF-8 only, each key once, no lone surrogates (I-JSON, RFC 7493), numbers
/// that a double can hold, and limits on what one input may ask for. For bytes that must be canonical use
/// `JSONValue(canonicalBytes:)`.
public struct JSONParser {
    /// How much one input may ask for.
    public struct Limits: Equatable, Sendable {
        /// How deep values may nest, at most 128, so that what was parsed can also be written.
        public let depth: Int
        /// How many bytes the input may have.
        public let bytes: Int

        /// Makes limits; a depth outside 1…128 is a programming error.
        public init(depth: Int = CanonicalWriter.maximumDepth, bytes: Int = 64 << 20) {
            precondition(1...CanonicalWriter.maximumDepth ~= depth, "a depth limit is 1 to 128")
            self.depth = depth
            self.bytes = bytes
        }
    }

    private let input: UnsafeRawBufferPointer
    private let limits: Limits
    private var position = 0
    private var depth = 0

    /// Parses bytes that are one JSON value, with white space around it if need be.
    public static func parse(_ bytes: [UInt8], limits: Limits = Limits()) throws(JSONError) -> JSONValue {
        try bytes.withUnsafeBufferPointer { (lent) throws(JSONError) -> JSONValue in
            try parse(UnsafeRawBufferPointer(lent), limits)
        }
    }

    /// Parses lent bytes that are one JSON value, with white space around it if need be.
    public static func parse(_ span: RawSpan, limits: Limits = Limits()) throws(JSONError) -> JSONValue {
        try span.withUnsafeBytes { (lent) throws(JSONError) -> JSONValue in try parse(lent, limits) }
    }

    private static func parse(_ input: UnsafeRawBufferPointer, _ limits: Limits) throws(JSONError) -> JSONValue {
        guard input.count <= limits.bytes else {
            throw JSONError(
                offset: limits.bytes, path: "$", expected: "at most \(limits.bytes) bytes", found: "\(input.count)")
        }
        var parser = JSONParser(input: input, limits: limits)
        let value = try parser.value()
        if parser.position != input.count { throw parser.mismatch("the end of the input") }
        return value
    }

    private init(input: UnsafeRawBufferPointer, limits: Limits) {
        self.input = input
        self.limits = limits
    }

    private func mismatch(_ expected: String) -> JSONError { JSONError(in: input, at: position, expected: expected) }

    private var next: UInt8 { position < input.count ? input[position] : 0 }

    private mutating func skipSpace() {
        while next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    // MARK: Values

    /// Parses a value and the white space on both sides of it.
    private mutating func value() throws(JSONError) -> JSONValue {
        skipSpace()
        let value: JSONValue =
            switch next {
            case UInt8(ascii: "{"): try object()
            case UInt8(ascii: "["): try array()
            case UInt8(ascii: "\""): .string(try string())
            case UInt8(ascii: "t"): try literal("true", .bool(true))
            case UInt8(ascii: "f"): try literal("false", .bool(false))
            case UInt8(ascii: "n"): try literal("null", .null)
            default: try number()
            }
        skipSpace()
        return value
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let bytes = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard input[position...].starts(with: bytes) else { throw mismatch("\(text)") }
        position += bytes.count
        return value
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        guard let token = NumberToken(input, at: position) else { throw mismatch("a value") }
        guard let number = token.value else { throw mismatch("a number that a double can hold") }
        position = token.end
        return .number(number)
    }

    private mutating func descend() throws(JSONError) {
        guard depth < limits.depth else { throw mismatch("at most \(limits.depth) values inside each other") }
        depth += 1
        position += 1
        skipSpace()
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        try descend()
        defer { depth -= 1 }
        var elements: [JSONValue] = []
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try value())
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "]")) else { throw mismatch("a comma or the end of the array") }
            return .array(elements)
        }
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        let start = position
        try descend()
        defer { depth -= 1 }
        var members: [JSONObject.Member] = []
        if take(UInt8(ascii: "}")) { return .object(JSONObject()) }
        members.reserveCapacity(8)
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw mismatch("a key") }
            let key = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw mismatch("a colon") }
            members.append((key, try value()))
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "}")) else { throw mismatch("a comma or the end of the object") }
            guard let object = JSONObject(unordered: members) else {
                throw JSONError(in: input, at: start, expected: "each key once", found: "a key twice")
            }
            return .object(object)
        }
    }

    // MARK: Strings

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        if let base = input.baseAddress {
            position += StringToken.plainPrefix(base + start, input.count - start)
        }
        let plain = UnsafeRawBufferPointer(rebasing: input[start..<position])
        if next == UInt8(ascii: "\""), UTF8Check.firstInvalid(plain) == nil {
            position += 1
            return String(decoding: plain, as: UTF8.self)
        }
        return try stringWithEscapes(from: start)
    }

    /// Parses the rest of a string whose first bytes, up to the current place, stand for themselves.
    private mutating func stringWithEscapes(from start: Int) throws(JSONError) -> String {
        var bytes: [UInt8] = []
        var copied = start
        while true {
            guard position < input.count else { throw mismatch("the end of a string") }
            switch input[position] {
            case UInt8(ascii: "\""):
                bytes += input[copied..<position]
                if let wrong = bytes.withUnsafeBytes({ UTF8Check.firstInvalid($0) }) {
                    throw JSONError(in: input, at: start, expected: "UTF-8", found: "another byte in place \(wrong)")
                }
                position += 1
                return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                bytes += input[copied..<position]
                bytes += try escape()
                copied = position
            case 0..<0x20: throw mismatch("no control character in a string")
            default: position += 1
            }
        }
    }

    /// Parses the escape at the current backslash and answers with its UTF-8.
    private mutating func escape() throws(JSONError) -> [UInt8] {
        let letter = position + 1 < input.count ? input[position + 1] : 0
        if let byte = letter == UInt8(ascii: "/") ? letter : StringToken.byte(ofShortEscape: letter) {
            position += 2
            return [byte]
        }
        guard let unit = codeUnit(at: position) else { throw mismatch("an escape that JSON has") }
        if let scalar = Unicode.Scalar(unit) {
            position += 6
            return Array(String(Character(scalar)).utf8)
        }
        guard UTF16.isLeadSurrogate(unit), let trail = codeUnit(at: position + 6), UTF16.isTrailSurrogate(trail) else {
            throw mismatch("a surrogate pair; a lone surrogate is no character")
        }
        position += 12
        return Array(String(decoding: [unit, trail], as: UTF16.self).utf8)
    }

    /// The code unit of the escape `\uXXXX` at an index.
    private func codeUnit(at index: Int) -> UInt16? {
        guard index + 5 < input.count, input[index] == UInt8(ascii: "\\"), input[index + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var unit: UInt16 = 0
        for byte in input[(index + 2)...(index + 5)] {
            guard let digit = StringToken.digit(byte) else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
