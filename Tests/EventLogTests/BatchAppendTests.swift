import DeciderTestSupport
import Determinism
import Testing

@testable import EventLog

@Suite struct BatchAppendTests {
    @Test(arguments: LogConformance.batches)
    func `appending one after the other does what a batch does`(_ check: LogConformance) async throws {
        let store = try TemporaryStore()
        try await check.run(OneByOneLog(store.log))
    }

    /// A log whose queue has room for three small commits, and whose groups for two.
    private static var narrow: LMDBLog.Options {
        var options = LMDBLog.Options(durability: .noSync)
        options.group = GroupLimits(roomBytes: 700, roomCount: 3, groupBytes: 500, groupCount: 2, partCount: 2)
        return options
    }

    @Test(arguments: [UInt64](1...8))
    func `a batch makes the log that its commits would make one by one`(seed: UInt64) async throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let commits = try (0..<300).map { _ in try Self.commit(&random) }
        let (whole, narrow, single) = (
            try TemporaryStore(), try TemporaryStore(Self.narrow), try TemporaryStore()
        )
        let expected = await OneByOneLog(single.log).append(commits)
        #expect(await whole.log.append(commits) == expected)
        #expect(await narrow.log.append(commits) == expected)
        #expect(try whole.log.head() == single.log.head())
        #expect(try narrow.log.head() == single.log.head())
        let codes = Set(expected.map { code($0).map { "\($0)".prefix(5) } ?? "none" })
        #expect(codes.isSuperset(of: ["none", "confl", "inval"]))
    }

    @Test func `batches larger than the queue do not keep each other out`() async throws {
        let store = try TemporaryStore(Self.narrow)
        let accepted = await withTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask {
                    let commits = (0..<100).compactMap {
                        try? Sample.commit("s-\(task).\($0)", .noStream, $0..<$0 + 1)
                    }
                    return await store.log.append(commits).count { code($0) == nil }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(accepted == 800)
        #expect(try store.log.head().size == 800)
    }

    @Test func `a batch of commits that are each larger than the queue is written`() async throws {
        let store = try TemporaryStore(Self.narrow)
        let commits = try (0..<5).map { number in
            Commit(
                stream: try StreamName("s-\(number)"), expected: .noStream,
                events: [Sample.event(number, padding: 2_000)])
        }
        #expect(await store.log.append(commits).allSatisfy { code($0) == nil })
    }

    @Test func `closing meanwhile lets in what had room and refuses the rest`() async throws {
        let store = try TemporaryStore(Self.narrow)
        let commits = try (0..<500).map { try Sample.commit("s-\($0)", .noStream, $0..<$0 + 1) }
        async let results = store.log.append(commits)
        for try await events in store.log.subscribe(from: .first, matching: .all) where !events.isEmpty { break }
        store.log.close()
        let codes = await results.map(code)
        let accepted = codes.prefix { $0 == nil }.count
        #expect(codes.count == 500)
        #expect(codes.dropFirst(accepted).allSatisfy { $0 == .closed })
        let again = try LMDBLog.open(at: store.path)
        defer { again.close() }
        #expect(try again.head().size == UInt64(accepted))
    }

    @Test func `a closed log and one that is only read refuse every commit of a batch`() async throws {
        let store = try TemporaryStore()
        let commits = try (0..<3).map { try Sample.commit("s-\($0)", .noStream, 0..<1) }
        store.log.close()
        #expect(await store.log.append(commits).map(code) == [.closed, .closed, .closed])
        let readOnly = try LMDBLog.open(at: store.path, LMDBLog.Options(access: .readOnly))
        defer { readOnly.close() }
        #expect(await readOnly.append(commits).map(code) == [.readOnly, .readOnly, .readOnly])
    }

    /// A commit for one of few streams, which meets its expectation more often than not, or breaks a rule.
    private static func commit(_ random: inout SeededGenerator) throws -> Commit {
        let stream = "s-\(Int.random(in: 0..<40, using: &random))"
        let start = Int.random(in: 0..<1_000, using: &random)
        let count = Int.random(in: 0..<20, using: &random) == 0 ? 0 : Int.random(in: 1..<4, using: &random)
        let expected: ExpectedRevision =
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1: .any
            case 2: .noStream
            default: .exact(Revision(UInt64.random(in: 0..<4, using: &random)))
            }
        return try Sample.commit(stream, expected, start..<start + count)
    }
}

/// A log that has only the appending of many commits that every log has.
private final class OneByOneLog: ForwardingLog {
    let wrapped: any Log

    init(_ base: LMDBLog) { wrapped = base }

}
