import Determinism
import Testing

@testable import EventLog

@Suite struct LeafHashesTests {
    @Test(arguments: [1, 31, 32, 33, 1_000])
    func `proposer and writer together make every hash once, in order`(count: Int) async throws {
        let (_, records) = try RecordCodec.encode(Sample.commit("s-1", .noStream, 0..<count))
        let hashes = LeafHashes(of: records)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2 { group.addTask { hashes.make() } }
        }
        var made: [Digest] = []
        hashes.forEach { made.append($0) }
        #expect(made == records.leaves())
    }

    @Test func `hashes that nobody has begun are made when they are asked for`() throws {
        let (_, records) = try RecordCodec.encode(Sample.commit("s-1", .noStream, 0..<100))
        var made: [Digest] = []
        LeafHashes(of: records).forEach { made.append($0) }
        #expect(made == records.leaves())
    }
}
