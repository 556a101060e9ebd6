import Cairn
import EventLog
import Foundation
import GRDB
import Glibc
import SQLTables
import Testing

/// Files of SQLite hold the tables, and say what is in them.
@Suite struct SQLiteFileTests {
    private func written(_ recorded: RecordedStore, _ name: String = "tables.db") throws -> DatabaseQueue {
        try ExportTables.withSource(of: ExportTables.all, in: recorded.store) { source in
            let file = try SQLiteFile(replacing: recorded.path(name))
            _ = try file.write(ExportTables.all, of: source, about: [("store", recorded.store.log.manifest.id)])
            try file.finish()
        }
        return try DatabaseQueue(path: recorded.path(name))
    }

    @Test(arguments: ["clean-run", "failures-retries-kill", "budget-stream-reuse"])
    func everyTableHasItsRows(fixture: String) async throws {
        let recorded = try await RecordedStore(fixture)
        let queue = try written(recorded)
        for table in ExportTables.all {
            let expected = try recorded.store.rows(of: table.name)
            let found = try queue.read { try Row.fetchAll($0, sql: "SELECT * FROM \(table.name)") }
            #expect(found.map { Array($0.columnNames) }.allSatisfy { $0 == table.columns.map(\.name) })
            #expect(found.map { $0.databaseValues.map(cell) } == expected, "\(table.name)")
        }
    }

    @Test func itSaysWhatEachColumnMeans() async throws {
        let queue = try written(try await RecordedStore("clean-run"))
        try await queue.read { database in
            for table in ExportTables.all {
                let rows = try Row.fetchAll(
                    database, sql: "SELECT * FROM columns_documentation WHERE table_name = ? ORDER BY place",
                    arguments: [table.name])
                #expect(rows.map { $0["column_name"] as String } == table.columns.map(\.name))
                #expect(rows.map { $0["meaning"] as String } == table.columns.map(\.meaning))
                let types = try Row.fetchAll(database, sql: "PRAGMA table_info(\(table.name))")
                #expect(types.map { $0["type"] as String } == table.columns.map(\.kind.rawValue))
            }
        }
    }

    @Test func theSameRowsGiveTheSameBytes() async throws {
        let recorded = try await RecordedStore("clean-run")
        try written(recorded, "a.db").close()
        try written(recorded, "b.db").close()
        let bytes = try ["a.db", "b.db"].map { try Data(contentsOf: URL(fileURLWithPath: recorded.path($0))) }
        #expect(bytes[0] == bytes[1])
    }

    @Test func itHasItsNameWhenItIsFinishedAndTakesAwayWhatAKilledProcessLeft() async throws {
        let recorded = try await RecordedStore("clean-run")
        let path = recorded.path("tables.db")
        let left = path + ".999999999.partial"
        try Data("left".utf8).write(to: URL(fileURLWithPath: left))
        func names() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: recorded.path("")).filter { $0.hasPrefix("tables.db") }
        }
        try ExportTables.withSource(of: [], in: recorded.store) { source in
            let file = try SQLiteFile(replacing: path)
            _ = try file.write([], of: source, about: [])
            let made = try withExtendedLifetime(file) { try names() }
            #expect(made == ["tables.db.\(getpid()).partial"])
        }
        #expect(try names().isEmpty)
        try written(recorded).close()
        #expect(try names() == ["tables.db"])
    }

    @Test func aPlaceThatCannotBeWrittenIsNamed() async throws {
        let recorded = try await RecordedStore("clean-run")
        let path = recorded.path("nowhere/tables.db")
        try ExportTables.withSource(of: [], in: recorded.store) { source in
            let failure = #expect(throws: SQLFailure.self) {
                try SQLiteFile(replacing: path).write([], of: source, about: [])
            }
            #expect(failure?.code == .file)
            #expect(failure?.description.contains(path) ?? false)
        }
    }

    private func cell(_ value: DatabaseValue) -> TableValue {
        switch value.storage {
        case .null: .null
        case .int64(let number): .integer(number)
        case .double(let number): .real(number)
        case .string(let text): .text(text)
        case .blob: .text("bytes, which no table has")
        }
    }
}
