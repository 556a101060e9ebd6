import Cairn
import EventLog
import Foundation
import GRDB
import Projections
import SQLTables
import Testing

/// Answers in SQL are those of the tables at the time of asking, or at any other.
@Suite struct SQLSessionTests {
    private func answer(_ sql: String, _ store: Store, at moment: AsOf? = nil, limit: Int = 1_000) throws -> SQLAnswer {
        try SQLSession(store, at: moment).answer(SQLQuestion(sql), limit: limit)
    }

    @Test(arguments: ["clean-run", "failures-retries-kill", "budget-stream-reuse"])
    func everyTableIsAnswered(fixture: String) async throws {
        let recorded = try await RecordedStore(fixture)
        for table in ExportTables.all {
            for _ in 0..<2 {
                let found = try answer("SELECT * FROM \(table.name)", recorded.store, limit: .max)
                #expect(found.columns == table.columns.map(\.name))
                #expect(found.rows == (try recorded.store.rows(of: table.name)), "\(table.name)")
            }
        }
        #expect(try recorded.caches().count == 1)
    }

    @Test func anAnswerFollowsTheLog() async throws {
        let recorded = try await RecordedStore("clean-run")
        let runs = "SELECT count(*) AS runs FROM runs"
        let events = "SELECT count(*) AS events FROM events"
        #expect(try answer(runs, recorded.store).rows == [[.integer(1)]])
        let before = try #require(try answer(events, recorded.store).rows.first?.first)
        let submitted = try #require(
            try recorded.store.log.read(.forward, matching: EventFilter(types: [EventType("run.submitted")])).events
                .first)
        _ = try await recorded.store.log.append(
            Commit(
                stream: StreamName("run-another"), expected: .noStream,
                events: [
                    NewEvent(
                        type: submitted.type, version: submitted.version, time: submitted.time,
                        data: submitted.dataBytes, metadata: submitted.metadataBytes)
                ]))
        #expect(try answer(runs, recorded.store).rows == [[.integer(2)]])
        guard case .integer(let count) = before else { return #expect(Bool(false), "a count is a number") }
        #expect(try answer(events, recorded.store).rows == [[.integer(count + 1)]])
        #expect(try answer(runs, recorded.store, at: .position(Position(UInt64(count) - 1))).rows == [[.integer(1)]])
    }

    @Test(arguments: ["failures-retries-kill", "budget-stream-reuse"])
    func tablesFollowALogThatGrowsInSteps(fixture: String) async throws {
        let recorded = try await RecordedStore(fixture)
        let growing = try GrowingStore(like: recorded)
        while try await growing.grow(by: 60) {
            for table in ExportTables.all {
                let found = try answer("SELECT * FROM \(table.name)", growing.store, limit: .max)
                #expect(found.rows == (try growing.store.rows(of: table.name)), "\(table.name)")
            }
        }
        #expect(try growing.store.log.head().size == recorded.store.log.head().size)
    }

    @Test func theEarlierMomentIsAnsweredAsItWas() async throws {
        let recorded = try await RecordedStore("clean-run")
        let sql = "SELECT stage FROM runs"
        #expect(try answer(sql, recorded.store, at: .position(.first)).rows.count <= 1)
        let finished = try #require(
            try recorded.store.log.read(.forward, matching: EventFilter(types: [EventType("run.finished")])).events
                .first)
        let before = Position(finished.position.rawValue - 1)
        #expect(try answer(sql, recorded.store, at: .position(before)).rows == [[.text("working")]])
        #expect(try answer(sql, recorded.store, at: .position(finished.position)).rows == [[.text("complete")]])
        let last = try answer("SELECT max(position) FROM events", recorded.store, at: .position(before)).rows
        #expect(last == [[.integer(Int64(before.rawValue))]])
        #expect(try recorded.caches().isEmpty)
    }

    @Test func aLimitCutsAndSaysSo() async throws {
        let recorded = try await RecordedStore("clean-run")
        let cut = try answer("SELECT position FROM events", recorded.store, limit: 3)
        #expect(cut.isCut)
        #expect(cut.rows == [[.integer(0)], [.integer(1)], [.integer(2)]])
        #expect(try !answer("SELECT position FROM events LIMIT 3", recorded.store, limit: 3).isCut)
        #expect(try answer("SELECT position FROM events", recorded.store, limit: 0).rows.isEmpty)
    }

    @Test func tablesThatSomebodyHasChangedGoWhenTheyAreThrownAway() async throws {
        let recorded = try await RecordedStore("clean-run")
        let sql = "SELECT count(*) FROM turns"
        let before = try answer(sql, recorded.store)
        let path = recorded.store.path + "/views/" + (try #require(try recorded.caches().first))
        let queue = try DatabaseQueue(path: path)
        try await queue.write { try $0.execute(sql: "DELETE FROM turns") }
        try queue.close()
        #expect(try answer(sql, recorded.store) != before)
        try SQLSession.forgetTables(of: recorded.store)
        #expect(try answer(sql, recorded.store) == before)
    }

    @Test func aDamagedCacheIsMadeAnew() async throws {
        let recorded = try await RecordedStore("clean-run")
        let sql = "SELECT count(*) FROM turns"
        let before = try answer(sql, recorded.store)
        let path = recorded.store.path + "/views/" + (try #require(try recorded.caches().first))
        for ending in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + ending) }
        try Data(repeating: 7, count: 40_000).write(to: URL(fileURLWithPath: path))
        #expect(try answer(sql, recorded.store) == before)
    }

    @Test func textsOfTurnsAreReadFromBlobsAndNotKept() async throws {
        let recorded = try await RecordedStore("clean-run")
        let found = try answer(
            "SELECT texts, question, answer FROM turns WHERE state = 'answered' LIMIT 1", recorded.store)
        let row = try #require(found.rows.first)
        #expect(row[0] == .text("present"))
        guard case .text(let answer) = row[2], case .text(let question) = row[1] else {
            return #expect(Bool(false), "an answered turn has texts: \(row)")
        }
        #expect(!answer.isEmpty && !question.isEmpty)
        let path = recorded.store.path + "/views/"
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path + name))
            #expect(bytes.range(of: Data(answer.utf8)) == nil, "\(name) has the answer's text")
        }
    }
}
