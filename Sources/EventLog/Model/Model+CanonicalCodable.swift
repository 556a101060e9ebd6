public import CanonicalJSON
public import Determinism

extension Position: CanonicalEncodable, CanonicalDecodable {}

extension Revision: CanonicalEncodable, CanonicalDecodable {}

extension StreamName: CanonicalEncodable, CanonicalDecodable {
    /// Writes the whole name.
    public func encode(to writer: inout CanonicalWriter) { text.encode(to: &writer) }
    /// Reads the whole name.
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        let text = try String(from: &reader)
        guard StreamName.isValid(text) else { throw wrong("a stream's name", text) }
        self.init(recorded: text)
    }
}

extension EventType: CanonicalEncodable, CanonicalDecodable {
    /// Writes the name.
    public func encode(to writer: inout CanonicalWriter) { text.encode(to: &writer) }
    /// Reads the name.
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        let text = try String(from: &reader)
        guard EventType.isValid(text) else { throw wrong("an event type", text) }
        self.init(recorded: text)
    }
}

extension CommitID: CanonicalEncodable, CanonicalDecodable {
    /// Writes 32 hexadecimal digits.
    public func encode(to writer: inout CanonicalWriter) { hex.encode(to: &writer) }
    /// Reads 32 hexadecimal digits.
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        let text = try String(from: &reader)
        guard let id = CommitID(hex: text) else { throw wrong("32 hexadecimal digits", text) }
        self = id
    }
}

extension Timestamp: CanonicalEncodable, CanonicalDecodable {
    /// Writes microseconds since 1970 as a number.
    public func encode(to writer: inout CanonicalWriter) { microseconds.encode(to: &writer) }
    /// Reads microseconds since 1970.
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        self.init(microseconds: try Int64(from: &reader))
    }
}

extension Digest: CanonicalEncodable, CanonicalDecodable {
    /// Writes 64 hexadecimal digits.
    public func encode(to writer: inout CanonicalWriter) {
        unsafe writer.writePlainText(2 * Digest.byteCount) { buffer in
            unsafe withBytes { unsafe Hexadecimal.write($0, into: buffer) }
        }
    }
    /// Reads 64 hexadecimal digits.
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        self = unsafe try reader.readString(as: "64 hexadecimal digits") { unsafe Digest(hex: $0) }
    }
}

extension FunctionReference: CanonicalEncodable, CanonicalDecodable {
    /// Writes `{"name":…,"version":…}`.
    public func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("name", name)
        writer.field("version", version)
        writer.endObject()
    }

    /// Reads `{"name":…,"version":…}`.
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let name: String = try reader.field("name")
        let version: Int = try reader.field("version")
        try reader.endObject()
        self.init(name: name, version: version)
    }
}

extension Cause: CanonicalEncodable, CanonicalDecodable {
    /// Writes the parts that are there: `{"blobs":[…],"function":{…},"positions":[…]}`.
    public func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("blobs", blobs.isEmpty ? nil : blobs)
        writer.optionalField("function", function)
        writer.optionalField("positions", positions.isEmpty ? nil : positions)
        writer.endObject()
    }

    /// Reads the parts that are there.
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let blobs: [Digest]? = try reader.optionalField("blobs")
        let function: FunctionReference? = try reader.optionalField("function")
        let positions: [Position]? = try reader.optionalField("positions")
        try reader.endObject()
        self.init(blobs: blobs ?? [], function: function, positions: positions ?? [])
    }
}

extension EventMetadata: CanonicalEncodable, CanonicalDecodable {
    /// Writes the parts that are there: `{"cause":{…},"job":…,"run":…,"worker":…}`.
    public func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("cause", cause)
        writer.optionalField("job", job)
        writer.optionalField("run", run)
        writer.optionalField("worker", worker)
        writer.endObject()
    }

    /// Reads the parts that are there.
    public init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let cause: Cause? = try reader.optionalField("cause")
        let job: String? = try reader.optionalField("job")
        let run: String? = try reader.optionalField("run")
        let worker: String? = try reader.optionalField("worker")
        try reader.endObject()
        self.init(cause: cause, job: job, run: run, worker: worker)
    }
}

private func wrong(_ expected: String, _ found: String) -> JSONError {
    JSONError(offset: 0, path: "$", expected: expected, found: "«\(found.prefix(40))»")
}
