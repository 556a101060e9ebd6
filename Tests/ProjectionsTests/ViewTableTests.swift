import DeciderTestSupport
import Determinism
import EventLog
import TestSupport
import Testing

@testable import Projections

@Suite struct ViewTableTests {
    private let amounts = [("b", 5), ("a", -3), ("c", 5), ("d", 0), ("e", -70_000)]

    private func history() throws -> MemoryLog {
        let log = MemoryLog()
        for (name, amount) in amounts {
            try log.record([ItemAdded(amount: amount, name: name)], in: StreamName(category: "item", id: name))
        }
        return log
    }

    private func names(_ rows: [(key: BySum, row: Bool)]) -> String { rows.map(\.key.name).joined() }

    private func check(_ tables: Totals.Tables) throws {
        #expect(names(try tables.bySum.scan()) == "eadbc")
        #expect(names(try tables.bySum.scan(reversed: true)) == "cbdae")
        #expect(names(try tables.bySum.scan(limit: 2)) == "ea")
        #expect(names(try tables.bySum.scan(limit: 0)) == "")
        #expect(names(try tables.bySum.scan(prefix: KeyPrefix(5))) == "bc")
        #expect(names(try tables.bySum.scan(prefix: KeyPrefix(5), reversed: true)) == "cb")
        #expect(names(try tables.bySum.scan(from: BySum(sum: -3, name: "a"))) == "adbc")
        #expect(names(try tables.bySum.scan(from: BySum(sum: -3, name: "b"))) == "dbc")
        #expect(names(try tables.bySum.scan(from: BySum(sum: 0, name: "d"), reversed: true)) == "dae")
        #expect(names(try tables.bySum.scan(from: BySum(sum: 0, name: "c"), reversed: true)) == "ae")
        #expect(try tables.bySum.count() == 5)
        #expect(try tables.totals.get("d") == Total(count: 1, sum: 0))
        #expect(try tables.totals.get("x") == nil)
        #expect(try tables.totals.contains("a"))
        #expect(try tables.totals.scan(prefix: KeyPrefix(textBeginning: "")).count == 5)
        #expect(try tables.totals.scan(prefix: KeyPrefix(textBeginning: "c")).map(\.key) == ["c"])
    }

    @Test func `rows in memory come in key order, by prefix, from a key, and reversed`() throws {
        let view = MemoryView(Totals.self)
        try view.apply(history().events)
        try check(view.tables)
    }

    @Test func `stored rows come in key order, by prefix, from a key, and reversed`() throws {
        let directory = try TemporaryDirectory()
        let runner = try ProjectionRunner(log: history(), directory: directory.path("views"), catalogue: toys)
        try runner.query(Totals.self) { try check($0) }
    }

    @Test func `a row changed in place is written, also when it was committed before`() throws {
        let view = MemoryView(TotalsV2.self)
        try view.apply(history().events + history().events)
        try view.apply(history().events)
        #expect(try view.tables.counts.scan().map(\.row.count) == [3, 3, 3, 3, 3])
    }

    @Test func `nothing is kept of a row that certainly is nowhere`() {
        let core = TableCore<String, Total>(name: "totals", prefix: [], source: MemoryRows(), context: FoldContext())
        core.begin()
        #expect(core.row("a") == nil)
        #expect(core.change("a") { $0.count += 1 } == nil)
        #expect(!core.reconsider("a") { _ in true })
        #expect(core.keptRows == 0)
        core.set("a", Total(count: 1, sum: 2))
        #expect(core.row("a") == Total(count: 1, sum: 2))
        #expect(core.keptRows == 1)
    }

    @Test(arguments: [41, 42] as [UInt64])
    func `keys sort as their parts do, and are read back`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let keys = (0..<300).map { _ in
            let text = (0..<generator.uniform(below: 4)).map { _ in
                Character(UnicodeScalar(UInt8(generator.uniform(below: 3))))
            }
            return BySum(sum: Int(generator.uniform(below: 5)) - 2, name: String(text))
        }
        let byParts = keys.sorted { left, right in
            left.sum != right.sum
                ? left.sum < right.sum : left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        }
        let byBytes = keys.sorted { KeyPrefix($0).bytes.lexicographicallyPrecedes(KeyPrefix($1).bytes) }
        #expect(byParts == byBytes, "seed \(seed)")
        for key in keys {
            var reader = KeyReader(bytes: KeyPrefix(key).bytes[...])
            #expect(try BySum(from: &reader) == key, "seed \(seed)")
        }
    }

    @Test func `the digest tells tables, keys and values apart`() throws {
        let first = MemoryLog()
        let second = MemoryLog()
        let stream = try StreamName(category: "item", id: "a")
        try first.record([ItemAdded(amount: 1, name: "ab")], in: stream)
        try second.record([ItemAdded(amount: 1, name: "a")], in: stream)
        #expect(try digestInMemory(first) != digestInMemory(second))
        try second.record([ItemRemoved(name: "a"), ItemAdded(amount: 1, name: "ab")], in: stream)
        #expect(try digestInMemory(first) == digestInMemory(second))
    }
}
