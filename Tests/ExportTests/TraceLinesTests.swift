import Audit
import Cairn
import CanonicalJSON
import Determinism
import EventLog
import Testing

/// Spans are found where they end, and are the same whenever they are exported.
@Suite struct TraceLinesTests {
    private func spans(_ recorded: RecordedStore, from first: Position = .first) throws -> [JSONValue] {
        let form = TraceLines(of: recorded.log, store: "a-store", version: "1")
        return try recorded.lines(form, from: first).flatMap { line in
            let resource = try JSONParser.parse(line)["resourceSpans"]?.array?.first
            return resource?["scopeSpans"]?.array?.first?["spans"]?.array ?? []
        }
    }

    private func attribute(_ key: String, _ span: JSONValue) -> JSONValue? {
        span["attributes"]?.array?.first { $0["key"]?.string == key }?["value"]
    }

    @Test(arguments: ["clean-run", "failures-retries-kill", "budget-stream-reuse"])
    func everyAttemptEveryJobAndEveryRunThatEndedHasASpan(fixture: String) async throws {
        let recorded = try await RecordedStore(fixture)
        let spans = try spans(recorded)
        let events = try recorded.events()
        let ends = events.filter { TraceLines.types.contains($0.type) }
        let notFinal = try events.filter { event in
            guard event.type == EventType("job.failed") else { return false }
            return try JSONParser.parse(event.dataBytes)["final"] == .bool(false)
        }
        #expect(spans.count == ends.count - notFinal.count)
        for span in spans {
            let position = try #require(attribute("cairn.position", span)?["intValue"]?.string.flatMap { UInt64($0) })
            let end = try #require(events.first { $0.position.rawValue == position })
            #expect(span["endTimeUnixNano"] == .string("\(end.time.microseconds)000"))
            let start = try #require(span["startTimeUnixNano"]?.string.flatMap { Int64($0) })
            #expect(start <= end.time.microseconds * 1_000)
        }
    }

    @Test func callsAreInTheirJobsAndJobsInTheirRun() async throws {
        let spans = try spans(try await RecordedStore("clean-run"))
        let byID = Dictionary(grouping: spans) { $0["spanId"]?.string ?? "" }
        #expect(byID.allSatisfy { $0.value.count == 1 })
        for span in spans {
            guard let parent = span["parentSpanId"]?.string else {
                #expect(span["name"]?.string?.hasPrefix("run ") ?? false)
                continue
            }
            let above = try #require(byID[parent]?.first)
            #expect(above["traceId"] == span["traceId"])
            #expect(above["name"]?.string?.hasPrefix(span["kind"]?.int == 3 ? "job " : "run ") ?? false)
        }
    }

    @Test func failuresHaveTheirClassAndWords() async throws {
        let spans = try spans(try await RecordedStore("failures-retries-kill"))
        let failed = spans.filter { $0["status"]?["code"]?.int == 2 }
        #expect(!failed.isEmpty)
        for span in failed {
            #expect(attribute("error.type", span)?["stringValue"] != nil)
            #expect(span["status"]?["message"]?.string?.isEmpty == false)
        }
    }

    @Test func goingOnAfterASpanGivesTheOthers() async throws {
        let recorded = try await RecordedStore()
        let all = try spans(recorded)
        for kept in [1, all.count / 2, all.count - 1] {
            let last = try #require(
                attribute("cairn.position", all[kept - 1])?["intValue"]?.string.flatMap { UInt64($0) })
            #expect(try spans(recorded, from: Position(last).next) == Array(all[kept...]))
        }
    }

    @Test func linesAreCanonicalJSON() async throws {
        let recorded = try await RecordedStore("clean-run")
        for line in try recorded.lines(TraceLines(of: recorded.log, store: "a", version: "1")) {
            #expect(try JSONParser.parse(line).canonicalBytes() == line)
        }
    }
}
