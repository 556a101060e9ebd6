import LMDB
import TestSupport
import Testing

@Suite struct ReaderSlotTests {
    @Test func `a reader is named by its process and the state that it holds`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path)
        let table = try environment.openTable("t")
        try environment.write { try $0.put([1], at: [1], in: table) }
        let last = try environment.statistics().lastTransaction
        let probe = try ProbeProcess("hold", directory.path)
        #expect(probe.line() == "holding")
        let slots = try environment.readers()
        #expect(slots.contains { $0.process == probe.identifier && $0.transaction == last })
    }

    @Test func `the slot of a killed reader is cleared, and a living one isn't`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path)
        let living = try ProbeProcess("hold", directory.path)
        let killed = try ProbeProcess("hold", directory.path)
        #expect(living.line() == "holding")
        #expect(killed.line() == "holding")
        killed.killNow()
        #expect(try environment.readers().contains { $0.process == killed.identifier })
        #expect(try environment.clearStaleReaders() == 1)
        #expect(try environment.clearStaleReaders() == 0)
        let left = try environment.readers().map(\.process)
        #expect(left.contains(living.identifier))
        #expect(!left.contains(killed.identifier))
    }

    @Test func `opening clears what killed readers left`() throws {
        let directory = try TemporaryDirectory()
        let bystander = try ProbeProcess("hold", directory.path)
        #expect(bystander.line() == "holding")
        let killed = try ProbeProcess("hold", directory.path)
        #expect(killed.line() == "holding")
        killed.killNow()
        let environment = try Environment.open(at: directory.path)
        #expect(try environment.readers().map(\.process) == [bystander.identifier])
    }

    @Test func `when the slots are full, those of the dead are used again`() throws {
        let directory = try TemporaryDirectory()
        var configuration = Environment.Configuration()
        configuration.maxReaders = 2
        let environment = try Environment.open(at: directory.path, configuration)
        let killed = try ProbeProcess("hold", directory.path)
        #expect(killed.line() == "holding")
        try environment.read { _ in
            #expect(code { try environment.read { _ in } } == .readersFull)
            killed.killNow()
            try environment.read { _ in }
        }
    }

    @Test func `a process killed in a write leaves the last commit, and the lock to others`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path)
        let table = try environment.openTable("t", flags: [.integerKey])
        try environment.write { try $0.put([0], at: 0, in: table) }
        for _ in 0..<3 { #expect(try ProbeProcess("dieWriting", directory.path).lines().isEmpty) }
        try environment.write { transaction in
            #expect(try transaction.count(of: table) == 1)
            try transaction.put([2], at: 2, in: table)
        }
        #expect(try environment.read { try $0.count(of: table) } == 2)
    }
}
