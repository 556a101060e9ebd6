package import Determinism
package import EventLog

/// A log that does what another one does, but for what it defines itself.
package protocol ForwardingLog: Log {
    var wrapped: any Log { get }
}

extension ForwardingLog {
    package func append(_ commit: Commit) async throws(LogError) -> Appended { try await wrapped.append(commit) }
    package func head() throws(LogError) -> TreeHead { try wrapped.head() }
    package func event(at position: Position) throws(LogError) -> Event? { try wrapped.event(at: position) }
    package func position(of stream: StreamName, revision: Revision) throws(LogError) -> Position? {
        try wrapped.position(of: stream, revision: revision)
    }
    package func lastRevision(of stream: StreamName) throws(LogError) -> Revision? {
        try wrapped.lastRevision(of: stream)
    }
    package func read(
        _ direction: ReadDirection, from position: Position?, matching filter: EventFilter, limit: Int
    ) throws(LogError) -> Page {
        try wrapped.read(direction, from: position, matching: filter, limit: limit)
    }
    package func readStream(
        _ stream: StreamName, _ direction: ReadDirection, from revision: Revision?, limit: Int
    ) throws(LogError) -> [Event] {
        try wrapped.readStream(stream, direction, from: revision, limit: limit)
    }
    package func scan(
        from position: Position, to end: Position?, matching filter: EventFilter, _ body: (Event) throws -> Void
    ) throws {
        try wrapped.scan(from: position, to: end, matching: filter, body)
    }
    package func subscribe(from position: Position, matching filter: EventFilter) -> Subscription {
        wrapped.subscribe(from: position, matching: filter)
    }
    package func blob(_ digest: Digest) throws(LogError) -> [UInt8]? { try wrapped.blob(digest) }
}
