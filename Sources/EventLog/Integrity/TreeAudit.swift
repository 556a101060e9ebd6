import Determinism

/// Grows the tree again from the records, and compares it with the tiles that a log keeps.
struct TreeAudit {
    private var tree = MerkleTree()
    /// The stored tile of leaf hashes that the next leaf belongs to.
    private var leaves: [Digest] = []

    /// The root over the leaves so far.
    var root: Digest { tree.root }

    /// What is wrong with the next leaf or the tiles that it fills; nil when nothing is.
    mutating func problem<Failure: Error>(
        leaf: Digest, stored: (MerkleTree.TileKey) throws(Failure) -> [UInt8]?
    ) throws(Failure) -> String? {
        let place = Int(tree.size % UInt64(MerkleTree.tileWidth))
        if place == 0 {
            let key = MerkleTree.TileKey(level: 0, number: tree.size / UInt64(MerkleTree.tileWidth))
            leaves = MerkleTree.digests(try stored(key) ?? [])
        }
        guard place < leaves.count else { return "the tree has no leaf hash for it" }
        guard leaves[place] == leaf else { return "its bytes do not have the hash that the tree keeps for it" }
        tree.append(leaf)
        guard place == MerkleTree.tileWidth - 1 else { return nil }
        return try mismatch(stored).map { "the tree's \($0) is not made of the records before it" }
    }

    /// What is wrong with the rightmost tiles; nil when nothing is.
    mutating func problemAtEnd<Failure: Error>(
        stored: (MerkleTree.TileKey) throws(Failure) -> [UInt8]?
    ) throws(Failure) -> String? {
        try mismatch(stored).map { "the tree's \($0) is not made of the records" }
    }

    /// The first tile that differs from the stored one, in words.
    ///
    /// A stored tile that is still partial here may go on.
    private mutating func mismatch<Failure: Error>(
        _ stored: (MerkleTree.TileKey) throws(Failure) -> [UInt8]?
    ) throws(Failure) -> String? {
        for tile in tree.takeChangedTiles() {
            let kept = try stored(tile.key) ?? []
            guard kept.starts(with: tile.hashes) else { return "tile \(tile.key.number) of level \(tile.key.level)" }
        }
        return nil
    }
}
