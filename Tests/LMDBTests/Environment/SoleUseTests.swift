import Foundation
import LMDB
import TestSupport
import Testing

@Suite struct SoleUseTests {
    private static func filled(_ path: String) throws -> Environment {
        let environment = try Environment.open(at: path)
        let table = try environment.openTable("t", flags: .integerKey)
        for number in 0..<50 as Range<UInt64> {
            try environment.write { try $0.put([UInt8](repeating: 7, count: 5_000), at: number, in: table) }
        }
        for number in 0..<40 as Range<UInt64> { try environment.write { _ = try $0.delete(number, in: table) } }
        return environment
    }

    private static func size(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }

    @Test func `a compacted file takes the place of the old one`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("store")
        let environment = try Self.filled(path)
        let before = try Self.size(path + "/data.mdb")
        let use = try SoleUse(of: environment)
        try environment.copy(to: path + "/new", compacting: true)
        try use.replaceData(with: path + "/new/data.mdb")
        #expect(code { try environment.statistics() } == .closed)
        #expect(try Self.size(path + "/data.mdb") < before / 2)

        let again = try Environment.open(at: path)
        let table = try again.openTable("t", flags: .integerKey, create: false)
        #expect(try again.read { try $0.count(of: table) } == 10)
        try again.write { try $0.put([1], at: 99, in: table) }
        #expect(try again.read { try $0.value(of: 99, in: table) } == [1])
    }

    @Test func `nobody has it for themselves while another process has it open`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("store")
        try Self.filled(path).close()
        let other = try ProbeProcess("hold", path)
        #expect(other.line() == "holding")
        let environment = try Environment.open(at: path)
        let error = #expect(throws: LMDBError.self) { try Self.take(environment) }
        #expect(error?.code == .inUse)
        #expect(error?.message.contains("\(other.identifier)") == true)
        #expect(code { try environment.statistics() } == .closed)
        other.killNow()
        try Self.take(Environment.open(at: path))
    }

    private static func take(_ environment: Environment) throws { _ = try SoleUse(of: environment) }

    @Test func `whoever opens it meanwhile waits, and gets the new file`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("store")
        let environment = try Self.filled(path)
        let use = try SoleUse(of: environment)
        let other = try ProbeProcess("follow", path)
        try environment.copy(to: path + "/new", compacting: true)
        try use.replaceData(with: path + "/new/data.mdb")
        #expect(other.line() == "following")
        #expect(other.ask() == "count 10")
    }

    @Test func `what was written since the copy was begun isn't lost`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("store")
        let environment = try Self.filled(path)
        let table = try environment.openTable("t", flags: .integerKey)
        #expect(
            code {
                let use = try SoleUse(of: environment)
                try environment.copy(to: path + "/new", compacting: true)
                try environment.write { try $0.put([1], at: 99, in: table) }
                try use.replaceData(with: path + "/new/data.mdb")
            } == .inUse)
        let again = try Environment.open(at: path)
        let found = try again.openTable("t", flags: .integerKey, create: false)
        #expect(try again.read { try $0.value(of: 99, in: found) } == [1])
    }

    @Test func `usage tells free pages from used ones, and who keeps them back`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Self.filled(directory.path("store"))
        let table = try environment.openTable("t", flags: .integerKey)
        let usage = try environment.usage()
        #expect(usage.tables.map(\.name) == ["t"])
        #expect(usage.tables[0].entries == 10)
        #expect(usage.tables[0].pages >= 20)
        #expect(usage.freePages >= 80)
        #expect(usage.usedBytes + usage.freeBytes == usage.pages * usage.pageSize)
        #expect(usage.pages * usage.pageSize == usage.fileSize)
        #expect(usage.bytesHeldBack(by: .max) == 0)
        try environment.read { _ in
            try onAnotherThread {
                try environment.write { _ = try $0.delete(45, in: table) }
            }
            let reader = try #require(try environment.readers().compactMap(\.transaction).min())
            let held = try environment.usage().bytesHeldBack(by: reader)
            #expect(held >= 2 * usage.pageSize)
            #expect(held < usage.freeBytes)
        }
    }
}
