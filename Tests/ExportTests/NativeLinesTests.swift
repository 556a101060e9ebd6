import Audit
import Cairn
import CanonicalJSON
import Determinism
import EventLog
import TestSupport
import Testing

/// The quick way of writing the native form gives the lines that its definition gives.
@Suite struct NativeLinesTests {
    @Test(arguments: ["clean-run", "failures-retries-kill", "budget-stream-reuse", "newer-event"])
    func everyLineOfARecordedStoreIsAsDefined(fixture: String) async throws {
        let recorded = try await RecordedStore(fixture)
        let lines = try recorded.lines(NativeLines())
        let events = try recorded.events()
        #expect(lines.count == events.count)
        for (line, event) in zip(lines, events) {
            #expect(line + [UInt8(ascii: "\n")] == JSONLines.line(event))
        }
    }

    @Test func namesThatNoLogHasAreEscapedAllTheSame() async throws {
        let event = try #require(try await RecordedStore("clean-run").events().first)
        for byte in [UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x07, 0x20] {
            var record = event.record
            record[50] = byte
            let strange = try Event(position: event.position, record: record)
            #expect(!strange.hasPlainNames)
            var line: [UInt8] = []
            var form = NativeLines()
            form.append(strange, to: &line)
            #expect(line == JSONLines.line(strange))
            #expect(throws: Never.self) { try JSONParser.parse(Array(line.dropLast())) }
        }
    }
}

/// Exports in chunks, from a position on, and live.
@Suite struct EventExportTests {
    @Test func goingOnAfterAPositionGivesTheRest() async throws {
        let recorded = try await RecordedStore()
        let all = try recorded.lines(NativeLines())
        for count in [0, 1, 2, all.count / 2, all.count - 1, all.count] {
            #expect(try recorded.lines(NativeLines(), from: Position(UInt64(count))) == Array(all[count...]))
        }
        #expect(try recorded.lines(NativeLines(), from: Position(UInt64(all.count) + 7)).isEmpty)
    }

    @Test func theTallyNamesTheLastEventThatWasSelected() async throws {
        let recorded = try await RecordedStore()
        let type = EventType("run.submitted")
        let wanted = try recorded.events().filter { $0.hasType(type) }
        var export = EventExport(
            NativeLines(), of: recorded.log, ExportSelection(filter: EventFilter(types: [type])))
        var chunks = 0
        try export.write(into: { _ in chunks += 1 })
        #expect(chunks == 1)
        #expect(export.tally.events == wanted.count)
        #expect(export.tally.last == wanted.last?.position)
    }

    @Test func anEndThatIsGivenIsTheEnd() async throws {
        let recorded = try await RecordedStore()
        var bytes: [UInt8] = []
        var export = EventExport(NativeLines(), of: recorded.log)
        let end = try export.write(from: Position(3), to: Position(5), into: { bytes += $0 })
        #expect(end == Position(5))
        #expect(bytes == (try recorded.events()[3..<5].flatMap { JSONLines.line($0) }))
    }

    @Test func followingGivesWhatWasThereAndThenWhatComes() async throws {
        let recorded = try await RecordedStore("clean-run")
        let before = try recorded.events().count
        let first = Position(UInt64(before) - 2)
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        let log = recorded.log
        let following = Task {
            var export = EventExport(NativeLines(), of: log)
            try await export.follow(from: first) { continuation.yield(copy $0) }
            continuation.finish()
        }
        var iterator = stream.makeAsyncIterator()
        #expect(await iterator.next()?.count(where: { $0 == UInt8(ascii: "\n") }) == 2)
        let new = NewEvent(
            type: EventType("note.added"), version: 1, time: .epoch, data: Array("{}".utf8),
            metadata: Array("{}".utf8))
        let appended = try await log.append(
            Commit(stream: StreamName("note-1"), expected: .noStream, events: [new]))
        let event = try #require(try log.event(at: appended.first))
        #expect(await iterator.next() == JSONLines.line(event))
        following.cancel()
        try await following.value
        #expect(await iterator.next() == nil)
    }
}
