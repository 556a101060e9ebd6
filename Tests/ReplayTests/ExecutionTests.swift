import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Replay
import Testing

@Suite struct ExecutionTests {
    @Test(arguments: [1, 2, 3]) func aConcurrentRunReachesTheSameHeadAgain(repetition: Int) async throws {
        let recorded = try ScratchLog()
        try await count(16, upTo: 5, by: "a", in: recorded.log, .live(.system))
        let report = try await execute(recorded, things: 16, limit: 5)
        #expect(report.isIdentical)
        #expect(report.head.size == 16 * 6)
        #expect(report.firstDifference == nil)
    }

    @Test func aKilledAndResumedRunReachesTheSameHeadAgain() async throws {
        let recorded = try ScratchLog()
        await #expect(throws: CancellationError.self) {
            try await count(8, upTo: 40, by: "a", in: recorded.log, .live(.system), killedAt: 50)
        }
        let killedAt = try recorded.log.head().size
        try await count(8, upTo: 40, by: "b", in: recorded.log, .live(.system))
        let report = try await execute(recorded, things: 8, limit: 40)
        #expect(report.isIdentical, "killed at \(killedAt): \(report)")
        #expect(report.sessions == 2)
    }

    @Test(arguments: [1, 2, 3]) func workersThatRacedMeetTheSameConflictsAgain(repetition: Int) async throws {
        let recorded = try ScratchLog()
        async let first: Void = count(6, upTo: 20, by: "a", in: recorded.log, .live(.system))
        async let second: Void = count(6, upTo: 20, by: "b", in: recorded.log, .live(.system))
        _ = try await (first, second)
        let report = try await execute(recorded, things: 6, limit: 20)
        #expect(report.isIdentical, "\(report)")
        #expect(report.head.size == 6 * 21)
    }

    @Test func eventsThatNoWorkerWroteAreCopied() async throws {
        let recorded = try ScratchLog()
        try await count(2, upTo: 2, by: "a", in: recorded.log, .live(.system))
        let note = NewEvent(
            type: EventType("note.written"), version: 9, time: .epoch, data: Array(#"{"x":1}"#.utf8))
        _ = try await recorded.log.append(
            Commit(stream: try StreamName("note-1"), expected: .noStream, events: [note, note]))
        let report = try await execute(recorded, things: 2, limit: 2)
        #expect(report.isIdentical)
        #expect(report.copied == 2)
    }

    @Test func codeThatDecidesOtherwiseIsNamedAtItsFirstEvent() async throws {
        let recorded = try ScratchLog()
        try await count(1, upTo: 3, by: "a", in: recorded.log, .live(.system))
        let fresh = try ScratchLog()
        let report = try await Execution(recorded: recorded.log, fresh: fresh.log).run { context in
            let handler = CommandHandler<Counting>(
                log: context.log, effects: context.effects, worker: context.session.worker)
            for step in 1...3 {
                let name = step == 2 ? "somebody else" : "a"
                _ = try await handler.handle("t0") { _ in .count(upTo: step, by: name) }
            }
        }
        #expect(!report.isIdentical)
        #expect(report.firstDifference?.position == Position(1))
        #expect(
            report.firstDifference?.reason
                == .fields([
                    FieldDifference(path: "$.data.by", recorded: .string("a"), derived: .string("somebody else"))
                ]))
    }

    @Test func codeThatStopsEarlyIsNamedAtTheEventItNeverProduced() async throws {
        let recorded = try ScratchLog()
        try await count(1, upTo: 3, by: "a", in: recorded.log, .live(.system))
        let report = try await execute(recorded, things: 1, limit: 2, ignoringSum: true)
        #expect(!report.isIdentical)
        #expect(report.firstDifference?.reason == .neverProduced)
        #expect(report.firstDifference?.position == Position(2))
    }

    private func execute(
        _ recorded: ScratchLog, things: Int, limit: Int, ignoringSum: Bool = false
    ) async throws -> ExecutionReport {
        let fresh = try ScratchLog()
        return try await Execution(recorded: recorded.log, fresh: fresh.log).run { context in
            let worker = context.session.worker
            if ignoringSum {
                let handler = CommandHandler<Counting>(log: context.log, effects: context.effects, worker: worker)
                for step in 1...limit { _ = try await handler.handle("t0") { _ in .count(upTo: step, by: worker) } }
                return
            }
            try await count(things, upTo: limit, by: worker, in: context.log, context.effects)
        }
    }
}
