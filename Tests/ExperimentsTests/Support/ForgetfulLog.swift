import Determinism
import EventLog
import Synchronization

/// A log of which some blobs were erased.
final class ForgetfulLog: Log {
    private let log: any Log
    private let forgotten = Mutex<Set<Digest>>([])

    init(_ log: any Log) { self.log = log }

    func forget(_ digest: Digest) { forgotten.withLock { _ = $0.insert(digest) } }

    func blob(_ digest: Digest) throws(LogError) -> [UInt8]? {
        forgotten.withLock { $0.contains(digest) } ? nil : try log.blob(digest)
    }

    func append(_ commit: Commit) async throws(LogError) -> Appended { try await log.append(commit) }
    func head() throws(LogError) -> TreeHead { try log.head() }
    func event(at position: Position) throws(LogError) -> Event? { try log.event(at: position) }
    func position(of stream: StreamName, revision: Revision) throws(LogError) -> Position? {
        try log.position(of: stream, revision: revision)
    }
    func lastRevision(of stream: StreamName) throws(LogError) -> Revision? { try log.lastRevision(of: stream) }
    func read(
        _ direction: ReadDirection, from position: Position?, matching filter: EventFilter, limit: Int
    ) throws(LogError) -> Page {
        try log.read(direction, from: position, matching: filter, limit: limit)
    }
    func readStream(
        _ stream: StreamName, _ direction: ReadDirection, from revision: Revision?, limit: Int
    ) throws(LogError) -> [Event] {
        try log.readStream(stream, direction, from: revision, limit: limit)
    }
    func scan(
        from position: Position, to end: Position?, matching filter: EventFilter, _ body: (Event) throws -> Void
    ) throws {
        try log.scan(from: position, to: end, matching: filter, body)
    }
    func subscribe(from position: Position, matching filter: EventFilter) -> Subscription {
        log.subscribe(from: position, matching: filter)
    }
}
