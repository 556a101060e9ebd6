package import CanonicalJSON
package import Determinism
package import EventLog

extension JSONLines {
    /// What one line of the native export says: an event with its place, and the blobs that came with it.
    package struct Line: Equatable, Sendable {
        /// The bytes of blobs that the event names; nil when the export left them out.
        package let blobs: [InlineBlob]?
        package let commitID: CommitID
        package let commitCount: Int
        package let indexInCommit: Int
        package let event: NewEvent
        package let leaf: Digest
        package let position: Position
        package let revision: Revision
        package let stream: StreamName
    }

    /// Reads a line, without its line feed; only what `line` writes is accepted.
    package static func read(_ line: [UInt8]) throws(JSONError) -> Line {
        try Line(canonicalBytes: line)
    }

    /// Reads an object of blobs by their hashes, as a line has it; bytes with another hash are refused.
    package static func inlineBlobs(from reader: inout CanonicalReader) throws(JSONError) -> [InlineBlob] {
        try InlineBlobs(from: &reader).blobs
    }
}

extension JSONLines.Line: CanonicalDecodable {
    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        blobs = try (reader.optionalField("blobs") as InlineBlobs?)?.blobs
        let commit: CommitPlace = try reader.field("commit")
        (commitID, commitCount, indexInCommit) = (commit.id, commit.count, commit.index)
        let data = try reader.field("data") { (reader) throws(JSONError) in try reader.rawValue() }
        leaf = try reader.field("leaf")
        let metadata = try reader.field("metadata") { (reader) throws(JSONError) in try reader.rawValue() }
        position = try reader.field("position")
        revision = try reader.field("revision")
        stream = try reader.field("stream")
        let time = try reader.field("time") { (reader) throws(JSONError) in try Self.time(from: &reader) }
        let type: EventType = try reader.field("type")
        event = NewEvent(type: type, version: try reader.field("version"), time: time, data: data, metadata: metadata)
        try reader.endObject()
    }

    /// One text for each time, as `Timestamp.text` writes it.
    private static func time(from reader: inout CanonicalReader) throws(JSONError) -> Timestamp {
        let offset = reader.offset
        let text = try String(from: &reader)
        guard let time = Timestamp(text: text), time.text == text else {
            throw reader.error(at: offset, expected: "a time such as 2026-01-31T12:00:00.000000Z", found: text)
        }
        return time
    }
}

private struct CommitPlace: CanonicalDecodable {
    let count: Int
    let id: CommitID
    let index: Int

    init(from reader: inout CanonicalReader) throws(JSONError) {
        let offset = reader.offset
        try reader.beginObject()
        count = try reader.field("count")
        id = try reader.field("id")
        index = try reader.field("index")
        try reader.endObject()
        guard (1...Commit.mostEvents).contains(count), (0..<count).contains(index) else {
            throw reader.error(at: offset, expected: "an index below the count", found: "\(index) of \(count)")
        }
    }
}

/// Blobs by their hashes; bytes with another hash are refused.
private struct InlineBlobs: CanonicalDecodable {
    var blobs: [JSONLines.InlineBlob] = []

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        while true {
            let offset = reader.offset
            guard let key = try reader.nextKey() else { break }
            guard let digest = Digest(hex: key) else {
                throw reader.error(at: offset, expected: "64 hexadecimal digits", found: key)
            }
            let bytes = try Self.bytes(from: &reader)
            if let bytes {
                let actual = Digest(of: bytes)
                guard actual == digest else {
                    throw reader.error(at: offset, expected: "a blob with this hash", found: "one of \(actual.hex)")
                }
            }
            blobs.append(JSONLines.InlineBlob(digest: digest, bytes: bytes))
        }
        try reader.endObject()
    }

    private static func bytes(from reader: inout CanonicalReader) throws(JSONError) -> [UInt8]? {
        try reader.beginObject()
        let offset = reader.offset
        let base64: String? = try reader.optionalField("base64")
        let isMissing: Bool? = try reader.optionalField("missing")
        let text: String? = try reader.optionalField("text")
        try reader.endObject()
        switch (base64, isMissing, text) {
        case (let base64?, nil, nil):
            guard let bytes = Base64.bytes(base64) else {
                throw reader.error(at: offset, expected: "base64 with padding", found: "other text")
            }
            return bytes
        case (nil, true?, nil): return nil
        case (nil, nil, let text?): return Array(text.utf8)
        default: throw reader.error(at: offset, expected: "one of base64, missing and text", found: "something else")
        }
    }
}
