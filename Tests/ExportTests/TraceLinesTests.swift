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

    private static let fixtures = [
        "clean-run", "failures-retries-kill", "budget-stream-reuse", "queue-flow", "redaction",
    ]

    @Test(arguments: fixtures)
    func everyAttemptOfCallsAndJobsAndEveryEndOfARunHasASpan(fixture: String) async throws {
        let recorded = try await RecordedStore(fixture)
        let spans = try spans(recorded)
        let events = try recorded.events()
        #expect(spans.count == events.count { TraceLines.types.contains($0.type) })
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

    @Test(arguments: fixtures)
    func noSpanIsThereTwice(fixture: String) async throws {
        let spans = try spans(try await RecordedStore(fixture))
        let ids = spans.compactMap { $0["spanId"]?.string }
        #expect(ids.count == spans.count && Set(ids).count == ids.count)
    }

    /// A job that failed and is asked for anew has a span for each attempt, and each has the calls that it made.
    @Test func anAttemptOfAJobIsASpanWithItsNumberAndItsCalls() async throws {
        let recorded = try await RecordedStore("queue-flow")
        let jobs = try spans(recorded).filter { $0["name"]?.string?.hasPrefix("job ") == true }
        let byJob = Dictionary(grouping: jobs) { attribute("cairn.job", $0)?["stringValue"]?.string ?? "" }
        let retried = byJob.values.filter { $0.count > 1 }
        #expect(!retried.isEmpty)
        for attempts in retried {
            let leased = attempts.filter { attribute("cairn.job.attempt", $0) != nil }
            for (one, next) in zip(leased, leased.dropFirst()) {
                let (end, start) = (one["endTimeUnixNano"]?.string, next["startTimeUnixNano"]?.string)
                #expect(Int64(end ?? "") ?? .max <= Int64(start ?? "") ?? .min, "\(one) ends before \(next)")
            }
        }
        let run = try spans(try await RecordedStore("failures-retries-kill"))
        let byID = Dictionary(grouping: run) { $0["spanId"]?.string ?? "" }
        let lost = run.filter { attribute("error.type", $0)?["stringValue"] == "lease_expired" }
        #expect(!lost.isEmpty, "the fixture has a killed worker")
        for call in run where call["kind"]?.int == 3 {
            let parent = try #require(call["parentSpanId"]?.string.flatMap { byID[$0]?.first })
            let (began, from) = (call["startTimeUnixNano"]?.string, parent["startTimeUnixNano"]?.string)
            #expect(Int64(from ?? "") ?? .max <= Int64(began ?? "") ?? .min, "a call begins in its attempt")
        }
    }

    @Test func aRunThatIsReopenedHasASpanForEachEnd() async throws {
        let recorded = try await RecordedStore("clean-run")
        let finished = try #require(try recorded.events().first { $0.type == EventType("run.finished") })
        let later = finished.time + .seconds(5)
        let reopened = NewEvent(
            type: EventType("run.reopened"), version: 1, time: later, data: Array(#"{"jobs":1}"#.utf8),
            metadata: finished.metadataBytes)
        let again = NewEvent(
            type: finished.type, version: finished.version, time: later + .seconds(1), data: finished.dataBytes,
            metadata: finished.metadataBytes)
        _ = try await recorded.log.append(
            Commit(stream: finished.stream, expected: .any, events: [reopened, again]))
        let runs = try spans(recorded).filter { $0["name"]?.string?.hasPrefix("run ") == true }
        #expect(runs.count == 2 && runs[0]["spanId"] != runs[1]["spanId"], "\(runs)")
        #expect(runs[0]["traceId"] == runs[1]["traceId"])
        #expect(runs[1]["startTimeUnixNano"] == .string("\(later.microseconds)000"))
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
