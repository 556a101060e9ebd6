public import Determinism
import LMDB

/// Proof that a tree of some size has certain leaves at certain places: the audit paths of RFC 6962 of all of them at
/// once, with each hash only once and none that follows from the leaves themselves.
///
/// The tree is split as RFC 6962 §2.1 splits it. A part without any of the leaves is given by its root; `hashes` has
/// these roots from left to right. For consecutive leaves that is at most two for each level of the tree.
public struct ManyInclusionProof: Sendable, Equatable {
    /// How many leaves the tree has.
    public let size: UInt64
    /// The roots of the parts without any of the leaves, from left to right.
    public let hashes: [Digest]

    /// A proof as somebody claims it.
    public init(size: UInt64, hashes: [Digest]) {
        self.size = size
        self.hashes = hashes
    }

    /// The root that the tree has if the leaves are at these places, which must ascend; nil when no tree of this size has
    /// them and these hashes.
    public func root(of leaves: [(position: Position, hash: Digest)]) -> Digest? {
        guard size > 0, let last = leaves.last, last.position.rawValue < size else { return nil }
        for (leaf, next) in zip(leaves, leaves.dropFirst()) where leaf.position >= next.position { return nil }
        var rest = hashes[...]
        guard let root = Self.root(0..<size, leaves[...], &rest), rest.isEmpty else { return nil }
        return root
    }

    private static func root(
        _ range: Range<UInt64>, _ leaves: ArraySlice<(position: Position, hash: Digest)>,
        _ rest: inout ArraySlice<Digest>
    ) -> Digest? {
        guard let first = leaves.first else { return rest.popFirst() }
        let count = range.upperBound - range.lowerBound
        if count == 1 { return first.hash }
        let middle = range.lowerBound + count.split
        let cut = leaves.lowerIndex { $0.position.rawValue >= middle }
        guard let left = root(range.lowerBound..<middle, leaves[..<cut], &rest),
            let right = root(middle..<range.upperBound, leaves[cut...], &rest)
        else { return nil }
        return Digest.node(left, right)
    }

    /// The proof for some places, which must ascend, in the tree of a size that the tiles have.
    init(of positions: [Position], in size: UInt64, _ tile: TreeNodes.TileSource) throws {
        var nodes = TreeNodes()
        var hashes: [Digest] = []
        func visit(_ range: Range<UInt64>, _ inside: ArraySlice<Position>) throws {
            guard !inside.isEmpty else { return hashes.append(try nodes.root(of: range, tile)) }
            let count = range.upperBound - range.lowerBound
            guard count > UInt64(inside.count) else { return }
            let middle = range.lowerBound + count.split
            let cut = inside.lowerIndex { $0.rawValue >= middle }
            try visit(range.lowerBound..<middle, inside[..<cut])
            try visit(middle..<range.upperBound, inside[cut...])
        }
        try visit(0..<size, positions[...])
        self.init(size: size, hashes: hashes)
    }
}

extension ArraySlice {
    /// The first index from which on a condition holds, which must hold for all behind the first for which it does.
    fileprivate func lowerIndex(where holds: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension LMDBLog {
    /// Proof that the log of a size has the events at some positions, which must ascend.
    ///
    /// Throws `.invalid` for a size that the log hasn't reached, and for positions that don't ascend below it.
    public func inclusionProof(of positions: [Position], in size: UInt64) throws(LogError) -> ManyInclusionProof {
        let operation = "proving that \(positions.count) events are in the log"
        guard let last = positions.last, last.rawValue < size, zip(positions, positions.dropFirst()).allSatisfy(<)
        else {
            throw LogError(.invalid, during: operation, "their positions must ascend, and end before \(size)")
        }
        return try reader.reading(operation) { transaction in
            let has = try reader.tables.meta(in: transaction).size
            guard size <= has else {
                throw LogError(.invalid, during: operation, "the log has \(has) events, asked was for \(size)")
            }
            return try ManyInclusionProof(of: positions, in: size) { key in
                try transaction.value(of: key.bytes, in: reader.tables.tree)
            }
        }
    }
}
