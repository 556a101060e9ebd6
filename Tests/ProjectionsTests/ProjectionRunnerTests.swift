import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import LMDB
import TestSupport
import Testing

@testable import Projections

@Suite struct ProjectionRunnerTests {
    private func runner(
        _ log: any Log, _ directory: TemporaryDirectory, storeID: String? = nil, batch: Int = 100
    ) throws -> ProjectionRunner {
        try ProjectionRunner(
            log: log, directory: directory.path("views"), storeID: storeID, catalogue: toys, batch: batch)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `equal events give equal digests, at once, in steps, rebuilt and in memory`(seed: UInt64) throws {
        let log = try randomEvents(400, seed: seed)
        let expected = try digestInMemory(log)
        var generator = SeededGenerator(seed: seed)

        let atOnce = try TemporaryDirectory()
        #expect(try runner(log, atOnce, batch: 1_000).digest(of: Totals.self) == expected, "seed \(seed)")

        let inSteps = try TemporaryDirectory()
        var position = Position.first
        while position < Position(400) {
            // A new runner each time: nothing but what was committed goes on, as when the process is killed.
            let batch = Int(generator.uniform(below: 50)) + 1
            position = Position(min(400, position.rawValue + generator.uniform(below: 60)))
            let progress = try runner(log, inSteps, batch: batch).catchUp([Totals.self], to: position)
            #expect(progress.map(\.position) == [position], "seed \(seed)")
        }
        let last = try runner(log, inSteps)
        #expect(try last.digest(of: Totals.self) == expected, "seed \(seed)")
        try last.rebuild(Totals.self)
        #expect(try last.digest(of: Totals.self) == expected, "seed \(seed)")
    }

    @Test(arguments: [1, 2_000, 1 << 23])
    func `rows are the same, however many of them are committed together`(bytes: Int) throws {
        let log = try randomEvents(300, seed: 4)
        let directory = try TemporaryDirectory()
        let runner = try ProjectionRunner(
            log, ViewDirectory(at: directory.path("views")), storeID: nil, toys, limit: nil, batch: 50,
            bytesCommittedAtOnce: bytes)
        // One goes on, the other begins.
        try runner.catchUp([Totals.self], to: Position(120))
        let both: [any Projector.Type] = [Totals.self, Amounts.self]
        for rebuilds in [false, true] {
            let progress = try rebuilds ? runner.rebuild(both) : runner.catchUp(both)
            #expect(progress.map(\.position) == [Position(300), Position(300)])
            for projector in both {
                #expect(try runner.digest(of: projector) == digestInMemory(log, projector), "\(projector.name)")
            }
        }
    }

    @Test func `a query sees every event that was appended before it`() throws {
        let directory = try TemporaryDirectory()
        let log = MemoryLog()
        let runner = try runner(log, directory)
        let stream = try StreamName(category: "item", id: "a")
        for amount in 1...20 {
            try log.record([ItemAdded(amount: amount, name: "a"), NoteWritten()], in: stream)
            let total = try runner.query(Totals.self) { try $0.totals.get("a") }
            #expect(total == Total(count: amount, sum: amount * (amount + 1) / 2))
        }
    }

    @Test func `events that another process has counted meanwhile are not counted again`() throws {
        let log = try randomEvents(300, seed: 7)
        let directory = try TemporaryDirectory()
        let interrupted = InterruptedLog(log)
        let runner = try runner(interrupted, directory, batch: 40)
        let store = runner.store
        interrupted.beforeScan { start in
            // Every other time, somebody else folds the next 25 events first.
            let other = Follower(Totals.self, source: StoredRows(store.rows))
            try store.environment.read { transaction in
                other.adopt(try #require(try store.state(other.key, transaction)))
            }
            guard start.rawValue % 2 == 0, other.checkpoint?.position == start else { return }
            let end = Position(min(300, start.rawValue + 25))
            let source = StoredRows(store.rows)
            let fold = Fold(
                Totals.self, source: source, prefix: ViewStore.prefix(of: try #require(other.checkpoint).generation))
            try store.environment.read { transaction in
                try source.lend(transaction) {
                    try log.scan(from: start, to: end, matching: EventFilter(types: Totals.types)) {
                        try fold.apply(SharedEvent($0))
                    }
                }
            }
            let last = try log.event(at: Position(end.rawValue - 1))?.commitID
            let accepted = try store.commit([
                ViewStore.Change(
                    key: other.key, expected: other.state, next: other.state(at: end, lastCommit: last),
                    writes: fold.drain())
            ])
            #expect(accepted == [true])
        }
        #expect(try runner.digest(of: Totals.self) == digestInMemory(log))
        #expect(interrupted.interruptions > 5)
    }

    @Test func `events of other types move the checkpoint and no row`() throws {
        let log = MemoryLog()
        let directory = try TemporaryDirectory()
        let runner = try runner(log, directory)
        let empty = try runner.digest(of: Totals.self)
        let notes = (0..<250).map { _ in NoteWritten() }
        try log.record(notes, in: StreamName(category: "note", id: "n"))
        #expect(try runner.digest(of: Totals.self) == empty)
        #expect(try runner.progress([Totals.self]).map(\.position) == [Position(250)])
    }

    @Test func `a failing projector stops alone and names the event`() throws {
        let log = MemoryLog()
        let stream = try StreamName(category: "item", id: "a")
        try log.record((1...30).map { ItemAdded(amount: $0, name: "a") }, in: stream)
        try log.record([ItemRemoved(name: "a"), ItemAdded(amount: 5, name: "a")], in: stream)
        let directory = try TemporaryDirectory()
        let runner = try runner(log, directory, batch: 8)
        let progress = try runner.catchUp([Totals.self, Fragile.self])
        #expect(progress.map(\.phase) == [.live, .stopped])
        let error = try #require(progress[1].error)
        #expect(error.position == Position(30))
        #expect(error.type == ItemRemoved.type)
        #expect(error.description.contains("Fragile") && error.description.contains("audit verify"))
        // Whole batches before the event stay committed.
        #expect(progress[1].position == Position(24))
        #expect(try runner.query(Totals.self) { try $0.totals.get("a") } == Total(count: 1, sum: 5))
        #expect(throws: ViewError.self) { try runner.query(Fragile.self) { try $0.counts.get("a") } }
    }

    @Test func `a row that can't be read is told with the read model's name and the remedy`() throws {
        let log = try randomEvents(50, seed: 13)
        let directory = try TemporaryDirectory()
        let runner = try runner(log, directory)
        try runner.catchUp([Totals.self])
        try runner.store.environment.write { transaction in
            try transaction.withWriteCursor(in: runner.store.rows) { cursor in
                try #require(try cursor.position.first())
                let key = try cursor.position.key()
                try cursor.put([UInt8(ascii: "[")].span.bytes, at: key.span.bytes, mode: .upsert)
            }
        }
        let error = #expect(throws: ViewError.self) {
            try runner.query(Totals.self) { _ = (try $0.totals.scan(), try $0.bySum.scan()) }
        }
        #expect(error?.description.contains("Totals") == true)
        #expect(error?.description.contains("cairn replay rebuild") == true)
    }

    @Test func `a projector that scans while it folds is stopped`() throws {
        let log = MemoryLog()
        try log.record([ItemAdded(amount: 1, name: "a")], in: StreamName(category: "item", id: "a"))
        let directory = try TemporaryDirectory()
        let progress = try runner(log, directory).catchUp([Scanning.self])
        #expect(progress[0].error?.message.contains("without scans") == true)
    }

    @Test func `a new version is built beside the old one, which goes when nobody else uses the directory`() throws {
        let log = try randomEvents(200, seed: 11)
        let directory = try TemporaryDirectory()
        do {
            let both = try runner(log, directory)
            let before = try both.digest(of: Totals.self)
            try both.catchUp([TotalsV2.self])
            #expect(try both.digest(of: Totals.self) == before)
            #expect(try both.query(TotalsV2.self) { try $0.counts.count() } == 12)
        }
        let later = try runner(log, directory)
        #expect(try later.progress([Totals.self, TotalsV2.self]).map(\.position) == [.first, Position(200)])
    }

    @Test func `a rebuild that was interrupted leaves the old tables answering`() throws {
        let log = try randomEvents(200, seed: 13)
        let directory = try TemporaryDirectory()
        let runner = try runner(log, directory)
        let expected = try runner.digest(of: Totals.self)
        try runner.store.beginRebuild([ViewStore.key(of: Totals.self)])
        #expect(try runner.digest(of: Totals.self) == expected)
        try runner.rebuild(named: "Totals")
        #expect(try runner.digest(named: "Totals") == expected)
    }

    @Test func `what a rebuild replaced is removed`() throws {
        let log = try randomEvents(200, seed: 13)
        let directory = try TemporaryDirectory()
        let runner = try runner(log, directory)
        func rows() throws -> Int {
            try runner.store.environment.read { try $0.count(of: runner.store.rows) }
        }
        try runner.catchUp([Totals.self])
        let before = try rows()
        for _ in 0..<3 { try runner.rebuild(Totals.self) }
        #expect(try rows() == before)
        #expect(try runner.store.environment.read { try runner.store.header($0)?.garbage } == [])
    }

    @Test func `read models of another log are thrown away`() throws {
        let directory = try TemporaryDirectory()
        let long = try randomEvents(200, seed: 17)
        let other = try randomEvents(200, seed: 18)
        try runner(long, directory).catchUp([Totals.self])
        #expect(try runner(other, directory).digest(of: Totals.self) == digestInMemory(other))
        let short = other.cut(before: Position(50))
        #expect(try runner(short, directory).digest(of: Totals.self) == digestInMemory(short))
    }

    @Test func `read models of another store are thrown away`() throws {
        let directory = try TemporaryDirectory()
        let log = try randomEvents(60, seed: 19)
        try runner(log, directory, storeID: "a").catchUp([Totals.self])
        #expect(try runner(log, directory, storeID: "a").progress([Totals.self])[0].position == Position(60))
        #expect(try runner(log, directory, storeID: "b").progress([Totals.self])[0].position == .first)
    }

    @Test func `files that aren't LMDB's are replaced`() throws {
        let log = try randomEvents(60, seed: 23)
        let directory = try TemporaryDirectory()
        try runner(log, directory).catchUp([Totals.self])
        try directory.write([UInt8](repeating: 7, count: 20_000), to: "views/data.mdb")
        #expect(try runner(log, directory).digest(of: Totals.self) == digestInMemory(log))
    }

    @Test func `closing leaves no marker, and twice is harmless`() throws {
        let log = try randomEvents(20, seed: 29)
        let directory = try TemporaryDirectory()
        let runner = try runner(log, directory)
        try runner.catchUp([Totals.self])
        #expect(try directory.names(in: "views").contains("dirty"))
        runner.close()
        runner.close()
        #expect(try !directory.names(in: "views").contains("dirty"))
        #expect(throws: ViewError.self) { try runner.catchUp([Totals.self]) }
    }

    @Test func `an unknown name is an error that lists the names`() throws {
        let directory = try TemporaryDirectory()
        let runner = try runner(MemoryLog(), directory)
        #expect {
            try runner.digest(named: "Total")
        } throws: { error in
            "\(error)".contains("Fragile, Totals")
        }
    }
}
