import Audit
import CanonicalJSON
import Determinism
import EventLog
import Testing

/// CloudEvents hold everything of an event.
@Suite struct CloudEventsTests {
    @Test(arguments: ["clean-run", "failures-retries-kill", "newer-event"])
    func aRecordCanBeReadBackFromEachOfThem(fixture: String) async throws {
        let recorded = try await RecordedStore(fixture)
        let lines = try recorded.lines(CloudEvents(store: "a-store"))
        let events = try recorded.events()
        #expect(lines.count == events.count)
        for (line, event) in zip(lines, events) {
            let object = try JSONParser.parse(line)
            #expect(object["specversion"] == .string("1.0"))
            #expect(object["id"] == .string("\(event.position)"))
            #expect(object["source"] == .string("tag:cairn.dev,2026:store/a-store"))
            #expect(object["type"] == .string(event.type.text))
            #expect(object["subject"] == .string(event.stream.text))
            #expect(object["partitionkey"] == .string(event.stream.text))
            #expect(object["time"] == .string(event.time.text))
            #expect(object["data"] == (try JSONParser.parse(event.dataBytes)))
            #expect(object["cairnmetadata"] == .string(String(decoding: event.metadataBytes, as: UTF8.self)))
            #expect(object["cairnrevision"] == .string("\(event.revision)"))
            #expect(object["cairnversion"]?.int == event.version)
            #expect(object["cairncommit"] == .string(event.commitID.hex))
            #expect(
                object["dataschema"]
                    == .string("https://cairn.dev/schemas/events/\(event.type.text).v\(event.version).json"))
        }
    }

    @Test func keysAreInCanonicalOrder() async throws {
        let line = try #require(try await RecordedStore("clean-run").lines(CloudEvents(store: "a")).first)
        #expect(try JSONParser.parse(line).canonicalBytes() == line)
    }

    @Test func aTextThatNeedsEscapesStaysItself() async throws {
        let recorded = try await RecordedStore("clean-run")
        let text = "quotes \" and \\ and \u{01}\u{1F}\n\t\r\u{08}\u{0C} and ünïcode 鳥"
        let metadata = EventMetadata(cause: nil, job: nil, run: text, worker: nil).canonicalBytes()
        let event = NewEvent(
            type: EventType("note.added"), version: 1, time: .epoch, data: Array("{}".utf8), metadata: metadata)
        _ = try await recorded.log.append(
            Commit(stream: StreamName("note-1"), expected: .noStream, events: [event]))
        let line = try #require(try recorded.lines(CloudEvents(store: "a")).last)
        #expect(try JSONParser.parse(line)["cairnmetadata"] == .string(String(decoding: metadata, as: UTF8.self)))
        #expect(try JSONParser.parse(line).canonicalBytes() == line)
    }

    @Test func aNameThatIsNoneIsAnError() async throws {
        let event = try #require(try await RecordedStore("clean-run").events().first)
        var record = event.record
        record[50] = UInt8(ascii: "\"")
        let strange = try Event(position: event.position, record: record)
        var form = CloudEvents(store: "a")
        var lines: [UInt8] = []
        #expect(throws: LogError.self) { try form.append(strange, to: &lines) }
    }
}
