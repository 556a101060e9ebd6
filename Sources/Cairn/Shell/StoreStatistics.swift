package import CanonicalJSON
package import Determinism
package import EventLog
import Glibc
import LMDB

/// What a store holds, what fills its files, and who keeps free pages from being used again.
package struct StoreStatistics: Equatable, Sendable {
    /// One of the data files.
    package struct Part: Equatable, Sendable {
        package let name: String
        /// The bytes of the file.
        package let bytes: Int
        package let usedBytes: Int
        /// Bytes of pages that hold nothing: written again before the file grows.
        package let freeBytes: Int
        /// How many entries each table has.
        package let tables: [Table]

        package struct Table: Equatable, Sendable {
            package let name: String
            package let entries: Int
        }

        fileprivate init(_ name: String, _ usage: Environment.Usage) {
            self.name = name
            bytes = usage.fileSize
            usedBytes = usage.usedBytes
            freeBytes = usage.freeBytes
            tables = usage.tables.map { Table(name: $0.name, entries: $0.entries) }
        }
    }

    /// A process that reads, and so keeps pages from being used again.
    package struct Reader: Equatable, Sendable {
        package let part: String
        package let process: Int
        package let transaction: UInt64
        /// The bytes of free pages that wait for it.
        package let heldBackBytes: Int
    }

    package let path: String
    package let manifest: StoreManifest
    package let head: TreeHead
    package let streams: Int
    package let blobs: Int
    /// When the first event was recorded; nil for an empty log.
    package let oldest: Timestamp?
    package let newest: Timestamp?
    package let parts: [Part]
    package let readers: [Reader]

    /// Opens the store for reading.
    package static func measure(_ path: String) throws -> StoreStatistics {
        let log = try LMDBLog.open(at: path, LMDBLog.Options(access: .readOnly))
        defer { log.close() }
        let head = try log.head()
        let usage = try log.usage()
        let readers = try log.readers()
        var parts = [Part("log", usage.log), Part("blobs", usage.blobs)]
        var found = Self.readers("log", readers.log, usage.log) + Self.readers("blobs", readers.blobs, usage.blobs)
        for (name, place) in [("views", "/views"), ("snapshots", "/views/history")] {
            guard let views = try views(path + place) else { continue }
            parts.append(Part(name, views.usage))
            found += Self.readers(name, views.readers, views.usage)
        }
        return StoreStatistics(
            path: path, manifest: log.manifest, head: head, streams: entries("streams", usage.log),
            blobs: entries("blobs", usage.blobs), oldest: try log.event(at: .first)?.time,
            newest: head.size == 0 ? nil : try log.event(at: Position(head.size - 1))?.time, parts: parts,
            readers: found)
    }

    private static func views(_ path: String) throws -> (usage: Environment.Usage, readers: [ReaderSlot])? {
        guard access(path + "/data.mdb", F_OK) == 0 else { return nil }
        var configuration = Environment.Configuration()
        configuration.access = .readOnly
        let environment = try Environment.open(at: path, configuration)
        defer { environment.close() }
        return (try environment.usage(), try environment.readers())
    }

    private static func entries(_ table: String, _ usage: Environment.Usage) -> Int {
        usage.tables.first { $0.name == table }?.entries ?? 0
    }

    private static func readers(_ part: String, _ slots: [ReaderSlot], _ usage: Environment.Usage) -> [Reader] {
        slots.compactMap { slot in
            guard let transaction = slot.transaction, slot.process != getpid() else { return nil }
            return Reader(
                part: part, process: Int(slot.process), transaction: transaction,
                heldBackBytes: usage.bytesHeldBack(by: transaction))
        }
    }
}

extension StoreStatistics: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("blobs", blobs)
        writer.field("created", manifest.created)
        writer.field("events", Int(head.size))
        writer.field("format", manifest.format)
        writer.field("head", head.root.hex)
        writer.field("id", manifest.id)
        writer.optionalField("newest", newest)
        writer.optionalField("oldest", oldest)
        writer.field("parts", parts)
        writer.field("path", path)
        writer.field("readers", readers)
        writer.field("size", Int(head.size))
        writer.field("streams", streams)
        writer.endObject()
    }
}

extension StoreStatistics.Part: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("bytes", bytes)
        writer.field("freeBytes", freeBytes)
        writer.field("name", name)
        writer.field("tables", Dictionary(tables.map { ($0.name, $0.entries) }) { first, _ in first })
        writer.field("usedBytes", usedBytes)
        writer.endObject()
    }
}

extension StoreStatistics.Reader: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("heldBackBytes", heldBackBytes)
        writer.field("part", part)
        writer.field("process", process)
        writer.field("transaction", Int(clamping: transaction))
        writer.endObject()
    }
}
