import Determinism

/// Hashes inside a Merkle tree, made from its tiles: each tile is read once, and only the part of it hashed that is asked
/// for.
struct TreeNodes {
    /// How tiles are read; nil for one that isn't there.
    typealias TileSource = (MerkleTree.TileKey) throws -> [UInt8]?

    /// The tiles read so far: O(log n) of them for a proof.
    private var tiles: [MerkleTree.TileKey: [Digest]] = [:]

    /// The Merkle tree hash of some leaves, MTH(D[lower:upper]) of RFC 6962 §2.1.
    ///
    /// The range must be one that the definition comes by when it splits a tree: its lower bound is a multiple of the
    /// largest power of two that it holds.
    mutating func root(of leaves: Range<UInt64>, _ tile: TileSource) throws -> Digest {
        var roots: [Digest] = []
        var start = leaves.lowerBound
        while start < leaves.upperBound {
            let height = (leaves.upperBound - start).highestBit
            roots.append(try perfectRoot(height: height, number: start >> UInt64(height), tile))
            start += 1 << UInt64(height)
        }
        guard var root = roots.popLast() else { return MerkleTree.emptyRoot }
        while let left = roots.popLast() { root = Digest.node(left, root) }
        return root
    }

    /// The root over the leaves `number · 2^height ..< (number + 1) · 2^height`, which one tile has the hashes of.
    private mutating func perfectRoot(height: Int, number: UInt64, _ tile: TileSource) throws -> Digest {
        let width = UInt64(MerkleTree.tileWidth)
        let inside = height % 8
        let first = number << UInt64(inside)
        let hashes = try hashes(MerkleTree.TileKey(level: UInt8(height / 8), number: first / width), tile)
        let start = Int(first % width)
        guard start + 1 << inside <= hashes.count else {
            throw LogError.damaged(nil, during: "reading the tree of the log", "a tile is missing or cut short")
        }
        return MerkleTree.perfectRoot(hashes[start..<start + 1 << inside])
    }

    private mutating func hashes(_ key: MerkleTree.TileKey, _ tile: TileSource) throws -> [Digest] {
        if let known = tiles[key] { return known }
        let hashes = MerkleTree.digests(try tile(key) ?? [])
        tiles[key] = hashes
        return hashes
    }
}

extension UInt64 {
    /// The place of the highest bit that is set; 0 for 0.
    var highestBit: Int { self == 0 ? 0 : UInt64.bitWidth - 1 - leadingZeroBitCount }

    /// The largest power of two that is smaller than this number, which must be at least 2.
    var split: UInt64 { 1 << UInt64((self - 1).highestBit) }
}
