import DeciderTestSupport
import Determinism
import EventLog
import Foundation
import LMDB
import Synchronization
import TestSupport
import Testing

@testable import Projections

@Suite struct ViewHistoryTests {
    @Test func `with snapshots, read models as of any position are those of a log cut there`() throws {
        let seed: UInt64 = 53
        let log = try randomEvents(400, seed: seed)
        let directory = try TemporaryDirectory()
        let runner = try ProjectionRunner(
            log: log, directory: directory.path("views"), catalogue: toys, batch: 20, window: 32)
        var generator = SeededGenerator(seed: seed)
        let positions = [0, 31, 32, 33, 63, 64, 399] + (0..<20).map { _ in generator.uniform(below: 400) }
        for position in positions {
            let past = try runner.asOf(.position(Position(position)))
            let cut = log.cut(before: Position(position + 1))
            #expect(
                try past.runner.digest(of: Totals.self) == digestInMemory(cut), "position \(position), seed \(seed)")
        }
        #expect(try runner.digest(of: Totals.self) == digestInMemory(log))
    }

    @Test func `rows come in order both ways, whichever window they changed in`() throws {
        let log = try randomEvents(300, seed: 59)
        let directory = try TemporaryDirectory()
        let runner = try ProjectionRunner(
            log: log, directory: directory.path("views"), catalogue: toys, batch: 20, window: 16)
        for end in [40, 100, 299] as [UInt64] {
            let past = try runner.asOf(.position(Position(end)))
            let memory = MemoryView(Totals.self)
            try memory.apply(log.events.prefix(Int(end) + 1))
            let expected = try memory.tables.bySum.scan()
            try past.runner.query(Totals.self) { tables in
                #expect(try tables.bySum.scan().map(\.key) == expected.map(\.key))
                #expect(try tables.bySum.scan(reversed: true).map(\.key) == expected.map(\.key).reversed())
                for row in expected {
                    #expect(try tables.bySum.contains(row.key))
                    let onwards = try tables.bySum.scan(from: row.key).map(\.key)
                    #expect(onwards == Array(expected.map(\.key).drop { $0 != row.key }))
                    let backwards = try tables.bySum.scan(from: row.key, reversed: true).map(\.key)
                    #expect(backwards.reversed() == expected.map(\.key).prefix { $0 != row.key } + [row.key])
                }
            }
        }
    }

    @Test func `snapshots are taken in steps, by one process after the other, and anew after they were deleted`() throws
    {
        let log = try randomEvents(200, seed: 61)
        let directory = try TemporaryDirectory()
        let path = directory.path("views")
        let wanted = try digestInMemory(log.cut(before: Position(150)))
        func open() throws -> ProjectionRunner {
            try ProjectionRunner(log: log, directory: path, catalogue: toys, window: 16)
        }
        let first = try open()
        #expect(try !first.takeSnapshots(of: [Totals.self], atMost: 3))
        #expect(try first.eventsWithoutSnapshot(of: [Totals.self]) == 200 - 48)
        first.close()
        let second = try open()
        #expect(try second.takeSnapshots(of: [Totals.self]))
        #expect(try second.eventsWithoutSnapshot(of: [Totals.self]) == 200 - 192)
        #expect(try second.asOf(.position(Position(149))).runner.digest(of: Totals.self) == wanted)
        second.close()
        try FileManager.default.removeItem(atPath: path + "/history")
        let third = try open()
        #expect(try third.asOf(.position(Position(149))).runner.digest(of: Totals.self) == wanted)
        third.close()
    }

    @Test func `snapshots that somebody has changed go when all are thrown away`() throws {
        let log = try randomEvents(200, seed: 73)
        let directory = try TemporaryDirectory()
        let runner = try ProjectionRunner(log: log, directory: directory.path("views"), catalogue: toys, window: 16)
        try runner.takeSnapshots(of: [Totals.self])
        func digest() throws -> Digest { try runner.asOf(.position(Position(149))).runner.digest(of: Totals.self) }
        let wanted = try digestInMemory(log.cut(before: Position(150)))
        #expect(try digest() == wanted)
        let history = try #require(runner.history.withLock { $0 })
        try history.store.write { transaction in
            try transaction.withWriteCursor(in: history.store.rows) { cursor in
                while try cursor.position.first() { try cursor.delete() }
            }
        }
        #expect(try digest() != wanted)
        try runner.forgetSnapshots()
        #expect(try runner.eventsWithoutSnapshot(of: [Totals.self]) == 200)
        #expect(try digest() == wanted)
    }

    @Test func `a projector that fails stops alone, and its past says why`() throws {
        let log = try randomEvents(200, seed: 71)
        let directory = try TemporaryDirectory()
        let runner = try ProjectionRunner(log: log, directory: directory.path("views"), catalogue: toys, window: 16)
        #expect(throws: ViewError.self) { try runner.takeSnapshots() }
        #expect(try runner.eventsWithoutSnapshot(of: [Totals.self]) < 16)
        let past = try runner.asOf(.position(Position(199)))
        #expect(try past.runner.digest(of: Totals.self) == digestInMemory(log))
        #expect(throws: ViewError.self) { try past.runner.digest(of: Fragile.self) }
    }

    @Test func `a moment is found among times that go back`() throws {
        let log = try randomEvents(160, seed: 67)
        let directory = try TemporaryDirectory()
        let runner = try ProjectionRunner(log: log, directory: directory.path("views"), catalogue: toys, window: 16)
        var generator = SeededGenerator(seed: 67)
        for _ in 0..<40 {
            let near = log.events[Int(generator.uniform(below: 160))].time
            let time = near + .microseconds(Int64(generator.uniform(below: 3)) - 1)
            #expect(try runner.asOf(.time(time)).end == AsOf.time(time).end(in: log))
        }
    }
}
