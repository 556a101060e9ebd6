import Determinism
import LMDB

extension LMDBLog {
    /// Proof that the log of some size, by default as it is, has the event at a position.
    ///
    /// Reads O(log n) tiles. Throws `.invalid` for a position that the log of this size hasn't, or a size that it hasn't
    /// reached.
    public func inclusionProof(of position: Position, in size: UInt64? = nil) throws(LogError) -> InclusionProof {
        let operation = "proving that the event at position \(position) is in the log"
        return try proving(operation, size) { (size, tile) in
            guard position.rawValue < size else {
                throw LogError(.invalid, during: operation, "\(size) events end before it")
            }
            return try InclusionProof(of: position, in: size, tile)
        }
    }

    /// Proof that the log of a size, by default as it is, has grown from that of an earlier one by appending alone.
    ///
    /// Reads O(log n) tiles. Throws `.invalid` for a size that the log hasn't reached, or that is larger than `to`.
    public func consistencyProof(from: UInt64, to: UInt64? = nil) throws(LogError) -> ConsistencyProof {
        let operation = "proving that the log has grown from its first \(from) events"
        return try proving(operation, to) { (size, tile) in
            guard from <= size else {
                throw LogError(.invalid, during: operation, "it was asked of \(size) events, which are fewer")
            }
            return try ConsistencyProof(from: from, to: size, tile)
        }
    }

    /// The hashes of a tile of the tree as it is now, 32 bytes each; nil where there are none.
    package func tile(level: UInt8, number: UInt64) throws(LogError) -> [UInt8]? {
        let key = MerkleTree.TileKey(level: level, number: number)
        return try reader.reading("reading the tree") { try $0.value(of: key.bytes, in: reader.tables.tree) }
    }

    /// Lends the tiles of the tree in one read transaction, and a size that it has.
    private func proving<Proof>(
        _ operation: String, _ size: UInt64?, _ body: (UInt64, TreeNodes.TileSource) throws -> Proof
    ) throws(LogError) -> Proof {
        try reader.reading(operation) { transaction in
            let has = try reader.tables.meta(in: transaction).size
            let size = size ?? has
            guard size <= has else {
                throw LogError(.invalid, during: operation, "the log has \(has) events, asked was for \(size)")
            }
            return try body(size) { key in try transaction.value(of: key.bytes, in: reader.tables.tree) }
        }
    }
}
