package import CanonicalJSON
import Deciders
package import Determinism
package import EventLog
import Jobs

/// The blobs that the log says were erased on purpose.
package struct Erasures: Sendable {
    /// One event that says so.
    package struct Note: Equatable, Sendable {
        /// Where it stands.
        package let position: Position
        /// Who asked.
        package let by: String
        /// Why: in that person's words, or that retention did it.
        package let why: String
        package let time: Timestamp
    }

    private struct Entry: Sendable {
        /// Events before this position may have named it.
        var limit: Position
        var note: Int
    }

    private var entries: [Digest: Entry] = [:]
    private var notes: [Note] = []
    /// How far the log was read.
    private var end = Position.first

    package init(of log: any Log) throws { try catchUp(with: log) }

    /// Reads what was recorded since; false if nothing was.
    @discardableResult
    package mutating func catchUp(with log: any Log) throws -> Bool {
        let start = end
        end = Position(try log.head().size)
        if end <= start { return false }
        try log.scan(from: start, to: end, matching: EventFilter(types: [BlobsErased.type])) { event in
            let erased = try event.decode(BlobsErased.self)
            let why = erased.note ?? (erased.reason == .retention ? "retention" : "no reason given")
            notes.append(Note(position: event.position, by: erased.by, why: why, time: event.time))
            for digest in erased.digests where entries[digest].map({ $0.limit < erased.before }) ?? true {
                entries[digest] = Entry(limit: erased.before, note: notes.count - 1)
            }
        }
        return true
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// By blob: events before this position may have named it.
    package var limits: [Digest: Position] { entries.mapValues(\.limit) }

    /// Whether a blob was erased that an event at a position may have named.
    package func isErased(_ digest: Digest, namedAt position: Position) -> Bool {
        entries[digest].map { position < $0.limit } ?? false
    }

    /// Who erased a blob that isn't in the store, and why; nil for one that nobody erased on purpose.
    package func note(on digest: Digest) -> Note? { entries[digest].map { notes[$0.note] } }
}

extension Erasures.Note: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("by", by)
        writer.field("position", position)
        writer.field("time", time)
        writer.field("why", why)
        writer.endObject()
    }
}
