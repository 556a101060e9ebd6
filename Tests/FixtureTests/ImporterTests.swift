import Audit
import Cairn
import CanonicalJSON
import Determinism
import EventLog
import Foundation
import Replay
import TestSupport
import Testing

/// An export with anything changed isn't imported, and the error names the line.
@Suite struct ImporterTests {
    private let recorded = Fixture(name: "newer-event")

    @Test func everyFieldThatIsChangedIsFound() async throws {
        let lines = try recorded.lines()
        let place = try #require(lines.firstIndex { $0.contains(#""type":"llm.callCompleted""#) })
        let line = try JSONLines.read(Array(lines[place].utf8))
        let changes = [
            (#""status":200"#, #""status":201"#),
            (#""attempt":1"#, #""attempt":2"#),
            (#""time":"20"#, #""time":"19"#),
            (#""type":"llm.callCompleted""#, #""type":"llm.callCompletee""#),
            (#""leaf":""# + line.leaf.hex, #""leaf":""# + Digest(of: "another").hex),
            (#""id":"\#(line.commitID.hex)"#, #""id":"\#(String(repeating: "0", count: 32))"#),
            (#""position":\#(line.position.rawValue)"#, #""position":\#(line.position.rawValue + 1)"#),
            (#""revision":\#(line.revision.rawValue)"#, #""revision":\#(line.revision.rawValue + 1)"#),
            (#""version":1}"#, #""version":2}"#),
            (#"{"text":""#, #"{"text":"x"#),
        ]
        for (old, new) in changes {
            var changed = lines
            let range = try #require(lines[place].range(of: old), "the line has no \(old)")
            changed[place].replaceSubrange(range, with: new)
            let failure = try await failureOfImporting(changed)
            #expect(failure?.line == place + 1, "\(old) → \(new): \(String(describing: failure))")
        }
    }

    @Test func aLineThatIsMissingOrTwiceThereIsFound() async throws {
        let lines = try recorded.lines()
        var missing = lines
        missing.remove(at: 4)
        #expect(try await failureOfImporting(missing)?.line == 5)
        var twice = lines
        twice.insert(lines[4], at: 5)
        #expect(try await failureOfImporting(twice)?.line == 6)
    }

    @Test func anExportThatEndsInsideACommitIsRefused() async throws {
        let lines = try recorded.lines()
        let inside = try #require(lines.firstIndex { $0.contains(#""type":"workflow.waited""#) })
        let failure = try #require(try await failureOfImporting(Array(lines[...inside])))
        #expect(failure.reason.contains("ends inside the commit"))
    }

    @Test func whatIsNoExportIsRefusedWithItsLine() async throws {
        let first = try #require(try recorded.lines().first)
        #expect(try await failureOfImporting(["hello"])?.line == 1)
        #expect(try await failureOfImporting([first, ""])?.line == 2)
        #expect(try await failureOfImporting([first.replacing(",", with: ", ", maxReplacements: 1)])?.line == 1)
    }

    @Test func aStoreWithEventsIsLeftAlone() async throws {
        let imported = try await recorded.imported()
        let head = try imported.store.log.head()
        await #expect(throws: ImportError.self) {
            try await Importer(log: imported.store.log).run(recorded.eventsPath)
        }
        #expect(try imported.store.log.head() == head)
    }

    @Test func withoutItsBlobsARunIsImportedButNotExecuted() async throws {
        let source = try await recorded.imported()
        var lines: [UInt8] = []
        try Exporter(log: source.store.log, catalogue: Catalogues.events).export(to: { lines += $0 })
        let directory = try TemporaryDirectory("import")
        let file = directory.path("events.jsonl")
        try Data(lines).write(to: URL(fileURLWithPath: file))
        let target = try ImportedStore()
        let report = try await Importer(log: target.store.log, catalogue: Catalogues.events).run(file)
        #expect(report.head == (try source.store.log.head()))
        var named: Set<Digest> = []
        try source.store.log.scan(from: .first, matching: .all) {
            named.formUnion(try Catalogues.events.blobs(namedBy: $0))
        }
        #expect(!named.isEmpty && report.missingBlobs == named.count)
        let audit = try Auditor(log: target.store.log, catalogue: Catalogues.events).verify()
        #expect(!audit.isValid)
        let execution = try await ExecutionService(store: target.store).run()
        #expect(!execution.isIdentical)
        #expect(execution.failure?.contains("its definition isn't in the store") == true)
    }

    @Test func bytesOfEveryKindComeBackFromALine() async throws {
        let source = try ImportedStore()
        let stream = try StreamName("note-1")
        let event = NewEvent(type: EventType("note.written"), version: 1, time: .epoch, data: Array("{}".utf8))
        _ = try await source.store.log.append(Commit(stream: stream, expected: .any, events: [event]))
        let recorded = try #require(try source.store.log.event(at: .first))
        for length in 0..<8 {
            let blobs = [[UInt8](repeating: 0xFF, count: length), Array("é\n\"\u{0}".utf8), nil].map { bytes in
                JSONLines.InlineBlob(digest: Digest(of: bytes ?? [1, 2]), bytes: bytes)
            }
            let line = JSONLines.line(recorded, blobs: blobs)
            let read = try JSONLines.read(Array(line.dropLast()))
            #expect(Set(try #require(read.blobs).map(\.bytes)) == Set(blobs.map(\.bytes)))
            #expect(read.event == event)
            #expect(read.leaf == Digest.leaf(recorded.record))
        }
    }

    /// Nil when nothing is wrong with the lines.
    private func failureOfImporting(_ lines: [String]) async throws -> ImportError? {
        let directory = try TemporaryDirectory("import")
        let file = directory.path("events.jsonl")
        try lines.map { $0 + "\n" }.joined().write(toFile: file, atomically: true, encoding: .utf8)
        let target = try ImportedStore()
        do {
            _ = try await Importer(log: target.store.log).run(file)
            return nil
        } catch let error as ImportError {
            return error
        }
    }
}
