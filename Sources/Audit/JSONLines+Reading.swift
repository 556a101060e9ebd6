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
            let content = try Self.content(from: &reader)
            guard case .bytes(let bytes) = content else {
                if case .absent(let state) = content {
                    blobs.append(JSONLines.InlineBlob(digest: digest, bytes: nil, absence: state))
                }
                continue
            }
            let actual = Digest(of: bytes)
            guard actual == digest else {
                throw reader.error(at: offset, expected: "a blob with this hash", found: "one of \(actual.hex)")
            }
            blobs.append(JSONLines.InlineBlob(digest: digest, bytes: bytes))
        }
        try reader.endObject()
    }

    private enum Content {
        case bytes([UInt8])
        case absent(BlobState)
    }

    private static func content(from reader: inout CanonicalReader) throws(JSONError) -> Content {
        let offset = reader.offset
        var found: Content?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let offset = reader.offset
            guard found == nil else { throw wrong(reader, offset, key) }
            switch key {
            case "base64":
                guard let bytes = Base64.bytes(try String(from: &reader)) else {
                    throw reader.error(at: offset, expected: "base64 with padding", found: "other text")
                }
                found = .bytes(bytes)
            case "text": found = .bytes(Array(try String(from: &reader).utf8))
            default:
                guard let state = BlobState(rawValue: key), state != .present, try Bool(from: &reader) else {
                    throw wrong(reader, offset, key)
                }
                found = .absent(state)
            }
        }
        try reader.endObject()
        guard let found else { throw wrong(reader, offset, "nothing") }
        return found
    }

    private static func wrong(_ reader: borrowing CanonicalReader, _ offset: Int, _ found: String) -> JSONError {
        reader.error(at: offset, expected: "one of base64, erased, missing, sealed and text", found: found)
    }
}
