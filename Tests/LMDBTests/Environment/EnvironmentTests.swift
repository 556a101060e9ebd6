import Foundation
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

    @Test func `opening makes the directory, but not its parents`() throws {
        let directory = try TemporaryDirectory()
        _ = try Environment.open(at: directory.path("new"))
        #expect(FileManager.default.fileExists(atPath: directory.path("new/data.mdb")))
        #expect(code { try Environment.open(at: directory.path("no/such")) } == .missing)
    }

    @Test func `a missing environment isn't made for a reader`() throws {
        let directory = try TemporaryDirectory()
        #expect(code { try Environment.open(at: directory.path("absent"), .readOnly) } == .missing)
        #expect(code { try Environment.open(at: directory.path, .readOnly) } == .missing)
        #expect(!FileManager.default.fileExists(atPath: directory.path("absent")))
    }

    @Test func `a file in place of the directory is an error`() throws {
        let directory = try TemporaryDirectory()
        try Data("text".utf8).write(to: URL(fileURLWithPath: directory.path("file")))
        #expect(code { try Environment.open(at: directory.path("file")) } == .missing)
    }

    @Test func `a second opening in the process is refused, by whatever path`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("store")
        let first = try Environment.open(at: path)
        try FileManager.default.createSymbolicLink(atPath: directory.path("link"), withDestinationPath: path)
        #expect(code { try Environment.open(at: path) } == .alreadyOpen)
        #expect(code { try Environment.open(at: directory.path("link")) } == .alreadyOpen)
        first.close()
        _ = try Environment.open(at: directory.path("link"))
    }

    @Test func `a directory isn't mistaken for one that was deleted while it was open`() throws {
        let directory = try TemporaryDirectory()
        var open: [Environment] = []
        for name in (0..<10).map({ directory.path("store\($0)") }) {
            open.append(try Environment.open(at: name))
            try FileManager.default.removeItem(atPath: name)
        }
    }

    @Test func `letting go of an environment closes it`() throws {
        let directory = try TemporaryDirectory()
        for _ in 0..<3 { _ = try Environment.open(at: directory.path) }
    }

    @Test func `a failed opening leaves the path free`() throws {
        let directory = try TemporaryDirectory()
        try Data(repeating: 7, count: 20_000).write(to: URL(fileURLWithPath: directory.path("data.mdb")))
        #expect(code { try Environment.open(at: directory.path) } == .invalid)
        try FileManager.default.removeItem(atPath: directory.path("data.mdb"))
        _ = try Environment.open(at: directory.path)
    }

    @Test func `nothing works after closing, and closing again is harmless`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path)
        environment.close()
        environment.close()
        #expect(code { try environment.read { _ in } } == .closed)
        #expect(code { try environment.write { _ in } } == .closed)
        #expect(code { try environment.openTable("t") } == .closed)
        #expect(code { try environment.statistics() } == .closed)
        #expect(code { try environment.sync() } == .closed)
        #expect(code { try environment.readers() } == .closed)
        #expect(code { try environment.copy(to: directory.path("copy"), compacting: true) } == .closed)
    }

    @Test func `closing inside a transaction takes effect when it ends`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path)
        let table = try environment.openTable("t")
        try environment.write { transaction in
            environment.close()
            try transaction.put([1], at: [1], in: table)
            #expect(code { try Environment.open(at: directory.path) } == .alreadyOpen)
        }
        let again = try Environment.open(at: directory.path)
        let found = try again.openTable("t", create: false)
        #expect(try again.read { try $0.contains([1], in: found) })
    }

    @Test func `a reader can't write, sync or make tables`() throws {
        let directory = try TemporaryDirectory()
        try Environment.open(at: directory.path).close()
        let environment = try Environment.open(at: directory.path, .readOnly)
        #expect(code { try environment.write { _ in } } == .readOnly)
        #expect(code { try environment.sync() } == .readOnly)
        #expect(code { try environment.openTable("t") } == .readOnly)
        #expect(code { try environment.openTable("t", create: false) } == .missing)
    }

    @Test func `without syncing, commits are kept all the same`() throws {
        let directory = try TemporaryDirectory()
        var configuration = Environment.Configuration()
        configuration.durability = .noSync
        let environment = try Environment.open(at: directory.path, configuration)
        let table = try environment.openTable("t")
        try environment.write { try $0.put([1], at: [1], in: table) }
        try environment.sync()
        environment.close()
        let again = try Environment.open(at: directory.path)
        let found = try again.openTable("t")
        #expect(try again.read { try $0.count(of: found) } == 1)
    }

    @Test func `statistics grow with the data`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path)
        let table = try environment.openTable("t", flags: [.integerKey])
        let before = try environment.statistics()
        try environment.write { transaction in
            for key in 0..<1_000 as Range<UInt64> {
                try transaction.put([UInt8](repeating: 1, count: 500), at: key, in: table)
            }
        }
        let after = try environment.statistics()
        #expect(after.fileSize > before.fileSize + 400_000)
        #expect(after.lastTransaction == before.lastTransaction + 1)
        #expect(after.lastPage * after.pageSize < after.fileSize)
        #expect(after.tables == 1)
        #expect(after.mapSize >= environment.configuration.initialMapSize)
    }

    @Test(arguments: [false, true])
    func `a copy is an environment with the same content`(compacting: Bool) throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path("store"))
        let table = try environment.openTable("t")
        try environment.write { try $0.put(Array("secret".utf8), at: [1], in: table) }
        try environment.write { try $0.put([2], at: [2], in: table) }
        try environment.write { try $0.delete([1] as [UInt8], in: table) }
        try environment.copy(to: directory.path("copy"), compacting: compacting)
        #expect(code { try environment.copy(to: directory.path("copy"), compacting: compacting) } == .other(EEXIST))

        let copy = try Environment.open(at: directory.path("copy"))
        let copied = try copy.openTable("t", create: false)
        #expect(try copy.read { try $0.value(of: [2], in: copied) } == [2])
        #expect(try copy.read { try $0.count(of: copied) } == 1)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: directory.path("copy/data.mdb")))
        #expect((bytes.range(of: Data("secret".utf8)) == nil) == compacting)
    }
}

/// The code of the error that `body` throws, or nil if it throws none.
func code<R>(_ body: () throws -> R) -> LMDBError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? LMDBError)?.code
    }
}

extension Environment.Configuration {
    static var readOnly: Self {
        var configuration = Self()
        configuration.access = .readOnly
        return configuration
    }

    static func map(_ bytes: Int, limit: Int = 1 << 40) -> Self {
        var configuration = Self()
        configuration.initialMapSize = bytes
        configuration.maximumMapSize = limit
        configuration.durability = .noSync
        return configuration
    }
}
