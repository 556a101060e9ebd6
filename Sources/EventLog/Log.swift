public import Determinism

/// Which way a reader goes.
public enum ReadDirection: Sendable {
    /// From older to newer.
    case forward
    /// From newer to older.
    case backward
}

/// One page of events.
public struct Page: Sendable, Equatable {
    /// The events that matched, in the order of reading.
    public let events: [Event]
    /// Where to go on reading; nil when everything has been read for now.
    public let next: Position?

    /// A page and where the next one begins.
    public init(events: [Event], next: Position?) {
        self.events = events
        self.next = next
    }
}

/// An append-only log of events in streams.
///
/// Reading functions run on the caller's thread and hold no transaction when they return. Everything that was appended
/// before the call is seen by it.
public protocol Log: Sendable {
    /// Appends a commit; returns when it is on disk.
    ///
    /// A commit that expects a revision may be appended again with the same content: the first result is returned, and
    /// nothing is written. Throws `.conflict` when the stream stands elsewhere.
    func append(_ commit: Commit) async throws(LogError) -> Appended

    /// Appends many commits in order; returns when all are on disk, with a result for each.
    ///
    /// Each is accepted or refused alone, as if it had been appended by itself after those before it; others' commits may
    /// come in between. Far cheaper for each than one call for each.
    func append(_ commits: [Commit]) async -> [Result<Appended, LogError>]

    /// The size and Merkle root of the log.
    func head() throws(LogError) -> TreeHead

    /// The event at a position; nil at and after the end.
    func event(at position: Position) throws(LogError) -> Event?

    /// The position of a stream's event; nil when the stream has no such revision.
    func position(of stream: StreamName, revision: Revision) throws(LogError) -> Position?

    /// The revision of a stream's last event; nil when it has none.
    func lastRevision(of stream: StreamName) throws(LogError) -> Revision?

    /// One page of at most `limit` events, from one short read transaction.
    ///
    /// Forward begins at `from`, or at the first event; backward begins at `from`, or at the last one; both include it.
    /// A page scans a bounded number of events, so it may hold fewer than `limit`, even none, and still have a `next`.
    func read(
        _ direction: ReadDirection, from position: Position?, matching filter: EventFilter, limit: Int
    ) throws(LogError) -> Page

    /// At most `limit` events of one stream; empty past its ends.
    ///
    /// Forward begins at `from`, or at revision 0; backward begins at `from`, or at the last revision; both include it.
    func readStream(
        _ stream: StreamName, _ direction: ReadDirection, from revision: Revision?, limit: Int
    ) throws(LogError) -> [Event]

    /// Calls `body` with every matching event from `from` up to and not including `to`, or the end at the time of asking.
    ///
    /// Reads in batches, each in one short read transaction that has ended before `body` sees the batch: memory is
    /// bounded, and `body` may append. What `body` throws ends the scan.
    func scan(
        from position: Position, to end: Position?, matching filter: EventFilter, _ body: (Event) throws -> Void) throws

    /// Every matching event from `from` on, first those recorded already, then each new one: once, and in order.
    func subscribe(from position: Position, matching filter: EventFilter) -> Subscription

    /// The bytes with this hash; nil when they were never stored or have been erased.
    func blob(_ digest: Digest) throws(LogError) -> [UInt8]?
}

extension Log {
    /// Appends one commit after the other.
    public func append(_ commits: [Commit]) async -> [Result<Appended, LogError>] {
        var results: [Result<Appended, LogError>] = []
        results.reserveCapacity(commits.count)
        for commit in commits {
            do throws(LogError) {
                results.append(.success(try await append(commit)))
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    /// Calls `body` with every matching event from `from` to the end.
    public func scan(
        from position: Position = .first, matching filter: EventFilter = .all, _ body: (Event) throws -> Void
    ) throws {
        try scan(from: position, to: nil, matching: filter, body)
    }

    /// A whole stream's events in order, at most `limit` of them.
    public func readStream(_ stream: StreamName, limit: Int = .max) throws(LogError) -> [Event] {
        try readStream(stream, .forward, from: nil, limit: limit)
    }
}
