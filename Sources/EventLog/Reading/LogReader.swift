import Determinism
import LMDB

/// Reads the tables of `log/`, each call in one short transaction on the caller's thread.
struct LogReader: Sendable {
    /// Bounds of one transaction's work.
    struct Limits: Sendable {
        /// The most events that are looked at.
        var scanned = 65_536
        /// The most bytes of records that are copied, but for the last.
        var bytes = 1 << 20
    }

    let environment: Environment
    let tables: LogTables
    var limits = Limits()

    func meta() throws(LogError) -> LogMeta {
        try reading("reading the head of the log") { try tables.meta(in: $0) }
    }

    func event(at position: Position) throws(LogError) -> Event? {
        try reading("reading the event at position \(position)") { transaction in
            try transaction.withValue(of: position.rawValue, in: tables.events) { record in
                try LogError.check(record, at: position)
                return try Event(position: position, record: unsafe record.withUnsafeBytes { unsafe Array($0) })
            }
        }
    }

    func lastRevision(of stream: StreamName) throws(LogError) -> Revision? {
        try reading("reading the stream \(stream)") { try tables.entry(of: stream, in: $0)?.last }
    }

    func position(of stream: StreamName, revision: Revision) throws(LogError) -> Position? {
        try reading("reading the stream \(stream)") { transaction in
            guard let entry = try tables.entry(of: stream, in: transaction) else { return nil }
            return try tables.position(of: entry, revision: revision, in: transaction)
        }
    }

    func readStream(
        _ stream: StreamName, _ direction: ReadDirection, from revision: Revision?, limit: Int
    ) throws(LogError) -> [Event] {
        var events: [Event] = []
        var next = revision
        while events.count < limit {
            let part = try streamPart(stream, direction, from: next, limit: limit - events.count)
            events += part.events
            guard let following = part.next else { break }
            next = following
        }
        return events
    }

    /// What one transaction reads of a stream, and where the next one begins.
    private func streamPart(
        _ stream: StreamName, _ direction: ReadDirection, from revision: Revision?, limit: Int
    ) throws(LogError) -> (events: [Event], next: Revision?) {
        try reading("reading the stream \(stream)") { transaction in
            guard limit > 0, let entry = try tables.entry(of: stream, in: transaction) else { return ([], nil) }
            let first = min(revision ?? (direction == .forward ? .first : entry.last), entry.last)
            if direction == .forward, let revision, revision > entry.last { return ([], nil) }
            guard let start = try tables.position(of: entry, revision: first, in: transaction) else { return ([], nil) }
            var page = PageBuilder()
            try transaction.forEachDuplicate(
                of: entry.id, from: start.rawValue, in: tables.streamEvents, direction.scan
            ) { position in
                try tables.withRecord(at: Position(position), in: transaction) { record in
                    page.add(Position(position), record)
                }
                return page.count < limit && page.bytes < limits.bytes
            }
            let events = page.finish()
            return (events, next(after: events, direction, last: entry.last))
        }
    }

    private func next(after events: [Event], _ direction: ReadDirection, last: Revision) -> Revision? {
        guard let revision = events.last?.revision else { return nil }
        switch direction {
        case .forward: return revision < last ? revision.next : nil
        case .backward: return revision > .first ? Revision(revision.rawValue - 1) : nil
        }
    }

    /// Runs `body` in a read transaction, and puts what goes wrong into the log's words.
    func reading<R>(
        _ operation: @autoclosure () -> String, _ body: (borrowing ReadTransaction) throws -> R
    ) throws(LogError) -> R {
        do {
            return try environment.read(body)
        } catch {
            throw LogError(error, during: operation())
        }
    }
}

extension ReadDirection {
    var scan: ScanDirection {
        switch self {
        case .forward: .forward
        case .backward: .backward
        }
    }
}
