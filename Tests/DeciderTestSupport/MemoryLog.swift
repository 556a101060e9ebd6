import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog
import Synchronization

/// A log in memory, for tests that need recorded events or a `Log` and no disk.
///
/// Records have the bytes that every log gives them; the root is that of no tree, and there is nothing to wait for.
package final class MemoryLog: Log {
    private struct Contents {
        var events: [Event] = []
        var lastRevisions: [StreamName: Revision] = [:]
        var blobs: [Digest: [UInt8]] = [:]
    }

    private let contents = Mutex(Contents())

    package init(_ events: some Sequence<Event> = []) {
        contents.withLock { contents in
            contents.events = Array(events)
            for event in events { contents.lastRevisions[event.stream] = event.revision }
        }
    }

    /// All events, in order.
    package var events: [Event] { contents.withLock { $0.events } }

    /// A log that ends before a position of this one.
    package func cut(before end: Position) -> MemoryLog { MemoryLog(events.prefix(Int(end.rawValue))) }

    /// Records payloads as one commit, wherever the stream stands.
    @discardableResult
    package func record(
        _ payloads: [any EventPayload], in stream: StreamName, at time: Timestamp = .epoch,
        metadata: EventMetadata = .none
    ) throws(LogError) -> [Event] {
        let appended = try add(
            Commit(
                stream: stream, expected: .any,
                events: payloads.map { payload in
                    NewEvent(
                        type: type(of: payload).type, version: payload.writtenVersion, time: time,
                        data: payload.canonicalBytes(), metadata: metadata.canonicalBytes())
                }))
        return Array(events.suffix(appended.count))
    }

    package func append(_ commit: Commit) async throws(LogError) -> Appended { try add(commit) }

    /// Appends without waiting.
    @discardableResult
    package func add(_ commit: Commit) throws(LogError) -> Appended {
        try contents.withLock { (contents) throws(LogError) -> Appended in
            let last = contents.lastRevisions[commit.stream]
            let holds =
                switch commit.expected {
                case .any: true
                case .noStream: last == nil
                case .exact(let revision): last == revision
                }
            guard holds else {
                throw LogError(.conflict(actual: last), during: "appending", "the stream stands elsewhere")
            }
            let first = Position(UInt64(contents.events.count))
            let id = Self.commitID(commit, at: first)
            var revision = last?.next ?? .first
            for (index, event) in commit.events.enumerated() {
                let record = Self.record(event, commit, index: index, revision: revision, id: id)
                let position = Position(first.rawValue + UInt64(index))
                contents.events.append(try Event(position: position, record: record))
                contents.lastRevisions[commit.stream] = revision
                revision = revision.next
            }
            for blob in commit.blobs { contents.blobs[blob.digest] = blob.bytes }
            return Appended(
                first: first, count: commit.events.count, lastRevision: Revision(revision.rawValue - 1), commitID: id)
        }
    }

    /// Sixteen bytes that follow from the content and, so that equal commits differ, the position.
    private static func commitID(_ commit: Commit, at first: Position) -> CommitID {
        var builder = DigestBuilder()
        builder.update(commit.stream.text)
        builder.update(first.rawValue)
        for event in commit.events {
            builder.update(event.type.text)
            builder.update(event.data)
        }
        guard let id = CommitID(bytes: Array(builder.digest().bytes.prefix(CommitID.byteCount))) else {
            preconditionFailure("a commit id has \(CommitID.byteCount) bytes")
        }
        return id
    }

    private static func record(
        _ event: NewEvent, _ commit: Commit, index: Int, revision: Revision, id: CommitID
    ) -> [UInt8] {
        let stream = Array(commit.stream.text.utf8)
        let type = Array(event.type.text.utf8)
        var record: [UInt8] = [1, 0]
        func add(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { record += $0 }
        }
        for number in [event.version, index, commit.events.count] { add(UInt16(number)) }
        add(event.time.microseconds)
        add(revision.rawValue)
        record += id.bytes
        for part in [stream, type, event.data, event.metadata] { add(UInt16(part.count)) }
        return record + stream + type + event.data + event.metadata
    }
}

extension MemoryLog {
    package func head() throws(LogError) -> TreeHead {
        let events = events
        return TreeHead(size: UInt64(events.count), root: Digest(of: events.last?.record ?? []))
    }

    package func event(at position: Position) throws(LogError) -> Event? {
        let events = events
        return position.rawValue < UInt64(events.count) ? events[Int(position.rawValue)] : nil
    }

    package func position(of stream: StreamName, revision: Revision) throws(LogError) -> Position? {
        events.first { $0.stream == stream && $0.revision == revision }?.position
    }

    package func lastRevision(of stream: StreamName) throws(LogError) -> Revision? {
        events.last { $0.stream == stream }?.revision
    }

    package func read(
        _ direction: ReadDirection, from position: Position?, matching filter: EventFilter, limit: Int
    ) throws(LogError) -> Page {
        let wanted = events.filter { event in
            guard let position else { return Self.matches(event, filter) }
            return (direction == .forward ? event.position >= position : event.position <= position)
                && Self.matches(event, filter)
        }
        let ordered = direction == .forward ? wanted : wanted.reversed()
        return Page(
            events: Array(ordered.prefix(limit)), next: ordered.dropFirst(limit).first?.position)
    }

    package func readStream(
        _ stream: StreamName, _ direction: ReadDirection, from revision: Revision?, limit: Int
    ) throws(LogError) -> [Event] {
        let whole = events.filter { $0.stream == stream }
        switch direction {
        case .forward: return Array(whole.filter { $0.revision >= revision ?? .first }.prefix(limit))
        case .backward:
            return Array(whole.reversed().filter { revision == nil || $0.revision <= revision ?? .first }.prefix(limit))
        }
    }

    package func scan(
        from position: Position, to end: Position?, matching filter: EventFilter, _ body: (Event) throws -> Void
    ) throws {
        let events = events
        let upper = min(Int(clamping: end?.rawValue ?? .max), events.count)
        for event in events[min(Int(position.rawValue), upper)..<upper] where Self.matches(event, filter) {
            try body(event)
        }
    }

    package func subscribe(from position: Position, matching filter: EventFilter) -> Subscription {
        Subscription(from: position, to: Position(UInt64(events.count))) {
            (from) throws(LogError) -> Subscription.Step in
            let found = self.events.filter { $0.position >= from && Self.matches($0, filter) }
            return Subscription.Step(events: found, next: Position(UInt64(self.events.count)), isAtEnd: true)
        } growth: { _ in
        }
    }

    package func blob(_ digest: Digest) throws(LogError) -> [UInt8]? { contents.withLock { $0.blobs[digest] } }

    private static func matches(_ event: Event, _ filter: EventFilter) -> Bool {
        (filter.types?.contains(where: event.hasType) ?? true)
            && (filter.categories?.contains(event.stream.category) ?? true)
            && (filter.stream.map { $0 == event.stream } ?? true)
            && (filter.positions?.contains(event.position) ?? true)
            && (filter.times?.contains(event.time) ?? true)
    }
}
