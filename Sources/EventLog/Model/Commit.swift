public import Determinism

/// An event that has not been recorded yet.
public struct NewEvent: Equatable, Sendable {
    /// The kind of event.
    public let type: EventType
    /// The version of the data's schema, from 1.
    public let version: Int
    /// When it happened.
    public let time: Timestamp
    /// A canonical JSON object.
    public let data: [UInt8]
    /// A canonical JSON object: an `EventMetadata`, and `{}` when there is none.
    public let metadata: [UInt8]

    /// An event from bytes that are canonical JSON objects already.
    public init(type: EventType, version: Int, time: Timestamp, data: [UInt8], metadata: [UInt8] = [0x7B, 0x7D]) {
        self.type = type
        self.version = version
        self.time = time
        self.data = data
        self.metadata = metadata
    }
}

/// Where a commit must find its stream to be accepted.
public enum ExpectedRevision: Sendable, Equatable {
    /// Anywhere. Such a commit cannot be recognised when it is proposed twice: it is appended twice.
    case any
    /// The stream has no event yet.
    case noStream
    /// The stream's last event has this revision.
    case exact(Revision)
}

/// Bytes named by their hash, kept beside the log.
public struct Blob: Sendable, Equatable {
    /// SHA-256 of the bytes.
    public let digest: Digest
    /// The bytes.
    public let bytes: [UInt8]

    /// Hashes the bytes.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        self.digest = Digest(of: bytes)
    }
}

/// One to many events for one stream, appended together or not at all.
public struct Commit: Sendable, Equatable {
    /// The stream that grows.
    public let stream: StreamName
    /// Where the stream must stand.
    public let expected: ExpectedRevision
    /// The events, at least one and at most `Commit.mostEvents`.
    public let events: [NewEvent]
    /// Blobs that the events name; they are on disk before the events are.
    public let blobs: [Blob]

    /// The most events of one commit.
    public static let mostEvents = 65_535

    /// The events for one stream, and the blobs that they name.
    public init(stream: StreamName, expected: ExpectedRevision, events: [NewEvent], blobs: [Blob] = []) {
        self.stream = stream
        self.expected = expected
        self.events = events
        self.blobs = blobs
    }
}

/// Where a commit was recorded.
public struct Appended: Sendable, Equatable {
    /// The position of its first event.
    public let first: Position
    /// How many events it has.
    public let count: Int
    /// The stream's revision at its last event.
    public let lastRevision: Revision
    /// The commit's name.
    public let commitID: CommitID

    /// The place of a commit.
    public init(first: Position, count: Int, lastRevision: Revision, commitID: CommitID) {
        self.first = first
        self.count = count
        self.lastRevision = lastRevision
        self.commitID = commitID
    }

    /// Every position of the commit, up to and not including the one after it.
    public var positions: Range<Position> { first..<Position(rawValue: first.rawValue + UInt64(count)) }
}
