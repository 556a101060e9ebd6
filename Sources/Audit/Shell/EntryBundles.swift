import Determinism
package import EventLog

/// The records of a log as entry bundles of C2SP `tlog-tiles`, each compared with the tree before it is handed on.
struct EntryBundles {
    /// How many records a whole one has.
    static let width: UInt64 = 256
    let log: LMDBLog
    let head: TreeHead

    /// The records from `256 · number` on, each behind its length as “big-endian uint16”; fewer than 256 at the end.
    ///
    /// Throws for records that the tree wasn't made of, and for tiles that don't lead to the head.
    func bundle(_ number: UInt64) throws -> [UInt8] {
        let first = number * Self.width
        let end = min(first + Self.width, head.size)
        let tile = try log.tile(level: 0, number: number) ?? []
        var bytes: [UInt8] = []
        var last: (position: Position, leaf: Digest)?
        try log.scan(from: Position(first), to: Position(end), matching: .all) { event in
            let leaf = event.withRecord { record in
                bytes += [
                    UInt8(truncatingIfNeeded: record.byteCount >> 8), UInt8(truncatingIfNeeded: record.byteCount),
                ]
                return record.withUnsafeBytes { record in
                    bytes.append(contentsOf: record)
                    return Digest.leaf(record)
                }
            }
            guard tile.dropFirst(32 * Int(event.position.rawValue - first)).prefix(32).elementsEqual(leaf.bytes) else {
                throw ChangedRecord(position: event.position, size: head.size)
            }
            last = (event.position, leaf)
        }
        // This proof takes in all hashes of the tile, and of those above it what leads to the head.
        guard let last, last.position.rawValue == end - 1,
            try log.inclusionProof(of: last.position, in: head.size).proves(last.leaf, in: head)
        else { throw ChangedRecord(position: Position(end - 1), size: head.size) }
        return bytes
    }
}

/// A record isn't the one that the log's head was made of.
package struct ChangedRecord: Error, Equatable, CustomStringConvertible {
    package let position: Position
    package let size: UInt64

    package var description: String {
        "the record at position \(position) doesn't lead to the head of \(size) events any more"
    }
    package var remedy: String { "`cairn audit verify` says where the log was changed" }
}
