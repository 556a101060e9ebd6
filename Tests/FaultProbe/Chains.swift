import CanonicalJSON
import Determinism
import EventLog
import Projections

/// A read model whose rows tell whether each event was folded exactly once and in order: a hash chain for each stream.
enum Chains: Projector {
    struct Row: CanonicalCodable, Sendable, Equatable {
        /// How many events were folded.
        var count = 0
        /// The hash of the hash before and the record, in hexadecimal digits.
        var hash = ""

        func encode(to writer: inout CanonicalWriter) {
            writer.beginObject()
            writer.field("count", count)
            writer.field("hash", hash)
            writer.endObject()
        }

        init() {}

        init(from reader: inout CanonicalReader) throws(JSONError) {
            try reader.beginObject()
            count = try reader.field("count")
            hash = try reader.field("hash")
            try reader.endObject()
        }

        mutating func add(_ event: Event) {
            count += 1
            hash = Digest(of: Array(hash.utf8) + event.record).hex
        }
    }

    struct Tables: ViewTables {
        var streams: ViewTable<String, Row>
        var all: ViewTable<String, Row>

        init(_ make: inout TableMaker) {
            streams = make.table("streams")
            all = make.table("all")
        }
    }

    static var name: String { "chains" }
    static var version: Int { 1 }
    static var types: [EventType] { [Appending.type] }

    static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        tables.streams[event.stream.text, default: Row()].add(event.event)
        tables.all["all", default: Row()].add(event.event)
    }
}

extension ViewTable where Row == Chains.Row {
    /// The row of a key, made if there is none.
    fileprivate subscript(key: Key, default row: Row) -> Row {
        get { self[key] ?? row }
        set { self[key] = newValue }
    }
}
