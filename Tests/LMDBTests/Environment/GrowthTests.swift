import Foundation
import LMDB
import Synchronization
import TestSupport
import Testing

@Suite struct GrowthTests {
    @Test func `the map grows in the middle of a write, and the body runs again`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path, .map(1 << 20))
        let table = try environment.openTable("t", flags: [.integerKey])
        var runs = 0
        try environment.write { transaction in
            runs += 1
            try fill(transaction, table, count: 6_000)
        }
        #expect(runs > 1)
        #expect(try environment.read { try $0.count(of: table) } == 6_000)
    }

    @Test func `a body that swallows the error of a full map runs again all the same`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path, .map(1 << 20))
        let table = try environment.openTable("t", flags: [.integerKey])
        struct Mine: Error {}
        try environment.write { transaction in
            do { try fill(transaction, table, count: 3_000) } catch { throw Mine() }
        }
        try environment.write { transaction in try? fill(transaction, table, count: 9_000) }
        #expect(try environment.read { try $0.count(of: table) } == 9_000)
    }

    @Test func `a map at its limit is an error, and what was there stays readable`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path, .map(1 << 20, limit: 2 << 20))
        let table = try environment.openTable("t", flags: [.integerKey])
        try environment.write { try fill($0, table, count: 100) }
        #expect(code { try environment.write { try fill($0, table, count: 9_000) } } == .mapFull)
        #expect(try environment.read { try $0.count(of: table) } == 100)
        try environment.write { try $0.put([1], at: 100, in: table) }
    }

    @Test func `a map smaller than the file is made large enough`() throws {
        let directory = try TemporaryDirectory()
        do {
            let environment = try Environment.open(at: directory.path)
            let table = try environment.openTable("t", flags: [.integerKey])
            try environment.write { try fill($0, table, count: 6_000) }
        }
        let environment = try Environment.open(at: directory.path, .map(4_096))
        let table = try environment.openTable("t", flags: [.integerKey])
        #expect(try environment.read { try $0.count(of: table) } == 6_000)
        #expect(try environment.statistics().mapSize >= 64 << 20)
    }

    @Test func `a write that must grow inside a read of its own thread is refused`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path, .map(1 << 20))
        let table = try environment.openTable("t", flags: [.integerKey])
        try environment.read { outer in
            #expect(code { try environment.write { try fill($0, table, count: 6_000) } } == .growthBlocked)
            let seen = try outer.count(of: table)
            #expect(seen == 0)
        }
        try environment.write { try fill($0, table, count: 6_000) }
    }

    @Test func `readers on other threads hold growth back only while they last, and see a whole state`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path, .map(1 << 20))
        let table = try environment.openTable("t", flags: [.integerKey])
        let readers = (0..<3).map { _ in Reader(environment, table) }
        for batch in 0..<60 as Range<UInt64> {
            try environment.write { try fill($0, table, from: batch * 100, count: 100) }
        }
        for reader in readers {
            let outcome = reader.finish()
            #expect(outcome.failure == nil)
            #expect(outcome.reads > 0)
        }
        #expect(try environment.read { try $0.count(of: table) } == 6_000)
    }

    @Test func `growth in another process is followed by readers and writers`() throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path, .map(1 << 20))
        let table = try environment.openTable("t", flags: [.integerKey])
        let follower = try ProbeProcess("follow", directory.path)
        #expect(follower.line() == "following")
        for round in 1...4 as ClosedRange<UInt64> {
            try environment.write { try fill($0, table, from: (round - 1) * 2_000, count: 2_000) }
            #expect(follower.ask() == "count \(round * 2_000)")
        }
        let other = try ProbeProcess("append", directory.path, 2_000)
        #expect(other.lines() == ["appended 2000"])
        #expect(try environment.read { try $0.count(of: table) } == 10_000)
        try environment.write { try $0.put([1], at: 10_000, in: table, mode: .append) }
    }

    @Test func `several processes that grow at once lose nothing`() throws {
        let directory = try TemporaryDirectory()
        let writers = try (0..<4).map { _ in try ProbeProcess("append", directory.path, 500) }
        for writer in writers { #expect(writer.lines() == ["appended 500"]) }
        let environment = try Environment.open(at: directory.path, .map(1 << 20))
        let table = try environment.openTable("t", flags: [.integerKey])
        #expect(try environment.read { try $0.count(of: table) } == 2_000)
        #expect(try environment.read { try $0.lastIntegerKey(in: table) } == 1_999)
    }

    private func fill(
        _ transaction: borrowing WriteTransaction, _ table: Table, from first: UInt64 = 0, count: Int
    ) throws {
        let value = [UInt8](repeating: 7, count: 1_000)
        for key in first..<first + UInt64(count) { try transaction.put(value, at: key, in: table) }
    }
}

/// A thread that reads until it is told to finish.
private final class Reader: Sendable {
    private let outcome = Mutex<(reads: Int, failure: String?)>((0, nil))
    private let stopping = Atomic<Bool>(false)
    private let ended = DispatchSemaphore(value: 0)

    init(_ environment: Environment, _ table: Table) {
        Thread.detachNewThread { [self] in
            repeat {
                do { try readTwice(environment, table) } catch { outcome.withLock { $0.failure = "\(error)" } }
            } while !stopping.load(ordering: .relaxed)
            ended.signal()
        }
    }

    func finish() -> (reads: Int, failure: String?) {
        stopping.store(true, ordering: .relaxed)
        ended.wait()
        return outcome.withLock { $0 }
    }

    private func readTwice(_ environment: Environment, _ table: Table) throws {
        try environment.read { transaction in
            let count = try transaction.count(of: table)
            // A nested read must not wait for the grower that waits for the outer one.
            let later = try environment.read { try $0.count(of: table) }
            outcome.withLock { outcome in
                outcome.reads += 1
                if later < count || count % 100 != 0 { outcome.failure = "saw \(count), then \(later)" }
            }
        }
    }
}
