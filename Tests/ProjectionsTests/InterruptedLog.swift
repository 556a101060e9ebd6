import DeciderTestSupport
import Determinism
import EventLog
import Synchronization

/// A log that lets something else happen whenever it is scanned.
final class InterruptedLog: Log {
    private let base: MemoryLog
    private let interruption = Mutex<(@Sendable (Position) throws -> Void)?>(nil)
    private let count = Mutex(0)

    init(_ base: MemoryLog) { self.base = base }

    /// How often something else happened.
    var interruptions: Int { count.withLock { $0 } }

    func beforeScan(_ body: @escaping @Sendable (Position) throws -> Void) {
        interruption.withLock { $0 = body }
    }

    func scan(
        from position: Position, to end: Position?, matching filter: EventFilter, _ body: (Event) throws -> Void
    ) throws {
        try interruption.withLock { $0 }?(position)
        count.withLock { $0 += 1 }
        try base.scan(from: position, to: end, matching: filter, body)
    }

    func append(_ commit: Commit) async throws(LogError) -> Appended { try await base.append(commit) }
    func head() throws(LogError) -> TreeHead { try base.head() }
    func event(at position: Position) throws(LogError) -> Event? { try base.event(at: position) }
    func position(of stream: StreamName, revision: Revision) throws(LogError) -> Position? {
        try base.position(of: stream, revision: revision)
    }
    func lastRevision(of stream: StreamName) throws(LogError) -> Revision? { try base.lastRevision(of: stream) }
    func read(
        _ direction: ReadDirection, from position: Position?, matching filter: EventFilter, limit: Int
    ) throws(LogError) -> Page {
        try base.read(direction, from: position, matching: filter, limit: limit)
    }
    func readStream(
        _ stream: StreamName, _ direction: ReadDirection, from revision: Revision?, limit: Int
    ) throws(LogError) -> [Event] {
        try base.readStream(stream, direction, from: revision, limit: limit)
    }
    func subscribe(from position: Position, matching filter: EventFilter) -> Subscription {
        base.subscribe(from: position, matching: filter)
    }
    func blob(_ digest: Digest) throws(LogError) -> [UInt8]? { try base.blob(digest) }
}
