/// The kinds of JSON values.
public enum JSONKind: Equatable, Sendable {
    /// `null`
    case null
    /// `true` or `false`
    case bool
    /// A number.
    case number
    /// A string.
    case string
    /// An array.
    case array
    /// An object.
    case object
}

/// Reads canonical JSON (RFC 8785) in one pass, and nothing else.
///
/// What it accepts is exactly what `CanonicalWriter` writes: no white space, sorted and unique keys, one form for each
/// number and each string. So two different inputs are never the same value, and bytes that were hashed are the bytes
/// that a value writes again. Values nest at most `CanonicalWriter.maximumDepth` deep.
///
/// It looks at memory that is lent for one call, so it can't be made or kept outside: decoders get it as `inout`.
public struct CanonicalReader: ~Copyable {
    let input: UnsafeRawBufferPointer
    var position = 0
    private var depth = 0
    /// Whether the current object or array already has a member or element.
    private var needsComma = false
    /// The last keys of the objects being read with `nextKey`, with the depth of each; objects with typed fields, whose
    /// order the program gives, cost nothing here.
    private var lastKeys: [(depth: Int, key: Token)] = []

    @usableFromInline
    init(_ input: UnsafeRawBufferPointer) { self.input = input }

    /// The place in the input of the next byte to be read.
    public var offset: Int { position }
}

// MARK: - Errors

extension CanonicalReader {
    /// The error for a value that was read but doesn't mean anything to its type.
    ///
    /// Take `offset` before reading the value, to point at its first byte.
    public func error(at offset: Int, expected: String, found: String) -> JSONError {
        JSONError(in: input, at: offset, expected: expected, found: found)
    }

    func mismatch(_ expected: String) -> JSONError {
        JSONError(in: input, at: position, expected: expected)
    }

    @usableFromInline
    func expectEnd() throws(JSONError) {
        if position != input.count { throw mismatch("the end of the input") }
    }
}

// MARK: - Bytes

extension CanonicalReader {
    /// The next byte, or 0, which is never part of a token, at the end.
    @inline(__always)
    var next: UInt8 { position < input.count ? input[unchecked: position] : 0 }

    @inline(__always)
    mutating func skip(_ count: Int) { position &+= count }

    private mutating func matches(_ literal: StaticString) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard input.count - position >= count,
            UnsafeRawBufferPointer(start: literal.utf8Start, count: count).elementsEqual(
                input[position..<(position + count)])
        else { return false }
        position += count
        return true
    }

    /// What kind of value comes next, judged by its first byte.
    public func peekKind() throws(JSONError) -> JSONKind {
        switch next {
        case UInt8(ascii: "n"): .null
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): .number
        default: throw mismatch("a value")
        }
    }

    /// Reads `null`.
    public mutating func readNull() throws(JSONError) {
        guard matches("null") else { throw mismatch("null") }
    }

    /// Reads a truth value.
    public mutating func readBool() throws(JSONError) -> Bool {
        if matches("true") { return true }
        if matches("false") { return false }
        throw mismatch("true or false")
    }
}

extension UnsafeRawBufferPointer {
    /// The byte at an index that was compared with the count just before.
    @inline(__always)
    subscript(unchecked index: Int) -> UInt8 {
        baseAddress.unsafelyUnwrapped.load(fromByteOffset: index, as: UInt8.self)
    }
}

// MARK: - Structure

extension CanonicalReader {
    /// Begins an object; its fields follow, then `endObject`.
    public mutating func beginObject() throws(JSONError) { try begin(UInt8(ascii: "{"), "an object") }

    /// Begins an array; `nextElement` before each element, then `endArray`.
    public mutating func beginArray() throws(JSONError) { try begin(UInt8(ascii: "["), "an array") }

    @inline(__always)
    private mutating func begin(_ bracket: UInt8, _ name: StaticString) throws(JSONError) {
        guard next == bracket else { throw mismatch("\(name)") }
        guard depth < CanonicalWriter.maximumDepth else {
            throw mismatch("at most \(CanonicalWriter.maximumDepth) values inside each other")
        }
        position &+= 1
        depth &+= 1
        needsComma = false
    }

    /// Ends the object; throws if it has another key.
    public mutating func endObject() throws(JSONError) {
        guard next == UInt8(ascii: "}") else { throw surplusKey() }
        if let last = lastKeys.last, last.depth == depth { lastKeys.removeLast() }
        end()
    }

    /// Ends the array; throws if it has another element.
    public mutating func endArray() throws(JSONError) {
        guard next == UInt8(ascii: "]") else { throw mismatch("the end of the array") }
        end()
    }

    @inline(__always)
    private mutating func end() {
        precondition(depth > 0, "only what was begun can be ended")
        position &+= 1
        depth &-= 1
        needsComma = true
    }

    /// Whether the array has another element, which then comes next.
    public mutating func nextElement() throws(JSONError) -> Bool {
        if next == UInt8(ascii: "]") { return false }
        if needsComma {
            guard next == UInt8(ascii: ",") else { throw mismatch("a comma or the end of the array") }
            position &+= 1
        }
        needsComma = true
        return true
    }

    /// Reads a field of the current object; throws if the next key is another one.
    @inlinable
    public mutating func field<Value: CanonicalDecodable>(_ key: StaticString) throws(JSONError) -> Value {
        guard matchKey(key) else { throw missing(key) }
        return try Value(from: &self)
    }

    /// Reads a field if it is there; nil if the key is absent.
    ///
    /// An explicit `null` is refused unless `Value` itself can be null.
    @inlinable
    public mutating func optionalField<Value: CanonicalDecodable>(_ key: StaticString) throws(JSONError) -> Value? {
        guard matchKey(key) else { return nil }
        return try Value(from: &self)
    }

    /// Reads a field whose value a closure reads: exactly one JSON value.
    @inlinable
    public mutating func field<Value>(
        _ key: StaticString, _ body: (inout CanonicalReader) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        guard matchKey(key) else { throw missing(key) }
        return try body(&self)
    }

    /// Reads one value of the type that is asked for.
    @inlinable
    public mutating func read<Value: CanonicalDecodable>(_ type: Value.Type = Value.self) throws(JSONError) -> Value {
        try Value(from: &self)
    }

    /// Whether the next key is this one; its value then comes next.
    @usableFromInline
    mutating func matchKey(_ key: StaticString) -> Bool {
        let length = key.utf8CodeUnitCount
        let comma = needsComma ? 1 : 0
        guard let base = input.baseAddress, input.count &- position >= length &+ comma &+ 3 else { return false }
        let start = base + position
        if needsComma, start.load(as: UInt8.self) != UInt8(ascii: ",") { return false }
        let text = start + (comma &+ 1)
        guard start.load(fromByteOffset: comma, as: UInt8.self) == UInt8(ascii: "\""),
            text.load(fromByteOffset: length, as: UInt8.self) == UInt8(ascii: "\""),
            text.load(fromByteOffset: length &+ 1, as: UInt8.self) == UInt8(ascii: ":")
        else { return false }
        let name = UnsafeRawPointer(key.utf8Start)
        var index = 0
        while index < length {
            if text.load(fromByteOffset: index, as: UInt8.self) != name.load(fromByteOffset: index, as: UInt8.self) {
                return false
            }
            index &+= 1
        }
        position &+= length &+ comma &+ 3
        needsComma = true
        return true
    }

    @usableFromInline
    func missing(_ key: StaticString) -> JSONError {
        let error = mismatch("the key \"\(key)\"")
        return JSONError(
            offset: position, path: JSONPath(in: input, at: position).sibling("\(key)"), expected: error.expected,
            found: nextKeyInWords() ?? error.found)
    }

    private func surplusKey() -> JSONError {
        let error = mismatch("the end of the object")
        return JSONError(
            offset: position, path: JSONPath(in: input, at: position).sibling(nil), expected: error.expected,
            found: nextKeyInWords() ?? error.found)
    }

    /// What comes next in the current object, for an error: a key or the end; nil if it is neither.
    private func nextKeyInWords() -> String? {
        if next == UInt8(ascii: "}") { return "the end of the object" }
        let quote = needsComma ? position + 1 : position
        guard !needsComma || next == UInt8(ascii: ","), quote < input.count, input[quote] == UInt8(ascii: "\"") else {
            return nil
        }
        return "the key " + excerpt(input, from: quote, to: endOfString(input, from: quote))
    }
}

// MARK: - Maps

extension CanonicalReader {
    /// The next key of an object that is a map, or nil at its end; then its value is read, or `endObject` called.
    ///
    /// An object is read either with this or with fields, not with fields first and then this.
    public mutating func nextKey() throws(JSONError) -> String? {
        let place = lastKeys.last?.depth == depth ? lastKeys.count - 1 : nil
        precondition(
            place != nil || !needsComma, "an object is read as fields or as a map, not first one, then the other")
        guard let key = try nextKeyToken(after: place.map { lastKeys[$0].key }) else { return nil }
        if let place { lastKeys[place].key = key } else { lastKeys.append((depth, key)) }
        return text(of: key)
    }

    /// Reads the next key, checks that it sorts behind the last one, and steps over its colon; nil at the end.
    mutating func nextKeyToken(after last: Token?) throws(JSONError) -> Token? {
        if next == UInt8(ascii: "}") { return nil }
        if needsComma {
            guard next == UInt8(ascii: ",") else { throw mismatch("a comma or the end of the object") }
            position &+= 1
        }
        guard next == UInt8(ascii: "\"") else { throw mismatch("a key") }
        let quote = position
        let key = try scanString()
        if let last, order(last, key) != .before {
            throw JSONError(
                in: input, at: quote, expected: "keys in canonical order, each once",
                found: "the key " + excerpt(input, from: quote, to: position))
        }
        guard next == UInt8(ascii: ":") else { throw mismatch("a colon") }
        position &+= 1
        needsComma = true
        return key
    }

    private func order(_ left: Token, _ right: Token) -> KeyOrder {
        guard left.hasEscapes || right.hasEscapes else { return KeyOrder(inside(left), inside(right)) }
        return StringToken.unescaped(inside(left)).withUnsafeBytes { left in
            StringToken.unescaped(inside(right)).withUnsafeBytes { KeyOrder(left, $0) }
        }
    }

    /// Steps over one value, which must be canonical like any other.
    public mutating func skipValue() throws(JSONError) {
        switch try peekKind() {
        case .null: try readNull()
        case .bool: _ = try readBool()
        case .number: _ = try readDouble()
        case .string: _ = try scanString()
        case .array:
            try beginArray()
            while try nextElement() { try skipValue() }
            try endArray()
        case .object:
            try beginObject()
            var last: Token?
            while let key = try nextKeyToken(after: last) {
                last = key
                try skipValue()
            }
            try endObject()
        }
    }

    /// Reads one value as a copy of its bytes, which must be canonical like any other.
    public mutating func rawValue() throws(JSONError) -> [UInt8] {
        let start = position
        try skipValue()
        return Array(input[start..<position])
    }
}
