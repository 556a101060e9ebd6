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
}

/// A store that gets the commits of another one, some at a time.
final class GrowingStore {
    let store: Store
    private let directory: TemporaryDirectory
    private var commits: ArraySlice<Commit> = []

    init(like recorded: RecordedStore) throws {
        directory = try TemporaryDirectory("growing")
        store = try Store.open(at: directory.path("store"), .create)
        var commits: [Commit] = []
        var events: [NewEvent] = []
        try recorded.store.log.scan { event in
            events.append(
                NewEvent(
                    type: event.type, version: event.version, time: event.time, data: event.dataBytes,
                    metadata: event.metadataBytes))
            guard event.indexInCommit == event.commitCount - 1 else { return }
            commits.append(Commit(stream: event.stream, expected: .any, events: events))
            events = []
        }
        self.commits = commits[...]
    }

    deinit { store.close() }

    /// Appends some more; false when there were none.
    func grow(by count: Int) async throws -> Bool {
        let next = commits.prefix(count)
        commits = commits.dropFirst(count)
        for commit in next { _ = try await store.log.append(commit) }
        return !next.isEmpty
    }
}

extension Store {
    /// The cells of a table, as they are now.
    func rows(of table: String) throws -> [[TableValue]] {
        let tables = try ExportTables.named([table])
        return try ExportTables.withSource(of: tables, in: self) { source in
            var rows: [[TableValue]] = []
            try tables[0].forEachRow(of: source) { rows.append($0) }
            return rows
        }
    }
}
