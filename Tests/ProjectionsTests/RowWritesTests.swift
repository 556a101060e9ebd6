import CanonicalJSON
import Determinism
import Testing

@testable import Projections

@Suite struct RowWritesTests {
    @Test(
        "rows are in the order of their keys' bytes, whatever they have in common",
        arguments: 1...40 as ClosedRange<UInt64>)
    func order(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let start = String(repeating: "k", count: Int(generator.next() % 12))
        let keys = (0..<60).map { _ in
            start + String((0..<generator.next() % 14).map { _ in generator.next() % 3 == 0 ? "a" : "b" })
        }
        var writes = RowWrites()
        var writer = CanonicalWriter()
        writes.add([7], "other table", 1, &writer)
        for key in Set(keys).sorted(by: { $0.count < $1.count }) { writes.add([8], key, key, &writer) }
        writes.sort(from: 1)
        var written: [[UInt8]] = []
        writes.forEach { key, value in
            written.append(Array(key))
            #expect(value != nil)
        }
        #expect(written.count == Set(keys).count + 1)
        #expect(written == written.sorted { $0.lexicographicallyPrecedes($1) }, "seed \(seed)")
    }

    @Test("a row that came and went within a batch is not written, and one that is stored is removed")
    func cameAndWent() {
        let core = TableCore<String, Int>(name: "t", prefix: [1], source: MemoryRows(), context: FoldContext())
        var writer = CanonicalWriter()
        core.begin()
        core.set("short", 1)
        core.set("long", 2)
        core.set("short", nil)
        var first = RowWrites()
        core.drain(into: &first, &writer)
        #expect(first.count == 1)
        core.set("long", nil)
        var second = RowWrites()
        core.drain(into: &second, &writer)
        #expect(second.count == 1)
        #expect(second.firstKeyOfAdditions == nil)
    }

    @Test("a table that has forgotten looks for what is stored again")
    func forgotten() {
        let rows = MemoryRows()
        let core = TableCore<String, Int>(name: "t", prefix: [1], source: rows, context: FoldContext())
        core.begin()
        core.set("a", 1)
        var writes = RowWrites()
        var writer = CanonicalWriter()
        core.drain(into: &writes, &writer)
        rows.write(writes)
        core.forget()
        #expect(core.row("a") == 1)
        #expect(core.change("b") { $0 += 1 } == nil)
        core.change("a") { $0 += 1 }
        #expect(core.row("a") == 2)
        #expect(!core.reconsider("a") { _ in false })
    }
}
