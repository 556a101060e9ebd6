import Determinism
import Testing

@testable import EventLog

@Suite struct ProofTextTests {
    private let tree = TiledTree(leaves: 300)

    private func checkpoint(_ size: Int) throws -> SignedCheckpoint {
        try SignedCheckpoint(
            origin: "cairn/store/00",
            head: SpecificationTree(leaves: tree.leaves).head(size),
            signedBy: try NoteSigner(name: "cairn/store/00", seed: Array(repeating: 3, count: 32)))
    }

    private func inclusion(_ place: UInt64, _ size: UInt64) throws -> InclusionProof {
        try InclusionProof(of: Position(place), in: size, tree.tile)
    }

    @Test func `a proof is the text that the specification describes, and is read back`() throws {
        let proof = try TlogProof(
            try inclusion(123, 300), in: try checkpoint(300), extra: Array("record".utf8))
        let lines = proof.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0] == "c2sp.org/tlog-proof@v1")
        #expect(lines[1] == "extra cmVjb3Jk")
        #expect(lines[2] == "index 123")
        #expect(lines[3].count == 44)
        #expect(lines[3 + proof.inclusion.hashes.count] == "")
        #expect(lines[4 + proof.inclusion.hashes.count] == "cairn/store/00")
        #expect(try TlogProof(Array(proof.text.utf8)) == proof)
        let bare = try TlogProof(try inclusion(0, 1), in: try checkpoint(1))
        #expect(bare.text.hasPrefix("c2sp.org/tlog-proof@v1\nindex 0\n\ncairn/store/00\n1\n"))
        #expect(try TlogProof(Array(bare.text.utf8)) == bare)
    }

    @Test func `a growth proof is a witness's request, and is read back`() throws {
        let growth = try GrowthProof(
            try ConsistencyProof(from: 200, to: 300, tree.tile), to: try checkpoint(300))
        #expect(growth.text.hasPrefix("old 200\n"))
        #expect(try GrowthProof(Array(growth.text.utf8)) == growth)
        #expect(GrowthProof.isOne(Array(growth.text.utf8)))
    }

    @Test func `a proof for another size than its checkpoint's is refused`() throws {
        let inclusion = try inclusion(5, 299)
        let checkpoint = try checkpoint(300)
        #expect(throws: NoteError.self) { try TlogProof(inclusion, in: checkpoint) }
        #expect(throws: NoteError.self) {
            try GrowthProof(ConsistencyProof(from: 1, to: 299, hashes: []), to: checkpoint)
        }
    }

    @Test(arguments: [
        "c2sp.org/tlog-proof@v2\nindex 0\n\n", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1\nindex 01\n\n",
        "c2sp.org/tlog-proof@v1\nextra ?\nindex 0\n\n", "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n",
        "c2sp.org/tlog-proof@v1\nindex -1\n\n", "c2sp.org/tlog-proof@v1\nindex 0 \n\n", "old 1\n\n",
    ])
    func `what isn't a proof is refused`(_ start: String) throws {
        let text = start + (try checkpoint(1).text)
        #expect(throws: NoteError.self) { try TlogProof(Array(text.utf8)) }
    }

    @Test func `more hashes than any tree needs are refused`() throws {
        let hash = Digest(of: "x").base64 + "\n"
        let text =
            "c2sp.org/tlog-proof@v1\nindex 0\n" + String(repeating: hash, count: 65) + "\n"
            + (try checkpoint(1).text)
        #expect(throws: NoteError.self) { try TlogProof(Array(text.utf8)) }
    }
}
