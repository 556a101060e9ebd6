import EventLog
import Foundation
import TestSupport
import Testing

@Suite struct StoreTests {
    @Test func `a closed store is opened again as it was`() async throws {
        let directory = try TemporaryDirectory("store")
        let path = directory.path("a/b/store")
        let first = try LMDBLog.open(at: path)
        let appended = try await first.append(Sample.commit("s-1", .noStream, 0..<300))
        let head = try first.head()
        first.close()
        let second = try LMDBLog.open(at: path, .init(access: .mustExist))
        defer { second.close() }
        #expect(second.manifest == first.manifest)
        #expect(try second.head() == head)
        #expect(try second.event(at: Position(299))?.commitID == appended.commitID)
        _ = try await second.append(Sample.commit("s-1", .exact(Revision(299)), 300..<301))
        #expect(try second.verify().isIntact)
        #expect(try second.head(ofSize: 300) == head)
        #expect(try second.head(ofSize: 302) == nil)
    }

    @Test func `a closed log refuses everything`() async throws {
        let store = try TemporaryStore()
        store.log.close()
        await expectError(.closed) { try await store.log.append(Sample.commit("s-1", .any, 0..<1)) }
        #expect(throws: LogError.self) { try store.log.head() }
        store.log.close()
    }

    @Test func `a subscriber learns that the log was closed`() async throws {
        let store = try TemporaryStore()
        let log = store.log
        let task = Task {
            for try await _ in log.subscribe() {}
        }
        log.close()
        let error = await #expect(throws: LogError.self) { try await task.value }
        #expect(error?.code == .closed)
    }

    @Test func `a read-only store is read and not written`() async throws {
        let store = try TemporaryStore()
        _ = try await store.log.append(Sample.commit("s-1", .noStream, 0..<3))
        store.log.close()
        let log = try LMDBLog.open(at: store.path, .init(access: .readOnly))
        defer { log.close() }
        #expect(try log.head().size == 3)
        await expectError(.readOnly) { try await log.append(Sample.commit("s-1", .any, 0..<1)) }
        #expect(try log.verify().isIntact)
    }

    @Test(arguments: [LMDBLog.Options.Access.mustExist, .readOnly])
    func `a missing store is not one`(_ access: LMDBLog.Options.Access) throws {
        let directory = try TemporaryDirectory("store")
        let error = #expect(throws: LogError.self) {
            try LMDBLog.open(at: directory.path("none"), .init(access: access))
        }
        #expect(error?.code == .notAStore)
    }

    @Test func `no store is made among other files`() throws {
        let directory = try TemporaryDirectory("store")
        try Data("x".utf8).write(to: URL(fileURLWithPath: directory.path("thesis.txt")))
        let error = #expect(throws: LogError.self) { try LMDBLog.open(at: directory.path) }
        #expect(error?.code == .notAStore)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["thesis.txt"])
    }

    @Test(arguments: [
        (#"{"created":"2026-01-01T00:00:00.000000Z","format":3,"id":"x"}"#, LogError.Code.newerFormat),
        ("hello", .notAStore), ("{}", .notAStore), (#"{"format":1}"#, .notAStore),
    ])
    func `a manifest that is newer or none is refused`(_ text: String, _ code: LogError.Code) throws {
        let store = try TemporaryStore()
        store.log.close()
        try Data(text.utf8).write(to: URL(fileURLWithPath: store.path + "/store.json"))
        let error = #expect(throws: LogError.self) { try LMDBLog.open(at: store.path) }
        #expect(error?.code == code)
    }

    @Test func `a store without its log is damaged and not made anew`() throws {
        let store = try TemporaryStore()
        store.log.close()
        try FileManager.default.removeItem(atPath: store.path + "/log")
        let error = #expect(throws: LogError.self) { try LMDBLog.open(at: store.path) }
        #expect(error?.code == .damaged(nil))
        #expect(!FileManager.default.fileExists(atPath: store.path + "/log"))
    }

    @Test func `a creation that was cut short is finished`() throws {
        let store = try TemporaryStore()
        store.log.close()
        try FileManager.default.removeItem(atPath: store.path + "/store.json")
        let log = try LMDBLog.open(at: store.path)
        defer { log.close() }
        #expect(log.manifest.id != store.log.manifest.id)
        #expect(try log.head().size == 0)
    }

    @Test func `a process opens a store once`() throws {
        let store = try TemporaryStore()
        let error = #expect(throws: LogError.self) { try LMDBLog.open(at: store.path) }
        #expect(error?.code == .invalid)
    }

    @Test func `a subscriber holds one page, however long the log`() async throws {
        let store = try TemporaryStore()
        let stream = try StreamName("s-1")
        for number in 0..<8 {
            let events = (0..<50).map { Sample.event(number * 50 + $0, padding: 20_000) }
            _ = try await store.log.append(Commit(stream: stream, expected: .any, events: events))
        }
        var pages = 0
        var seen = 0
        for try await events in store.log.subscribe() {
            pages += 1
            seen += events.count
            #expect(events.reduce(0) { $0 + $1.record.count } <= 1 << 20 + 65_535)
            if seen == 400 { break }
        }
        #expect(pages >= 7)
    }
}
