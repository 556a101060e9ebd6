import Audit
import Cairn
import EventLog
import Foundation
import TestSupport

/// A store with the events of a replay fixture, closed and removed when released.
final class RecordedStore: Sendable {
    let store: Store
    private let directory: TemporaryDirectory

    private static let fixtures = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("replay-fixtures")

    init(_ fixture: String = "failures-retries-kill") async throws {
        directory = try TemporaryDirectory("sql")
        store = try Store.open(at: directory.path("store"), .create)
        let path = Self.fixtures.appendingPathComponent(fixture).appendingPathComponent("events.jsonl").path
        _ = try await Importer(log: store.log).run(path)
    }

    deinit { store.close() }

    func path(_ name: String) -> String { directory.path(name) }

    /// The files of `views/` that keep tables for SQL.
    func caches() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: store.path + "/views")
            .filter { $0.hasPrefix("sql-") && $0.hasSuffix(".sqlite") }
    }

    /// The cells of a table, as they are now.
    func rows(of table: String) throws -> [[TableValue]] {
        let tables = try ExportTables.named([table])
        return try ExportTables.withSource(of: tables, in: store) { source in
            var rows: [[TableValue]] = []
            try tables[0].forEachRow(of: source) { rows.append($0) }
            return rows
        }
    }
}
