import Determinism
import Testing

@testable import EventLog

@Suite struct MerkleTreeTests {
    /// The leaves and roots of the reference implementation of Certificate Transparency (RFC 6962).
    private static let vectors: [(leaf: String, root: String)] = [
        ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
        ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        (
            "606162636465666768696a6b6c6d6e6f",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        ),
    ]

    @Test func `roots are those of the reference implementation`() throws {
        var tree = MerkleTree()
        #expect(tree.root.hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        for vector in Self.vectors {
            tree.append(Digest.leaf(try #require(Hexadecimal.bytes(vector.leaf))))
            #expect(tree.root.hex == vector.root)
        }
    }

    @Test func `roots of many sizes are those of the definition`() {
        let leaves = (0..<700).map { Digest.leaf(Array("\($0)".utf8)) }
        var tree = MerkleTree()
        for (index, leaf) in leaves.enumerated() {
            tree.append(leaf)
            if index < 40 || index % 37 == 0 || index > 690 { #expect(tree.root == Self.root(leaves[...index])) }
        }
    }

    @Test func `any prefix is loaded from the tiles of the whole`() throws {
        let size = 70_000
        var tree = MerkleTree()
        var tiles: [MerkleTree.TileKey: [UInt8]] = [:]
        var roots: [UInt64: Digest] = [0: tree.root]
        for number in 0..<size {
            tree.append(Digest.leaf(Array("\(number)".utf8)))
            roots[tree.size] = tree.root
            if number % 1_000 == 999 || number == size - 1 {
                for tile in tree.takeChangedTiles() { tiles[tile.key] = tile.hashes }
            }
        }
        #expect(tiles.keys.filter { $0.level == 2 }.count == 1)
        for prefix in [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 69_999, 70_000].map(UInt64.init) {
            let loaded = try #require(MerkleTree(size: prefix) { tiles[$0] })
            #expect(loaded.root == roots[prefix])
        }
        var resumed = try #require(MerkleTree(size: 300) { tiles[$0] })
        for number in 300..<600 { resumed.append(Digest.leaf(Array("\(number)".utf8))) }
        #expect(resumed.root == roots[600])
        tiles[MerkleTree.TileKey(level: 1, number: 0)] = nil
        #expect(MerkleTree(size: 300) { tiles[$0] } == nil)
    }

    /// MTH of RFC 6962 §2.1, as it is written there.
    private static func root(_ leaves: ArraySlice<Digest>) -> Digest {
        guard leaves.count > 1 else { return leaves.first ?? Digest(of: []) }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        return Digest.node(root(leaves.prefix(split)), root(leaves.dropFirst(split)))
    }
}
