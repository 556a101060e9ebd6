import CanonicalJSON

/// Any canonical JSON object: what an event's data and metadata must be.
struct CanonicalObject: CanonicalDecodable {
    /// Refuses bytes that are something else, and says what they are.
    static func check(_ bytes: RawSpan) throws(JSONError) {
        if !PlainObject.matches(bytes) { _ = try CanonicalObject(canonicalBytes: bytes) }
    }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        let start = reader.offset
        guard try reader.peekKind() == .object else {
            throw reader.error(at: start, expected: "an object", found: "another value")
        }
        try reader.skipValue()
    }
}
