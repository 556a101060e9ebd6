import Determinism

@testable import EventLog

/// Merkle trees as RFC 6962 defines them, word by word: slow, and made of nothing that the log uses but the hash.
final class SpecificationTree {
    let leaves: [Digest]
    /// Roots that were worked out before, since many trees begin alike.
    private var roots: [Range<Int>: Digest] = [:]

    init(leaves: [Digest]) { self.leaves = leaves }

    /// The head of the first leaves.
    func head(_ size: Int) -> TreeHead { TreeHead(size: UInt64(size), root: root(0..<size)) }

    /// §2.1: MTH(D[n]).
    func root(_ range: Range<Int>) -> Digest {
        guard range.count > 1 else { return range.first.map { leaves[$0] } ?? Digest(of: []) }
        if let known = roots[range] { return known }
        let middle = middle(range)
        let root = Digest.node(root(range.lowerBound..<middle), root(middle..<range.upperBound))
        roots[range] = root
        return root
    }

    /// §2.1.1: PATH(m, D[n]).
    func path(_ place: Int, _ size: Int) -> [Digest] { path(place, 0..<size) }

    private func path(_ place: Int, _ range: Range<Int>) -> [Digest] {
        guard range.count > 1 else { return [] }
        let middle = middle(range)
        return place < middle
            ? path(place, range.lowerBound..<middle) + [root(middle..<range.upperBound)]
            : path(place, middle..<range.upperBound) + [root(range.lowerBound..<middle)]
    }

    /// §2.1.2: PROOF(m, D[n]), for 0 < m <= n.
    func proof(_ earlier: Int, _ size: Int) -> [Digest] { subproof(earlier, 0..<size, true) }

    private func subproof(_ earlier: Int, _ range: Range<Int>, _ isWhole: Bool) -> [Digest] {
        if earlier == range.upperBound { return isWhole ? [] : [root(range)] }
        let middle = middle(range)
        return earlier <= middle
            ? subproof(earlier, range.lowerBound..<middle, isWhole) + [root(middle..<range.upperBound)]
            : subproof(earlier, middle..<range.upperBound, false) + [root(range.lowerBound..<middle)]
    }

    /// Where the definition splits: at the largest power of two below the number of leaves.
    private func middle(_ range: Range<Int>) -> Int {
        var split = 1
        while split * 2 < range.count { split *= 2 }
        return range.lowerBound + split
    }
}

/// The tiles of a tree, kept as the log keeps them, and the leaves that they are of.
final class TiledTree {
    private(set) var tiles: [MerkleTree.TileKey: [UInt8]] = [:]
    private(set) var leaves: [Digest] = []
    /// How many tiles were read.
    var reads = 0

    init(leaves count: Int) {
        var tree = MerkleTree()
        for number in 0..<count {
            leaves.append(Digest.leaf(Array("\(number)".utf8)))
            tree.append(leaves[number])
        }
        for tile in tree.takeChangedTiles() { tiles[tile.key] = tile.hashes }
    }

    func tile(_ key: MerkleTree.TileKey) -> [UInt8]? {
        reads += 1
        return tiles[key]
    }
}
