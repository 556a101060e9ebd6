import LMDB
import TestSupport
import Testing

@Suite struct TableTests {
    @Test func `opening a table again gives the same one`() throws {
        let store = try Store()
        #expect(try store.environment.openTable("bytes") == store.bytes)
        #expect(try store.environment.openTable("integers", flags: .integerKey, create: false) == store.integers)
    }

    @Test func `a table that is missing isn't made unless asked for`() throws {
        let store = try Store()
        #expect(code { try store.environment.openTable("none", create: false) } == .missing)
        #expect(try store.environment.statistics().tables == 3)
    }

    @Test func `other flags than at the creation are refused`() throws {
        let store = try Store()
        #expect(code { try store.environment.openTable("bytes", flags: .integerKey) } == .incompatible)
        #expect(code { try store.environment.openTable("integers") } == .incompatible)
        #expect(code { try store.environment.openTable("duplicates", flags: .dupSort) } == .incompatible)
    }

    @Test func `more tables than configured are refused`() throws {
        let directory = try TemporaryDirectory()
        var configuration = Environment.Configuration()
        configuration.maxTables = 2
        let environment = try Environment.open(at: directory.path, configuration)
        _ = try environment.openTable("a")
        _ = try environment.openTable("b")
        #expect(code { try environment.openTable("c") } == .tablesFull)
    }

    @Test func `a table opened after a transaction began is refused in it`() throws {
        let store = try Store()
        try store.environment.read { outer in
            let made = try onAnotherThread { try store.environment.openTable("late") }
            #expect(
                code { try outer.count(of: made) } == .incompatible || code { try outer.count(of: made) } == .other(22))
        }
    }

    @Test func `tables opened on many threads at once are all there`() throws {
        let store = try Store()
        let names = (0..<12).map { "table \($0)" }
        let opened = try names.map { name in try onAnotherThread { try store.environment.openTable(name) } }
        try store.environment.write { transaction in
            for table in opened { try transaction.put([1], at: [1], in: table) }
        }
        for table in opened { #expect(try store.environment.read { try $0.count(of: table) } == 1) }
    }
}
