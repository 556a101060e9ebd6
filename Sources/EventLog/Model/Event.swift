public import CanonicalJSON
public import Determinism

/// A recorded event: its position and the bytes of its record.
///
/// Everything else is read from the bytes when asked for.
/// Events of one page share the page's buffer, so a page costs few allocations; `detached` lets go of it.
public struct Event: Sendable {
    /// The event's place in the whole log.
    public let position: Position
    @usableFromInline let storage: [UInt8]
    @usableFromInline let start: Int32
    @usableFromInline let count: Int32

    /// An event from a record of its own; throws `.damaged` or `.newerFormat` for bytes that are no record.
    public init(position: Position, record: [UInt8]) throws(LogError) {
        try LogError.check(unsafe record.span.bytes, at: position)
        self.init(position: position, storage: record, sound: 0..<record.count)
    }

    /// An event whose record, known to be sound, is a part of a shared buffer.
    init(position: Position, storage: [UInt8], sound range: Range<Int>) {
        self.position = position
        self.storage = storage
        self.start = Int32(range.lowerBound)
        self.count = Int32(range.count)
    }

    /// The version of the data's schema.
    public var version: Int { withRecord { Int($0.u16(at: RecordLayout.versionOffset)) } }

    /// When it happened.
    public var time: Timestamp {
        withRecord { Timestamp(microseconds: Int64(bitPattern: $0.u64(at: RecordLayout.timeOffset))) }
    }

    /// The event's place in its stream.
    public var revision: Revision { withRecord { Revision($0.u64(at: RecordLayout.revisionOffset)) } }

    /// The commit that it was appended with.
    public var commitID: CommitID { withRecord { RecordLayout.commitID($0) } }

    /// The event's place in its commit, from 0.
    public var indexInCommit: Int { withRecord { Int($0.u16(at: RecordLayout.indexOffset)) } }

    /// How many events the commit has.
    public var commitCount: Int { withRecord { Int($0.u16(at: RecordLayout.countOffset)) } }

    /// The stream that it belongs to.
    public var stream: StreamName { StreamName(recorded: text(withRecord { RecordLayout.streamRange($0) })) }

    /// The kind of event.
    public var type: EventType { EventType(recorded: text(withRecord { RecordLayout.typeRange($0) })) }

    /// The data, a canonical JSON object.
    public var dataBytes: [UInt8] { Array(storage[shifted(withRecord { RecordLayout.dataRange($0) })]) }

    /// The metadata, a canonical JSON object.
    public var metadataBytes: [UInt8] { Array(storage[shifted(withRecord { RecordLayout.metadataRange($0) })]) }

    /// The whole record: what the leaf of the Merkle tree is a hash of.
    public var record: [UInt8] { Array(storage[shifted(0..<Int(count))]) }

    /// The metadata, decoded.
    public func metadata() throws(JSONError) -> EventMetadata {
        try withRecord { (record) throws(JSONError) -> EventMetadata in
            try EventMetadata(canonicalBytes: record.extracting(RecordLayout.metadataRange(record)))
        }
    }

    /// Lends the data without copying it.
    ///
    /// Inlinable, as what follows: so those who decode millions of events compile it for the type that they decode.
    @inlinable
    public func withData<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withRecord { (record) throws(Failure) -> Result in
            try body(record.extracting(RecordLayout.dataRange(record)))
        }
    }

    /// Lends the metadata without copying it.
    @inlinable
    package func withMetadata<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withRecord { (record) throws(Failure) -> Result in
            try body(record.extracting(RecordLayout.metadataRange(record)))
        }
    }

    /// Lends the stream's name without making a string of it.
    package func withStream<Result>(_ body: (RawSpan) -> Result) -> Result {
        withRecord { record in body(record.extracting(RecordLayout.streamRange(record))) }
    }

    /// Lends the whole record without copying it.
    @inlinable
    public func withRecord<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The elements are bytes, so every bit pattern may be looked at.
        try body(unsafe storage.span.bytes.extracting(Int(start)..<Int(start) + Int(count)))
    }

    /// Whether the event is of this type; compares bytes and makes no string.
    public func hasType(_ type: EventType) -> Bool {
        withRecord { $0.holds(type.text, in: RecordLayout.typeRange($0)) }
    }

    /// The same event with a buffer of its own, for keeping it longer than its page.
    public var detached: Event { Event(position: position, storage: record, sound: 0..<Int(count)) }

    private func shifted(_ range: Range<Int>) -> Range<Int> {
        range.lowerBound + Int(start)..<range.upperBound + Int(start)
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: storage[shifted(range)], as: UTF8.self)
    }
}

extension Event: Equatable {
    /// Whether position and record are equal.
    public static func == (left: Event, right: Event) -> Bool {
        left.position == right.position
            && left.storage[left.shifted(0..<Int(left.count))] == right.storage[right.shifted(0..<Int(right.count))]
    }
}

extension LogError {
    /// Refuses a record that cannot be read.
    static func check(_ record: RawSpan, at position: Position) throws(LogError) {
        guard let problem = RecordLayout.problem(record) else { return }
        let operation = "reading the event at position \(position)"
        if problem == .newerFormat {
            throw LogError(
                .newerFormat, during: operation, "the record's format is newer than this program; use a newer one")
        }
        throw .damaged(position, during: operation, "its bytes are not a record")
    }

    /// What was read is not what was written.
    static func damaged(_ position: Position?, during operation: String, _ found: String) -> LogError {
        LogError(.damaged(position), during: operation, found + "; audit the store, and restore it from a copy")
    }
}
