import LMDB
import TestSupport
import Testing

@Suite struct EnvironmentTests {
    @Test func `what was written is read again, also after closing and opening`() throws {
        let directory = try TemporaryDirectory()
        let first = try Environment.open(at: directory.path("store"))
        let table = try first.openTable("t")
        try first.write { try $0.put([1, 2, 3], at: [9], in: table) }
        #expect(try first.read { try $0.value(of: [9], in: table) } == [1, 2, 3])
        first.close()

        let second = try Environment.open(at: directory.path("store"))
        let again = try second.openTable("t", create: false)
        #expect(try second.read { try $0.value(of: [9], in: again) } == [1, 2, 3])
    }

    @Test func `a body that throws leaves nothing behind`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path)
        let table = try environment.openTable("t")
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try environment.write { transaction in
                try transaction.put([1], at: [1], in: table)
                throw Stop()
            }
        }
        #expect(try environment.read { try $0.count(of: table) } == 0)
    }

    @Test func `the map grows in the middle of a write, and the body runs again`() throws {
        let directory = try TemporaryDirectory()
        var configuration = Environment.Configuration()
        configuration.initialMapSize = 1 << 20
        let environment = try Environment.open(at: directory.path, configuration)
        let table = try environment.openTable("t", flags: [.integerKey])
        var runs = 0
        try environment.write { transaction in
            runs += 1
            for key in 0..<6_000 as Range<UInt64> {
                try transaction.put([UInt8](repeating: 7, count: 1_000), at: key, in: table, mode: .append)
            }
        }
        #expect(runs > 1)
        #expect(try environment.read { try $0.count(of: table) } == 6_000)
    }
}
