import Cairn
import CanonicalJSON
import Determinism
import EventLog
import Experiments
import Foundation
import Projections
import Scoring
import Testing

/// The exported tables say what `cairn query` says, and their documentation says what is in them.
@Suite struct ExportTablesTests {
    private static let page = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Sources/Cairn/Cairn.docc/Exports.md")

    private func rows(_ name: String, _ recorded: RecordedStore, past: PastViews? = nil) throws -> [[String:
        TableValue]]
    {
        let table = try ExportTables.named([name])[0]
        return try ExportTables.withSource(of: [table], in: recorded.store, past: past) { source in
            var rows: [[String: TableValue]] = []
            try table.forEachRow(of: source) { values in
                #expect(values.count == table.columns.count)
                rows.append(Dictionary(uniqueKeysWithValues: zip(table.columns.map(\.name), values)))
            }
            return rows
        }
    }

    @Test func theDocumentationHasEveryColumn() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        for table in ExportTables.all {
            #expect(
                text.contains(TableDocumentation.markdown([table])),
                "\(Self.page.lastPathComponent) lacks this part:\n\(TableDocumentation.markdown([table]))")
        }
        #expect(text.components(separatedBy: "\n### ").count - 1 == ExportTables.all.count, "no table that isn't there")
    }

    @Test func namesAreWordsThatSQLUnderstands() throws {
        let word = try Regex("[a-z][a-z0-9_]*")
        #expect(Set(ExportTables.all.map(\.name)).count == ExportTables.all.count)
        for table in ExportTables.all {
            #expect(try word.wholeMatch(in: table.name) != nil)
            #expect(Set(table.columns.map(\.name)).count == table.columns.count, "\(table.name)")
            for column in table.columns { #expect(try word.wholeMatch(in: column.name) != nil, "\(column.name)") }
        }
    }

    @Test(arguments: ["clean-run", "failures-retries-kill", "budget-stream-reuse"])
    func rowsComeInTheOrderOfTheirKeysAndEachKeyOnce(fixture: String) async throws {
        let recorded = try await RecordedStore(fixture)
        for table in ExportTables.all {
            let keys = try rows(table.name, recorded).map { row in table.key.map { row[$0] ?? .null } }
            for (one, next) in zip(keys, keys.dropFirst()) {
                #expect(isBefore(one, next), "\(table.name): \(one) isn't before \(next)")
            }
        }
    }

    @Test func aRankingHasTheOrderMeansAndCountsOfTheQuery() async throws {
        let recorded = try await RecordedStore()
        let current = try rows("rankings", recorded).filter { $0["is_current"] == .integer(1) }
        let rankings = try Queries(recorded.store).rankings(.init())
        #expect(!rankings.isEmpty)
        for ranking in rankings {
            let mine = current.filter { $0["run"] == .text(ranking.text("run")) }
            #expect(mine.count == ranking.row.ranking.entries.count)
            for entry in ranking.row.ranking.entries {
                let row = try #require(mine.first { $0["model"] == .text(entry.model) })
                #expect(row["rank"] == .integer(Int64(entry.rank)))
                #expect(row["mean"] == TableValue(entry.mean))
                #expect(row["scored"] == .integer(Int64(entry.scored)))
                #expect(row["missing"] == .integer(Int64(entry.missing)))
            }
        }
    }

    @Test func eachEventHasItsRecordAndItsCauses() async throws {
        let recorded = try await RecordedStore()
        let events = try recorded.events()
        let table = try rows("events", recorded)
        #expect(table.count == events.count)
        for (row, event) in zip(table, events) {
            #expect(row["data"] == .text(String(decoding: event.dataBytes, as: UTF8.self)))
            #expect(row["leaf"] == .text(Digest.leaf(event.record).hex))
            #expect(row["time_us"] == .integer(event.time.microseconds))
        }
        let causes = try events.flatMap { try $0.metadata().cause?.positions ?? [] }
        #expect(try rows("event_causes", recorded).count == causes.count)
    }

    @Test func anEarlierMomentHasTheRowsOfThen() async throws {
        let recorded = try await RecordedStore("clean-run")
        let events = try recorded.events()
        let finished = try #require(events.first { $0.type == EventType("run.finished") })
        let past = try recorded.store.views.asOf(.position(Position(finished.position.rawValue - 1)))
        #expect(try rows("runs", recorded, past: past).map { $0["stage"] } == [.text("working")])
        #expect(try rows("runs", recorded).map { $0["stage"] } == [.text("complete")])
        #expect(try rows("events", recorded, past: past).count == Int(finished.position.rawValue))
    }

    @Test func anUnknownTableIsToldWithThoseThereAre() {
        let error = #expect(throws: ExportTables.UnknownTable.self) { try ExportTables.named(["runs", "nothing"]) }
        #expect(error?.description.contains("«nothing»") ?? false)
        #expect(error?.description.contains("score_criteria") ?? false)
    }

    private func isBefore(_ one: [TableValue], _ next: [TableValue]) -> Bool {
        for (left, right) in zip(one, next) where left != right {
            switch (left, right) {
            case (.integer(let left), .integer(let right)): return left < right
            case (.text(let left), .text(let right)):
                return Array(left.utf8).lexicographicallyPrecedes(Array(right.utf8))
            default: return false
            }
        }
        return false
    }
}
