import Determinism
import LMDB

/// Blobs that were erased.
package struct ErasedBlobs: Equatable, Sendable {
    /// How many.
    package var count = 0
    /// The bytes that they were kept in.
    package var bytes = 0

    package init() {}
}

extension BlobStore {
    /// How many bytes of rows one transaction reads or writes when all are copied.
    private static let batchBytes = 8 << 20

    /// Which of these are in the store.
    func present(of digests: some Sequence<Digest>) throws(LogError) -> Set<Digest> {
        do {
            return try environment.read { transaction in
                var present: Set<Digest> = []
                for digest in digests where try transaction.contains(digest.bytes, in: table) { present.insert(digest) }
                return present
            }
        } catch {
            throw LogError(error, during: "looking for blobs")
        }
    }

    /// Removes blobs in one transaction; those that aren't there are passed over.
    ///
    /// Their bytes stay on free pages until those are used again, or the store is compacted.
    func erase(_ digests: Set<Digest>) throws(LogError) -> ErasedBlobs {
        if digests.isEmpty { return ErasedBlobs() }
        do {
            return try environment.write { transaction in
                var erased = ErasedBlobs()
                for digest in digests.sorted() {
                    let size = try transaction.withValue(of: digest.bytes, in: table) { $0.byteCount }
                    guard let size else { continue }
                    try transaction.delete(digest.bytes, in: table)
                    erased.count += 1
                    erased.bytes += size
                }
                return erased
            }
        } catch {
            throw LogError(error, during: "erasing \(digests.count) blobs")
        }
    }

    /// Writes all blobs into a new environment, row by row, in short transactions.
    ///
    /// Not page by page: LMDB leaves what was deleted in the unused ends of pages, also in those of a compacting copy.
    func copy(to directory: String) throws {
        var configuration = Environment.Configuration()
        configuration.durability = .noSync
        configuration.maxTables = 1
        let copy = try Environment.open(at: directory, configuration)
        defer { copy.close() }
        let copied = try copy.openTable(table.name)
        try forEachBatch { rows in
            try copy.write { transaction in
                for row in rows { try transaction.put(row.value, at: row.key, in: copied, mode: .append) }
            }
        }
        try copy.sync()
    }

    /// SHA-256 over all keys and kept values in order, and how many there are.
    func fingerprint() throws -> (rows: Int, digest: Digest) {
        var builder = DigestBuilder()
        var rows = 0
        try forEachBatch { batch in
            rows += batch.count
            for row in batch {
                unsafe row.key.withUnsafeBytes { unsafe builder.update($0) }
                unsafe withUnsafeBytes(of: row.value.count.littleEndian) { unsafe builder.update($0) }
                unsafe row.value.withUnsafeBytes { unsafe builder.update($0) }
            }
        }
        return (rows, builder.digest())
    }

    struct Row {
        let key: [UInt8]
        let value: [UInt8]
    }

    func forEachBatch(_ body: ([Row]) throws -> Void) throws {
        var next: [UInt8] = []
        while true {
            let batch = try batch(from: next)
            guard let last = batch.last else { return }
            try body(batch)
            next = last.key + [0]
        }
    }

    private func batch(from first: [UInt8]) throws -> [Row] {
        try environment.read { transaction in
            var rows: [Row] = []
            var bytes = 0
            try transaction.forEach(in: table, first.isEmpty ? .all : .from(first, upTo: nil)) { key, value in
                let row = Row(
                    key: unsafe key.withUnsafeBytes { unsafe Array($0) },
                    value: unsafe value.withUnsafeBytes { unsafe Array($0) })
                rows.append(row)
                bytes += row.value.count
                return bytes < Self.batchBytes
            }
            return rows
        }
    }
}
