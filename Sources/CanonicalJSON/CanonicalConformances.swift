extension Bool: CanonicalCodable {
    /// Writes `true` or `false`.
    public func encode(to writer: inout CanonicalWriter) { writer.write(self) }
    /// Reads `true` or `false`.
    public init(from reader: inout CanonicalReader) throws(JSONError) { self = try reader.readBool() }
}

extension String: CanonicalCodable {
    /// Writes the string.
    public func encode(to writer: inout CanonicalWriter) { writer.write(self) }
    /// Reads a string.
    public init(from reader: inout CanonicalReader) throws(JSONError) { self = try reader.readString() }
}

extension Double: CanonicalCodable {
    /// Writes the number, which must be finite.
    public func encode(to writer: inout CanonicalWriter) { writer.write(self) }
    /// Reads a number.
    public init(from reader: inout CanonicalReader) throws(JSONError) { self = try reader.readDouble() }
}

extension Int64: CanonicalCodable {
    /// Writes the integer, which must be within ±(2^53−1).
    public func encode(to writer: inout CanonicalWriter) { writer.write(self) }
    /// Reads an integer within ±(2^53−1).
    public init(from reader: inout CanonicalReader) throws(JSONError) { self = try reader.readInteger() }
}

extension Int: CanonicalCodable {
    /// Writes the integer, which must be within ±(2^53−1).
    public func encode(to writer: inout CanonicalWriter) { writer.write(self) }
    /// Reads an integer within ±(2^53−1).
    public init(from reader: inout CanonicalReader) throws(JSONError) { self = try reader.readInteger(as: Int.self) }
}

extension Int32: CanonicalCodable {
    /// Writes the integer.
    public func encode(to writer: inout CanonicalWriter) { writer.write(Int64(self)) }
    /// Reads an integer that fits.
    public init(from reader: inout CanonicalReader) throws(JSONError) { self = try reader.readInteger(as: Int32.self) }
}

extension UInt64: CanonicalCodable {
    /// Writes the integer, which must be at most 2^53−1.
    public func encode(to writer: inout CanonicalWriter) { writer.write(self) }
    /// Reads an integer from 0 to 2^53−1.
    public init(from reader: inout CanonicalReader) throws(JSONError) { self = try reader.readInteger(as: UInt64.self) }
}

extension UInt32: CanonicalCodable {
    /// Writes the integer.
    public func encode(to writer: inout CanonicalWriter) { writer.write(Int64(self)) }
    /// Reads an integer that fits.
    public init(from reader: inout CanonicalReader) throws(JSONError) { self = try reader.readInteger(as: UInt32.self) }
}

extension UInt16: CanonicalCodable {
    /// Writes the integer.
    public func encode(to writer: inout CanonicalWriter) { writer.write(Int64(self)) }
    /// Reads an integer that fits.
    public init(from reader: inout CanonicalReader) throws(JSONError) { self = try reader.readInteger(as: UInt16.self) }
}

extension Array: CanonicalEncodable where Element: CanonicalEncodable {
    /// Writes an array.
    @inlinable
    public func encode(to writer: inout CanonicalWriter) {
        writer.beginArray()
        for value in self { writer.element(value) }
        writer.endArray()
    }
}

extension Array: CanonicalDecodable where Element: CanonicalDecodable {
    /// Reads an array.
    @inlinable
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        self.init()
        try reader.beginArray()
        while try reader.nextElement() { append(try Element(from: &reader)) }
        try reader.endArray()
    }
}

extension Optional: CanonicalEncodable where Wrapped: CanonicalEncodable {
    /// Writes the value, or `null`.
    @inlinable
    public func encode(to writer: inout CanonicalWriter) {
        if let self { self.encode(to: &writer) } else { writer.writeNull() }
    }
}

extension Optional: CanonicalDecodable where Wrapped: CanonicalDecodable {
    /// Reads a value, or `null`.
    @inlinable
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        if try reader.peekKind() == .null {
            try reader.readNull()
            self = nil
        } else {
            self = try Wrapped(from: &reader)
        }
    }
}

extension Dictionary: CanonicalEncodable where Key == String, Value: CanonicalEncodable {
    /// Writes an object with the keys in canonical order.
    public func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        for (key, value) in sorted(by: { KeyOrder($0.key, $1.key) == .before }) { writer.field(dynamic: key, value) }
        writer.endObject()
    }
}

extension Dictionary: CanonicalDecodable where Key == String, Value: CanonicalDecodable {
    /// Reads an object that is a map.
    ///
    /// Keys that JSON tells apart and Swift doesn't (a composed and a decomposed `é`) are refused: one would be lost.
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        self.init()
        try reader.beginObject()
        var start = reader.offset
        while let key = try reader.nextKey() {
            if updateValue(try Value(from: &reader), forKey: key) != nil {
                throw reader.error(at: start, expected: "keys that differ as text", found: "the key \"\(key)\" twice")
            }
            start = reader.offset
        }
        try reader.endObject()
    }
}

extension JSONValue: CanonicalCodable {
    /// Writes any JSON value.
    public func encode(to writer: inout CanonicalWriter) { writer.write(self) }

    /// Reads any JSON value.
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        switch try reader.peekKind() {
        case .null:
            try reader.readNull()
            self = .null
        case .bool: self = .bool(try reader.readBool())
        case .number: self = .number(try reader.readDouble())
        case .string: self = .string(try reader.readString())
        case .array: self = .array(try [JSONValue](from: &reader))
        case .object: self = .object(try JSONObject(from: &reader))
        }
    }
}

extension JSONObject: CanonicalCodable {
    /// Writes the members.
    public func encode(to writer: inout CanonicalWriter) { writer.write(JSONValue.object(self)) }

    /// Reads an object.
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        var members: [Member] = []
        try reader.beginObject()
        var last: CanonicalReader.Token?
        while let key = try reader.nextKeyToken(after: last) {
            last = key
            let name = reader.text(of: key)
            members.append((name, try JSONValue(from: &reader)))
        }
        try reader.endObject()
        self.init(ordered: members)
    }
}

/// An enumeration or id with a raw value is that raw value in JSON.
extension CanonicalEncodable where Self: RawRepresentable, RawValue: CanonicalEncodable {
    /// Writes the raw value.
    @inlinable
    public func encode(to writer: inout CanonicalWriter) { rawValue.encode(to: &writer) }
}

/// An enumeration or id with a raw value is that raw value in JSON.
extension CanonicalDecodable where Self: RawRepresentable, RawValue: CanonicalDecodable {
    /// Reads the raw value; throws if the type has no such one.
    @inlinable
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        let start = reader.offset
        let raw = try RawValue(from: &reader)
        guard let value = Self(rawValue: raw) else {
            throw reader.error(at: start, expected: "a \(Self.self)", found: "\(raw)")
        }
        self = value
    }
}
