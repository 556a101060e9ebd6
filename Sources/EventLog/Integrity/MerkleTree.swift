import Determinism

/// The right edge of the Merkle tree of RFC 6962 over a log's records: all that is needed to append and to say the root.
///
/// Hashes are kept in tiles of 256, as in C2SP `tlog-tiles`: tile level 0 holds leaf hashes, and a hash of tile level
/// k + 1 is the root of a full tile of level k. Appending changes one tile per level; memory is at most 8 KiB per level.
struct MerkleTree: Sendable, Equatable {
    /// Where a tile stands.
    struct TileKey: Hashable, Sendable {
        /// 0 for tiles of leaf hashes.
        let level: UInt8
        /// The tile's place in its level, from 0.
        let number: UInt64
    }

    /// The hashes of a tile, 32 bytes each, at most 256 of them.
    struct Tile: Equatable, Sendable {
        let key: TileKey
        let hashes: [UInt8]
    }

    static let tileWidth = 256
    static let emptyRoot = Digest(of: [])

    /// How many leaves there are.
    private(set) var size: UInt64 = 0
    /// The roots of the perfect subtrees that make up the tree, the largest first: one for each bit that `size` has.
    private var peaks: [Digest] = []
    /// For each tile level, the hashes of its rightmost tile while that is not full.
    private var edges: [[UInt8]] = []
    /// Full tiles since the last `takeChangedTiles`, and the levels whose edge has changed since.
    private var filled: [Tile] = []
    private var changed: [Bool] = []

    /// The tree of no leaves.
    init() {}

    /// The root hash of the tree.
    var root: Digest {
        guard var hash = peaks.last else { return MerkleTree.emptyRoot }
        for peak in peaks.dropLast().reversed() { hash = Digest.node(peak, hash) }
        return hash
    }

    /// Appends one leaf hash; one node hash on average.
    mutating func append(_ leaf: Digest) {
        push(leaf, level: 0)
        var hash = leaf
        var height = 0
        var rest = size
        while rest & 1 == 1 {
            hash = Digest.node(peaks.removeLast(), hash)
            height += 1
            rest >>= 1
            if height.isMultiple(of: 8) { push(hash, level: height / 8) }
        }
        peaks.append(hash)
        size += 1
    }

    /// The tiles that have changed since the last call: full ones once, and each level's rightmost one.
    mutating func takeChangedTiles() -> [Tile] {
        var tiles = filled
        for level in changed.indices where changed[level] {
            if !edges[level].isEmpty {
                tiles.append(Tile(key: TileKey(level: UInt8(level), number: edgeNumber(level)), hashes: edges[level]))
            }
            changed[level] = false
        }
        filled = []
        return tiles
    }

    private func edgeNumber(_ level: Int) -> UInt64 { size >> UInt64(8 * level + 8) }

    private mutating func push(_ hash: Digest, level: Int) {
        if level == edges.count {
            edges.append([])
            changed.append(false)
        }
        unsafe hash.withBytes { unsafe edges[level].append(contentsOf: $0) }
        changed[level] = true
        guard edges[level].count == MerkleTree.tileWidth * Digest.byteCount else { return }
        // `size` still counts the leaves before this one, so it names the tile that this hash has filled.
        filled.append(Tile(key: TileKey(level: UInt8(level), number: edgeNumber(level)), hashes: edges[level]))
        edges[level] = []
    }
}

extension MerkleTree {
    /// The number of hashes that a tile level has in a tree of this size.
    static func count(ofLevel level: Int, size: UInt64) -> UInt64 { size >> UInt64(8 * level) }

    /// How many tiles a tree of this size has in all levels.
    static func tileCount(size: UInt64) -> Int {
        var tiles = 0
        var rest = size
        while rest > 0 {
            tiles += Int((rest + UInt64(tileWidth) - 1) / UInt64(tileWidth))
            rest >>= 8
        }
        return tiles
    }

    /// Loads the right edge of a tree, or of a prefix of it: `size` leaves, from tiles that may hold more hashes than
    /// the prefix has.
    ///
    /// Nil when a tile is missing or too short.
    init?<Failure: Error>(size: UInt64, tile: (TileKey) throws(Failure) -> [UInt8]?) throws(Failure) {
        self.size = size
        var level = 0
        while MerkleTree.count(ofLevel: level, size: size) > 0 {
            let count = MerkleTree.count(ofLevel: level, size: size)
            let inEdge = Int(count % UInt64(MerkleTree.tileWidth))
            var edge: [UInt8] = []
            if inEdge > 0 {
                let key = TileKey(level: UInt8(level), number: count / UInt64(MerkleTree.tileWidth))
                guard let hashes = try tile(key), hashes.count >= inEdge * Digest.byteCount else { return nil }
                edge = Array(hashes.prefix(inEdge * Digest.byteCount))
            }
            edges.append(edge)
            changed.append(false)
            peaks.insert(contentsOf: MerkleTree.peaks(of: edge), at: 0)
            level += 1
        }
    }

    /// The roots of the perfect subtrees over the hashes of a partial tile, the largest first.
    private static func peaks(of edge: [UInt8]) -> [Digest] {
        let hashes = digests(edge)
        var peaks: [Digest] = []
        var start = 0
        for bit in (0..<8).reversed() where hashes.count & (1 << bit) != 0 {
            peaks.append(perfectRoot(hashes[start..<start + (1 << bit)]))
            start += 1 << bit
        }
        return peaks
    }

    /// The root over a power of two of hashes.
    static func perfectRoot(_ hashes: ArraySlice<Digest>) -> Digest {
        var level = Array(hashes)
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map { Digest.node(level[$0], level[$0 + 1]) }
        }
        return level.first ?? emptyRoot
    }

    /// The hashes of a tile.
    static func digests(_ tile: [UInt8]) -> [Digest] {
        unsafe tile.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count - Digest.byteCount + 1, by: Digest.byteCount).compactMap { start in
                unsafe Digest(
                    bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<start + Digest.byteCount]))
            }
        }
    }
}
