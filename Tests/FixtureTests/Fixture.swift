import Audit
import Cairn
import CanonicalJSON
import EventLog
import Foundation
import TestSupport
import Testing

/// One directory of `replay-fixtures/`: a recorded store, and what every release must make of it.
struct Fixture: Sendable, CustomTestStringConvertible {
    static let directory = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("replay-fixtures")

    /// Every directory that holds an export, by name.
    static let all: [Fixture] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return names.sorted().map(Fixture.init).filter { FileManager.default.fileExists(atPath: $0.eventsPath) }
    }()

    let name: String

    var testDescription: String { name }
    var eventsPath: String { path("events.jsonl") }

    /// The lines of the export, without their line feeds.
    func lines() throws -> [String] {
        try String(contentsOfFile: eventsPath, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    func expected() throws -> JSONValue {
        try JSONParser.parse([UInt8](Data(contentsOf: URL(fileURLWithPath: path("expected.json")))))
    }

    /// A new store with the recorded events, in a directory that goes when it is released.
    func imported() async throws -> ImportedStore {
        let imported = try ImportedStore()
        _ = try await Importer(log: imported.store.log).run(eventsPath)
        return imported
    }

    private func path(_ file: String) -> String {
        Self.directory.appendingPathComponent(name).appendingPathComponent(file).path
    }
}

/// A store of its own for one test, closed and removed when released.
final class ImportedStore: Sendable {
    let store: Store
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory("fixture")
        store = try Store.open(at: directory.path("store"), .create)
    }

    func export() throws -> [UInt8] {
        var bytes: [UInt8] = []
        try Exporter(log: store.log, catalogue: Catalogues.events, blobs: .inline).export(to: { bytes += $0 })
        return bytes
    }

    deinit { store.close() }
}
