/// A value that writes itself as canonical JSON.
///
/// `encode` writes exactly one JSON value. An object's fields are written in the order of their keys; the writer traps
/// on any other order, so the first test of a type finds a slip.
public protocol CanonicalEncodable {
    /// Writes exactly one JSON value.
    func encode(to writer: inout CanonicalWriter)
}

/// A value that reads itself from canonical JSON, in one pass and in the order in which it was written.
public protocol CanonicalDecodable {
    /// Reads exactly one JSON value.
    init(from reader: inout CanonicalReader) throws(JSONError)
}

/// A value with one canonical JSON form, written and read by hand: both sides name the same fields in sorted order.
public typealias CanonicalCodable = CanonicalEncodable & CanonicalDecodable

extension CanonicalEncodable {
    /// The canonical JSON of the value.
    @inlinable
    public func canonicalBytes() -> [UInt8] {
        var writer = CanonicalWriter()
        encode(to: &writer)
        return writer.bytes
    }
}

extension CanonicalDecodable {
    /// Reads a value from bytes that are its canonical JSON and nothing else.
    @inlinable
    public init(canonicalBytes bytes: [UInt8]) throws(JSONError) {
        self = try bytes.withUnsafeBufferPointer { (lent) throws(JSONError) -> Self in
            try Self(lent: UnsafeRawBufferPointer(lent))
        }
    }

    /// Reads a value from lent bytes that are its canonical JSON and nothing else.
    @inlinable
    public init(canonicalBytes span: RawSpan) throws(JSONError) {
        self = try span.withUnsafeBytes { (lent) throws(JSONError) -> Self in try Self(lent: lent) }
    }

    @inlinable
    init(lent: UnsafeRawBufferPointer) throws(JSONError) {
        var reader = CanonicalReader(lent)
        self = try Self(from: &reader)
        try reader.expectEnd()
    }
}
