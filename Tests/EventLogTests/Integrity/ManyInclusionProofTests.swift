import Determinism
import Foundation
import Testing

@testable import EventLog

@Suite struct ManyInclusionProofTests {
    /// Some places of a tree, from a seed.
    private static func places(of size: Int, _ random: inout SeededGenerator) -> [Int] {
        let share = random.next() % 5
        return (0..<size).filter { _ in random.next() % 4 >= share }
    }

    private static func leaves(_ places: [Int], of tree: TiledTree) -> [(position: Position, hash: Digest)] {
        places.map { (Position(UInt64($0)), tree.leaves[$0]) }
    }

    @Test func `a proof of any leaves of any small tree leads to its root, as RFC 6962 defines it`() throws {
        let tree = TiledTree(leaves: 300)
        let judge = SpecificationTree(leaves: tree.leaves)
        var random = SeededGenerator(seed: 20_261_121)
        for size in [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 255, 256, 257, 300] {
            for _ in 0..<20 {
                let places = Self.places(of: size, &random)
                guard !places.isEmpty else { continue }
                let positions = places.map { Position(UInt64($0)) }
                let proof = try ManyInclusionProof(of: positions, in: UInt64(size), tree.tile)
                #expect(proof.root(of: Self.leaves(places, of: tree)) == judge.root(0..<size), "\(places) of \(size)")
            }
        }
    }

    @Test func `a proof of one leaf has the hashes of its audit path`() throws {
        let tree = TiledTree(leaves: 257)
        for place in [0, 1, 128, 255, 256] {
            let many = try ManyInclusionProof(of: [Position(UInt64(place))], in: 257, tree.tile)
            let one = try InclusionProof(of: Position(UInt64(place)), in: 257, tree.tile)
            #expect(Set(many.hashes) == Set(one.hashes))
            #expect(many.hashes.count == one.hashes.count)
        }
    }

    @Test func `consecutive leaves of a large tree need few hashes, and all of them none`() throws {
        let tree = TiledTree(leaves: 70_000)
        let middle = (30_000..<40_000).map { Position(UInt64($0)) }
        #expect(try ManyInclusionProof(of: middle, in: 70_000, tree.tile).hashes.count <= 2 * 17)
        let all = (0..<70_000).map { Position(UInt64($0)) }
        #expect(try ManyInclusionProof(of: all, in: 70_000, tree.tile).hashes.isEmpty)
    }

    @Test func `no changed leaf, place, hash or size leads to the root`() throws {
        let tree = TiledTree(leaves: 40)
        let root = SpecificationTree(leaves: tree.leaves).root(0..<40)
        let places = [3, 4, 17, 39]
        let leaves = Self.leaves(places, of: tree)
        let proof = try ManyInclusionProof(of: leaves.map(\.position), in: 40, tree.tile)
        try #require(proof.root(of: leaves) == root)
        for index in leaves.indices {
            var changed = leaves
            changed[index].hash = tree.leaves[0]
            #expect(proof.root(of: changed) != root)
            changed = leaves
            changed.remove(at: index)
            #expect(proof.root(of: changed) != root)
        }
        for index in proof.hashes.indices {
            var hashes = proof.hashes
            hashes[index] = tree.leaves[0]
            #expect(ManyInclusionProof(size: 40, hashes: hashes).root(of: leaves) != root)
            hashes = proof.hashes
            hashes.remove(at: index)
            #expect(ManyInclusionProof(size: 40, hashes: hashes).root(of: leaves) != root)
        }
        for size in (1...80).map(UInt64.init) where size != 40 {
            #expect(ManyInclusionProof(size: size, hashes: proof.hashes).root(of: leaves) != root)
        }
        #expect(ManyInclusionProof(size: 40, hashes: proof.hashes + [root]).root(of: leaves) == nil)
        #expect(proof.root(of: leaves.reversed()) == nil)
        #expect(proof.root(of: []) == nil)
    }
}
