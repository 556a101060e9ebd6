import Audit
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Foundation
import Glibc
import Replay
import Synchronization
import TestSupport
import Testing

@testable import Cairn

/// Stores that are made by one command are there whole or not at all.
@Suite struct StoreTargetTests {
    private let directory: TemporaryDirectory
    private let recorded = Fixture(name: "clean-run")

    init() throws { directory = try TemporaryDirectory("target") }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
    }

    /// What a process leaves that is killed while it imports: a store with some of the events.
    private func leftover(_ name: String) async throws -> String {
        let path = directory.path(name)
        let half = try recorded.lines().prefix(7).map { $0 + "\n" }.joined()
        let file = directory.path("half.jsonl")
        try half.write(toFile: file, atomically: true, encoding: .utf8)
        let log = try LMDBLog.open(at: path, .init(access: .create))
        defer { log.close() }
        _ = try? await Importer(log: log).run(file)
        try FileManager.default.removeItem(atPath: file)
        #expect(try log.head().size > 0)
        return path
    }

    @Test func anImportThatFailsLeavesNothingAndIsTriedAgain() async throws {
        let lines = try recorded.lines()
        let file = directory.path("half.jsonl")
        try lines.dropLast(3).map { $0 + "\n" }.joined().appending("broken\n")
            .write(toFile: file, atomically: true, encoding: .utf8)
        let copy = directory.path("copy")
        await #expect(throws: ImportError.self) { try await ExportImport.run(file, into: copy) }
        #expect(try names == ["half.jsonl"])
        let report = try await ExportImport.run(recorded.eventsPath, into: copy)
        #expect(report.events == lines.count)
        #expect(try names == ["copy", "half.jsonl"])
        let store = try Store.open(at: copy)
        defer { store.close() }
        #expect(try store.log.head() == report.head)
    }

    @Test func whatAKilledProcessLeftIsNoStoreAndGoesWithTheNextTry() async throws {
        let left = try await leftover("copy.partial-999999999")
        for access in [Store.Access.existing, .create] {
            let error = #expect(throws: LogError.self) { try Store.open(at: left, access) }
            #expect(error.map { "\($0)".contains("give that command again") } == true)
        }
        _ = try await ExportImport.run(recorded.eventsPath, into: directory.path("copy"))
        #expect(try names == ["copy"])
    }

    @Test func whatAnotherProcessIsMakingIsLeftAlone() async throws {
        let left = try await leftover("copy.partial-999999999")
        let file = open(left, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(file) }
        try #require(flock(file, LOCK_EX | LOCK_NB) == 0)
        _ = try await ExportImport.run(recorded.eventsPath, into: directory.path("copy"))
        #expect(try names == ["copy", "copy.partial-999999999"])
    }

    @Test func whatIsNoLeftoverIsNeverRemoved() async throws {
        let others = ["copy.partial-notes", "copy.partial-", "copy.partial-12x", "copy.partial-77", "other.partial-77"]
        for name in others {
            try FileManager.default.createDirectory(atPath: directory.path(name), withIntermediateDirectories: true)
            try Data("mine".utf8).write(to: URL(fileURLWithPath: directory.path(name) + "/thesis.txt"))
        }
        try Data("a file".utf8).write(to: URL(fileURLWithPath: directory.path("copy.partial-78")))
        let elsewhere = try TemporaryDirectory("elsewhere")
        try Data("mine".utf8).write(to: URL(fileURLWithPath: elsewhere.path("log")))
        try FileManager.default.createSymbolicLink(
            atPath: directory.path("copy.partial-79"), withDestinationPath: elsewhere.path)
        // A leftover in fact, with a link in it that leads out.
        let left = try await leftover("copy.partial-80")
        try FileManager.default.createSymbolicLink(
            atPath: left + "/views", withDestinationPath: elsewhere.path)
        _ = try await ExportImport.run(recorded.eventsPath, into: directory.path("copy"))
        #expect(try names == (["copy", "copy.partial-78", "copy.partial-79"] + others).sorted())
        for name in others {
            #expect(FileManager.default.fileExists(atPath: directory.path(name) + "/thesis.txt"))
        }
        #expect(FileManager.default.fileExists(atPath: elsewhere.path("log")))
    }

    @Test func whatHasTheNameIsNeverReplacedUnlessItIsEmpty() async throws {
        let taken = directory.path("taken")
        try FileManager.default.createDirectory(atPath: taken, withIntermediateDirectories: true)
        _ = try await ExportImport.run(recorded.eventsPath, into: taken + "/")
        let before = try Data(contentsOf: URL(fileURLWithPath: taken + "/log/data.mdb"))
        let file = directory.path("file")
        try Data("mine".utf8).write(to: URL(fileURLWithPath: file))
        let link = directory.path("link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: directory.path("nowhere"))
        for path in [taken, file, link, directory.path + "/."] {
            let error = await #expect(throws: LogError.self) {
                try await ExportImport.run(recorded.eventsPath, into: path)
            }
            #expect(error?.code == .invalid && error.map { "\($0)".contains("name a directory") } == true, "\(path)")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: taken + "/log/data.mdb")) == before)
        #expect(try names == ["file", "link", "taken"])
        _ = try await ExportImport.run(recorded.eventsPath, into: directory.path("deep/in/here"))
    }

    @Test func anExecutionIsThereWhenItIsWholeAndNotBefore() async throws {
        let imported = try await recorded.imported()
        _ = try await leftover("again.partial-999999999")
        let path = directory.path("again")
        let seen = Mutex((asked: 0, early: 0))
        let report = try await ExecutionService(store: imported.store).run(into: path) { _ in
            seen.withLock { seen in
                seen.asked += 1
                if access(path, F_OK) == 0 { seen.early += 1 }
            }
        }
        #expect(seen.withLock { $0.asked > 0 && $0.early == 0 })
        #expect(report.isIdentical)
        #expect(try names == ["again"])
        let again = try Store.open(at: path)
        defer { again.close() }
        #expect(try again.log.head() == imported.store.log.head())
        #expect(try Auditor(log: again.log, catalogue: Catalogues.events).verify().isValid)
        let error = await #expect(throws: LogError.self) {
            try await ExecutionService(store: imported.store).run(into: path)
        }
        #expect(error?.code == .invalid)
    }

    /// The record says that a worker did something more, which the code doesn't do.
    @Test func anExecutionThatComesOutOtherwiseLeavesNothing() async throws {
        let imported = try await recorded.imported()
        let log = imported.store.log
        var worker: String?
        try log.scan { event in worker = try event.metadata().worker ?? worker }
        let last = try #require(worker)
        let more = NewEvent(
            type: EventType("thing.done"), version: 1, time: .epoch, data: Array("{}".utf8),
            metadata: EventMetadata(worker: last).canonicalBytes())
        let appended = try await log.append(
            Commit(stream: try StreamName("thing-x"), expected: .noStream, events: [more]))
        let report = try await ExecutionService(store: imported.store).run(into: directory.path("again"))
        #expect(!report.isIdentical && report.firstDifference?.position == appended.first, "\(report)")
        #expect(try names.isEmpty)
    }

    @Test func aForkThatWasCutShortIsNoStore() async throws {
        let parent = try await recorded.imported()
        let path = directory.path("half")
        do {
            let log = try LMDBLog.open(at: path, .init(access: .create))
            defer { log.close() }
            let created = ForkCreated(
                changes: [], head: try parent.store.log.head().root, parent: parent.store.log.manifest.id,
                position: Position(58), runs: [])
            let event = NewEvent(
                type: ForkCreated.type, version: ForkCreated.version, time: .epoch, data: created.canonicalBytes())
            _ = try await log.append(
                Commit(stream: try StreamName("fork-half"), expected: .noStream, events: [event]))
        }
        let error = #expect(throws: LogError.self) { try Store.open(at: path) }
        #expect(error.map { "\($0)".contains("a fork that was cut short") } == true, "\(String(describing: error))")
    }

    @Test func aForkIsNeverMadeInAStore() async throws {
        let parent = try await recorded.imported()
        let service = ForkService(parent: parent.store)
        let runs = try service.runs(nil)
        let names = try FileManager.default.contentsOfDirectory(atPath: parent.store.path)
        for path in ["fork", "views/a/fork"] {
            let error = await #expect(throws: LogError.self) {
                _ = try await service.make(
                    at: parent.store.path + "/" + path, with: [.without(.scenario, "winter")], of: runs)
            }
            #expect(error?.code == .invalid && error?.message.contains("is in the directory of the store") == true)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: parent.store.path) == names)
    }

    @Test func aForkIsThereWhenItIsRecordedAndNotBefore() async throws {
        struct Refused: Error {}
        let parent = try await recorded.imported()
        let service = ForkService(parent: parent.store)
        let runs = try service.runs(nil)
        let path = directory.path("fork")
        let changes: [Substitution] = [.without(.scenario, "winter")]
        await #expect(throws: Refused.self) {
            _ = try await service.make(at: path, with: changes, of: runs) { _ in throw Refused() }
        }
        #expect(try names.isEmpty)
        var heard: ForkService.Report?
        let report = try await service.make(at: path, with: changes, of: runs) { fork in
            heard = fork
            #expect(access(path, F_OK) != 0)
        }
        #expect(heard == report)
        #expect(try names == ["fork"])
        let fork = try Store.open(at: path)
        defer { fork.close() }
        #expect(try fork.log.head() == report.head)
        let parentHead = try parent.store.log.head()
        #expect(report.created.position == Position(parentHead.size))
    }
}
