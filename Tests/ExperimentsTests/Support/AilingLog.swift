import Determinism
import EventLog
import Jobs
import Synchronization

/// A log of which some blobs were erased, or that takes no more after some commit.
final class AilingLog: Log {
    private let log: any Log
    private let forgotten = Mutex<Set<Digest>>([])
    /// How many commits came, and whether the last one that is taken was among them.
    private let taken = Mutex<(commits: Int, isOver: Bool)>((0, false))
    private let isLast: @Sendable (Commit, Int) -> Bool
    /// Happens when a commit comes after the last; whoever appends one waits until cancelled.
    let isFull = OneShot()

    /// `isLast` is told each commit and its number, from 1.
    init(_ log: any Log, isLast: @escaping @Sendable (Commit, Int) -> Bool = { _, _ in false }) {
        self.log = log
        self.isLast = isLast
    }

    func forget(_ digest: Digest) { forgotten.withLock { _ = $0.insert(digest) } }

    func blob(_ digest: Digest) throws(LogError) -> [UInt8]? {
        forgotten.withLock { $0.contains(digest) } ? nil : try log.blob(digest)
    }

    func append(_ commit: Commit) async throws(LogError) -> Appended {
        let hasRoom = taken.withLock { taken in
            if taken.isOver { return false }
            taken.commits += 1
            taken.isOver = isLast(commit, taken.commits)
            return true
        }
        if hasRoom { return try await log.append(commit) }
        isFull.happen()
        try? await OneShot().wait()
        throw LogError(.closed, during: "appending", "the process was killed")
    }
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
