/// One JSON value, kept as its canonical bytes: for what is only passed on, which costs one copy and no tree.
package struct CanonicalValue: Equatable, Sendable {
    private let bytes: [UInt8]

    package init(_ value: JSONValue) { bytes = value.canonicalBytes() }

    /// The value, parsed anew each time.
    package var value: JSONValue { parsed(bytes) }

    /// Whether it is an object.
    package var isObject: Bool { bytes.first == UInt8(ascii: "{") }
}

extension CanonicalValue: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) { writer.writeRawValue(bytes) }
    package init(from reader: inout CanonicalReader) throws(JSONError) { bytes = try reader.rawValue() }
}

/// A map from text to text, kept as its canonical JSON: for labels and headers, which are mostly passed on.
package struct CanonicalTexts: Equatable, Sendable {
    private let bytes: [UInt8]

    package init(_ texts: [String: String]) { bytes = texts.canonicalBytes() }

    /// The texts by their keys, read anew each time.
    package var dictionary: [String: String] {
        if bytes.count == 2 { return [:] }
        return parsed(bytes)
    }
}

extension CanonicalTexts: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) { writer.writeRawValue(bytes) }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        bytes = try reader.rawTexts()
    }
}

/// What bytes stand for that were checked when they were taken.
private func parsed<Value: CanonicalDecodable>(_ bytes: [UInt8]) -> Value {
    do throws(JSONError) {
        return try Value(canonicalBytes: bytes)
    } catch {
        preconditionFailure("bytes that were read as canonical JSON can be read again: \(error)")
    }
}

extension CanonicalReader {
    /// Reads an object of strings as a copy of its bytes, and refuses what a dictionary of them would.
    fileprivate mutating func rawTexts() throws(JSONError) -> [UInt8] {
        let start = position
        var isASCII = true
        try beginObject()
        var last: Token?
        while let key = try nextKeyToken(after: last) {
            last = key
            isASCII = isASCII && inside(key).allSatisfy { $0 < 0x80 }
            _ = try scanString()
        }
        try endObject()
        // Only there can two keys differ as bytes and be the same text.
        if !isASCII {
            position = start
            _ = try [String: String](from: &self)
        }
        return Array(input[start..<position])
    }
}
