public import Determinism

/// Proof that a tree has grown from an earlier one by appending alone: the Merkle consistency proof of RFC 6962 §2.1.2.
public struct ConsistencyProof: Sendable, Equatable {
    /// How many leaves the earlier tree has.
    public let from: UInt64
    /// How many leaves the later tree has.
    public let to: UInt64
    /// The hashes that both roots are made of; none when the sizes are equal, or the earlier tree is empty.
    public let hashes: [Digest]

    /// A proof as somebody claims it.
    public init(from: UInt64, to: UInt64, hashes: [Digest]) {
        self.from = from
        self.to = to
        self.hashes = hashes
    }

    /// Whether the later head has grown from the earlier one.
    ///
    /// The steps are those of RFC 9162 §2.1.4.2. Every log has grown from the empty one.
    public func proves(_ earlier: TreeHead, grewTo later: TreeHead) -> Bool {
        guard earlier.size == from, later.size == to, from <= to else { return false }
        if from == to { return hashes.isEmpty && earlier.root == later.root }
        if from == 0 { return hashes.isEmpty && earlier.root == MerkleTree.emptyRoot }
        var path = hashes[...]
        // A perfect earlier tree is itself the first hash of the path.
        guard let start = from & (from - 1) == 0 ? earlier.root : path.popFirst() else { return false }
        var (place, last) = (from - 1, to - 1)
        while place & 1 == 1 {
            place >>= 1
            last >>= 1
        }
        var (old, new) = (start, start)
        for hash in path {
            guard last > 0 else { return false }
            if place & 1 == 1 || place == last {
                old = Digest.node(hash, old)
                new = Digest.node(hash, new)
                while place & 1 == 0, place > 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                new = Digest.node(new, hash)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 && old == earlier.root && new == later.root
    }
}

extension ConsistencyProof {
    /// The proof between two sizes that the tiles have; O(log n) hashes from O(log n) tiles.
    init(from: UInt64, to: UInt64, _ tile: TreeNodes.TileSource) throws {
        var nodes = TreeNodes()
        guard from > 0, from < to else {
            self.init(from: from, to: to, hashes: [])
            return
        }
        var (lower, upper) = (UInt64(0), to)
        var path: [Digest] = []
        // SUBPROOF of RFC 6962: goes down to the subtree that the earlier tree ends with.
        while upper > from {
            let middle = lower + (upper - lower).split
            if from <= middle {
                path.append(try nodes.root(of: middle..<upper, tile))
                upper = middle
            } else {
                path.append(try nodes.root(of: lower..<middle, tile))
                lower = middle
            }
        }
        // Who asks knows the earlier root; it is not repeated where it is itself a subtree.
        if lower > 0 { path.append(try nodes.root(of: lower..<upper, tile)) }
        self.init(from: from, to: to, hashes: path.reversed())
    }
}
