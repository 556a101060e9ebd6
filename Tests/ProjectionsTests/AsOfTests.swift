import DeciderTestSupport
import Determinism
import EventLog
import Projections
import TestSupport
import Testing

@Suite struct AsOfTests {
    @Test(arguments: [0, 1, 57, 119] as [UInt64])
    func `read models as of a position are those of a log cut there`(position: UInt64) throws {
        let log = try randomEvents(120, seed: 31)
        let directory = try TemporaryDirectory()
        let runner = try ProjectionRunner(log: log, directory: directory.path("views"), catalogue: toys, batch: 20)
        try runner.catchUp([Totals.self])
        let past = try runner.asOf(.position(Position(position)))
        let cut = log.cut(before: Position(position + 1))
        #expect(try past.runner.digest(of: Totals.self) == digestInMemory(cut))
        #expect(past.end == Position(position + 1))
        #expect(try runner.digest(of: Totals.self) == digestInMemory(log))
    }

    @Test func `read models as of a time include the last event of that time`() throws {
        let log = try randomEvents(40, seed: 37)
        let times = log.events.map(\.time)
        #expect(try AsOf.time(times[17]).end(in: log) == Position(18))
        #expect(try AsOf.time(times[17] + .microseconds(999)).end(in: log) == Position(18))
        #expect(try AsOf.time(times[17] - .microseconds(1)).end(in: log) == Position(17))
        #expect(try AsOf.time(times[0] - .microseconds(1)).end(in: log) == .first)
        #expect(try AsOf.time(times[39] + .hours(1)).end(in: log) == Position(40))
    }

    @Test func `a position beyond the end is an error`() throws {
        let log = try randomEvents(5, seed: 1)
        #expect(throws: ViewError.self) { try AsOf.position(Position(5)).end(in: log) }
    }

    @Test func `what was built for a moment is removed afterwards`() throws {
        let log = try randomEvents(30, seed: 41)
        let directory = try TemporaryDirectory()
        let runner = try ProjectionRunner(log: log, directory: directory.path("views"), catalogue: toys)
        let before = try directory.names(in: "views")
        do {
            let past = try runner.asOf(.position(Position(3)))
            try past.runner.catchUp([Totals.self])
            #expect(try directory.names(in: "views").count == before.count + 1)
        }
        #expect(try directory.names(in: "views") == before)
    }
}
