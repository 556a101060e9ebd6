import Determinism
import Foundation
import TestSupport
import Testing

@testable import EventLog

@Suite struct ProofTests {
    private static let sizes = [0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 65_535, 65_536, 65_537, 70_000]

    @Test func `inclusion proofs are those of RFC 6962, whatever the size and the place`() throws {
        let tree = TiledTree(leaves: 70_000)
        let judge = SpecificationTree(leaves: tree.leaves)
        var random = SeededGenerator(seed: 20_261_121)
        for size in Self.sizes {
            let drawn = (0..<3).map { _ in size > 0 ? Int(random.next() % UInt64(size)) : 0 }
            for place in Set([0, size / 2, size - 1] + drawn) where (0..<size).contains(place) {
                let proof = try InclusionProof(of: Position(UInt64(place)), in: UInt64(size), tree.tile)
                #expect(proof.hashes == judge.path(place, size), "\(place) of \(size)")
                #expect(proof.proves(tree.leaves[place], in: judge.head(size)))
            }
        }
    }

    @Test func `consistency proofs are those of RFC 6962, from any size to any other`() throws {
        let tree = TiledTree(leaves: 70_000)
        let judge = SpecificationTree(leaves: tree.leaves)
        let heads = (Self.sizes + [300, 4_096, 69_999]).map(judge.head)
        for earlier in heads {
            for later in heads where earlier.size <= later.size {
                let proof = try ConsistencyProof(from: earlier.size, to: later.size, tree.tile)
                if earlier.size > 0 {
                    let due = judge.proof(Int(earlier.size), Int(later.size))
                    #expect(proof.hashes == due, "\(earlier.size) to \(later.size)")
                }
                #expect(proof.proves(earlier, grewTo: later), "\(earlier.size) to \(later.size)")
            }
        }
    }

    @Test func `every proof of every small tree holds, and for no other place, size, leaf or root`() throws {
        let tree = TiledTree(leaves: 40)
        let heads = (0...40).map(SpecificationTree(leaves: tree.leaves).head)
        for size in 1...40 {
            for place in 0..<size {
                let proof = try InclusionProof(of: Position(UInt64(place)), in: UInt64(size), tree.tile)
                #expect(proof.proves(tree.leaves[place], in: heads[size]))
                for other in 0..<size where other != place {
                    let moved = InclusionProof(
                        position: Position(UInt64(other)), size: UInt64(size), hashes: proof.hashes)
                    #expect(!moved.proves(tree.leaves[place], in: heads[size]))
                    #expect(!proof.proves(tree.leaves[other], in: heads[size]))
                }
                for other in 1...40 where other != size {
                    let moved = InclusionProof(
                        position: proof.position, size: UInt64(other), hashes: proof.hashes)
                    #expect(!moved.proves(tree.leaves[place], in: heads[other]))
                }
            }
        }
    }

    @Test func `a proof with a hash changed, dropped or added proves nothing`() throws {
        let tree = TiledTree(leaves: 300)
        let (earlier, later) = (
            SpecificationTree(leaves: tree.leaves).head(200), SpecificationTree(leaves: tree.leaves).head(300)
        )
        let inclusion = try InclusionProof(of: Position(123), in: 300, tree.tile)
        let growth = try ConsistencyProof(from: 200, to: 300, tree.tile)
        for index in growth.hashes.indices {
            var hashes = growth.hashes
            hashes[index] = Digest(of: "other")
            #expect(!ConsistencyProof(from: 200, to: 300, hashes: hashes).proves(earlier, grewTo: later))
        }
        for index in inclusion.hashes.indices {
            var hashes = inclusion.hashes
            hashes[index] = Digest(of: "other")
            #expect(
                !InclusionProof(position: Position(123), size: 300, hashes: hashes).proves(tree.leaves[123], in: later))
        }
        for hashes in [Array(inclusion.hashes.dropLast()), inclusion.hashes + [Digest(of: "more")], []] {
            let changed = InclusionProof(position: Position(123), size: 300, hashes: hashes)
            #expect(!changed.proves(tree.leaves[123], in: later))
        }
        for hashes in [Array(growth.hashes.dropLast()), growth.hashes + [Digest(of: "more")], []] {
            #expect(!ConsistencyProof(from: 200, to: 300, hashes: hashes).proves(earlier, grewTo: later))
        }
        #expect(!growth.proves(TreeHead(size: 200, root: Digest(of: "other")), grewTo: later))
        #expect(!growth.proves(earlier, grewTo: TreeHead(size: 300, root: Digest(of: "other"))))
        #expect(!ConsistencyProof(from: 300, to: 200, hashes: []).proves(later, grewTo: earlier))
        #expect(InclusionProof(position: Position(300), size: 300, hashes: []).root(leaf: tree.leaves[0]) == nil)
    }

    @Test func `a proof reads as many tiles as the tree has levels, twice over at most`() throws {
        let tree = TiledTree(leaves: 70_000)
        for place in [0, 1, 255, 256, 35_000, 65_535, 65_536, 69_999] {
            tree.reads = 0
            let proof = try InclusionProof(of: Position(UInt64(place)), in: 70_000, tree.tile)
            #expect(proof.hashes.count <= 17)
            #expect(tree.reads <= 6, "place \(place) read \(tree.reads) tiles")
        }
    }

    @Test func `a tile that is missing or cut short is damage`() throws {
        let tree = TiledTree(leaves: 1_000)
        for kept in [0, 32] {
            func cut(_ key: MerkleTree.TileKey) -> [UInt8]? {
                kept == 0 ? nil : tree.tile(key).map { Array($0.prefix(kept)) }
            }
            #expect(throws: LogError.self) { try InclusionProof(of: Position(700), in: 1_000, cut) }
            #expect(throws: LogError.self) { try ConsistencyProof(from: 700, to: 1_000, cut) }
        }
    }

    @Test func `a log proves its events and its growth, for heads that it had`() async throws {
        let store = try TemporaryStore()
        for number in 0..<5 {
            let first = number * 60
            _ = try await store.log.append(
                try Sample.commit("sample-\(number)", .noStream, first..<first + 60))
        }
        let now = try store.log.head()
        let then = try #require(try store.log.head(ofSize: 257))
        let event = try #require(try store.log.event(at: Position(123)))
        let leaf = Digest.leaf(event.record)
        #expect(try store.log.inclusionProof(of: Position(123)).proves(leaf, in: now))
        #expect(try store.log.inclusionProof(of: Position(123), in: 257).proves(leaf, in: then))
        #expect(try store.log.consistencyProof(from: 257).proves(then, grewTo: now))
        #expect(try store.log.consistencyProof(from: 0).hashes.isEmpty)
        #expect(try store.log.consistencyProof(from: 300).proves(now, grewTo: now))
        for (position, size) in [(300, nil), (257, 257), (0, 301), (0, 0)] as [(UInt64, UInt64?)] {
            #expect(throws: LogError.self, "\(position) of \(size ?? 300)") {
                try store.log.inclusionProof(of: Position(position), in: size)
            }
        }
        #expect(throws: LogError.self) { try store.log.consistencyProof(from: 301) }
        #expect(throws: LogError.self) { try store.log.consistencyProof(from: 200, to: 100) }
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["CAIRN_LONG"] == "1"))
    func `proofs in a tree of a million leaves are those of RFC 6962`() throws {
        let size = 1_000_000
        let tree = TiledTree(leaves: size)
        let judge = SpecificationTree(leaves: tree.leaves)
        let head = judge.head(size)
        for place in [0, 65_536, 999_999] {
            let proof = try InclusionProof(of: Position(UInt64(place)), in: UInt64(size), tree.tile)
            #expect(proof.hashes == judge.path(place, size))
            #expect(proof.proves(tree.leaves[place], in: head))
        }
        for earlier in [1, 255, 70_000, 999_999] {
            let proof = try ConsistencyProof(from: UInt64(earlier), to: UInt64(size), tree.tile)
            #expect(proof.hashes == judge.proof(earlier, size))
        }
    }
}
