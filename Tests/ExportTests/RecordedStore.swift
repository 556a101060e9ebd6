import Audit
import Cairn
import CanonicalJSON
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
        directory = try TemporaryDirectory("export")
        store = try Store.open(at: directory.path("store"), .create)
        let path = Self.fixtures.appendingPathComponent(fixture).appendingPathComponent("events.jsonl").path
        _ = try await Importer(log: store.log).run(path)
    }

    deinit { store.close() }

    func path(_ name: String) -> String { directory.path(name) }

    var log: any Log { store.log }

    func events() throws -> [Event] {
        var events: [Event] = []
        try log.scan { events.append($0.detached) }
        return events
    }

    /// The lines of an export, from a position on, without their line feeds.
    func lines<Form: LineForm>(
        _ form: Form, from first: Position = .first, _ selection: ExportSelection = ExportSelection()
    ) throws -> [[UInt8]] {
        var bytes: [UInt8] = []
        var export = EventExport(form, of: log, selection)
        try export.write(from: first, into: { bytes += $0 })
        return bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true).map(Array.init)
    }
}
