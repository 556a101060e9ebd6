public import Determinism

/// Proof that a tree of some size has a certain leaf at a certain place: the Merkle audit path of RFC 6962 §2.1.1.
///
/// Who has the head of that size, and the record, needs nothing else of the log. At most 64 hashes.
public struct InclusionProof: Sendable, Equatable {
    /// The place of the leaf, which is the event's position.
    public let position: Position
    /// How many leaves the tree has.
    public let size: UInt64
    /// The sibling of the leaf, then that of each node above it.
    public let hashes: [Digest]

    /// A proof as somebody claims it.
    public init(position: Position, size: UInt64, hashes: [Digest]) {
        self.position = position
        self.size = size
        self.hashes = hashes
    }

    /// The root that the tree has if `leaf` is at the position; nil when no tree of this size has such a path.
    ///
    /// The steps are those of RFC 9162 §2.1.3.2.
    public func root(leaf: Digest) -> Digest? {
        guard position.rawValue < size else { return nil }
        var place = position.rawValue
        var last = size - 1
        var root = leaf
        for hash in hashes {
            guard last > 0 else { return nil }
            if place & 1 == 1 || place == last {
                root = Digest.node(hash, root)
                while place & 1 == 0, place > 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                root = Digest.node(root, hash)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 ? root : nil
    }

    /// Whether the tree with this head has the leaf at the position.
    public func proves(_ leaf: Digest, in head: TreeHead) -> Bool {
        head.size == size && root(leaf: leaf) == head.root
    }
}

extension InclusionProof {
    /// The proof for a place in the tree of a size that the tiles have; O(log n) hashes from O(log n) tiles.
    init(of position: Position, in size: UInt64, _ tile: TreeNodes.TileSource) throws {
        var nodes = TreeNodes()
        var (lower, upper) = (UInt64(0), size)
        var path: [Digest] = []
        while upper - lower > 1 {
            let middle = lower + (upper - lower).split
            if position.rawValue < middle {
                path.append(try nodes.root(of: middle..<upper, tile))
                upper = middle
            } else {
                path.append(try nodes.root(of: lower..<middle, tile))
                lower = middle
            }
        }
        self.init(position: position, size: size, hashes: path.reversed())
    }
}
