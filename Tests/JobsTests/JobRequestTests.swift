import CanonicalJSON
import Determinism
import Testing

@testable import Jobs

/// What a line of a file of jobs says of lengths of time.
@Suite struct JobRequestTests {
    private static func reading(_ job: JSONValue) -> JobReading { JobReading(job, at: 0) }

    @Test(arguments: [
        ("250ms" as JSONValue, Microseconds.milliseconds(250)), (0.25, .milliseconds(250)), ("90s", .seconds(90)),
        (90, .seconds(90)), ("2h", .hours(2)),
    ])
    func `a length of time is a text with its unit, or a number of seconds`(
        written: JSONValue, length: Microseconds
    ) {
        let reading = Self.reading([
            "kind": "count", "timeout": written, "longestBackoff": written, "backoff": written,
            "unique": ["key": "k", "hold": written],
        ])
        let request = reading.request
        #expect(reading.problems.isEmpty)
        #expect(request.timeout == length)
        #expect(request.retry.base == length && request.retry.cap == length)
        #expect(request.unique?.hold == .lasting(length))
    }

    @Test(arguments: ["0s" as JSONValue, "1 s", "1.5s", "s", "90", 0, -1, true])
    func `other lengths are refused with what to write`(written: JSONValue) {
        let problem = Self.reading(["kind": "count", "timeout": written]).problems.first
        #expect(problem?.field == "timeout" && problem?.remedy.contains("\"90s\"") == true)
    }

    @Test func `a job with several mistakes tells them all, and has what could be read`() {
        let reading = Self.reading([
            "kind": "two words", "name": "a", "after": ["b", 7, ["id": "x", "onFailure": "stop"]], "join": "anyFailed",
            "prio": 1, "priority": "1", "attempts": 0, "backoff": "1 s", "timeout": 0, "tags": ["t": 1],
        ])
        #expect(
            reading.problems.map(\.field) == [
                "prio", "after", "after.onFailure", "priority", "timeout", "tags.t", "attempts", "backoff",
            ])
        #expect(reading.isNameKnown && reading.request.name == "a")
        #expect(reading.request.after == [JobRequest.Parent(.name("b"))])
        // The kind was read; what it may be is told with what is wrong between jobs.
        #expect(SubmissionPlan.problems([reading.request], knowsAllNames: false).map(\.field) == ["kind"])
    }

    @Test func `what couldn't be read makes no second problem of what is judged by it`() {
        let readings = [
            Self.reading(["kind": 1, "unique": ["key": "k", "scope": "kind"]]),
            Self.reading(["queue": "", "kind": "a", "unique": "k"]), Self.reading(["kind": "a", "unique": "k"]),
            Self.reading(["kind": "a", "join": "anyFailed", "after": "a"]), Self.reading(["noop"]),
            Self.reading(["name": ""]),
        ]
        #expect(
            readings.map { $0.problems.map(\.field) } == [
                ["kind"], ["queue"], [], ["after"], ["the job"], ["kind", "name"],
            ])
        #expect(readings.map(\.isNameKnown) == [true, true, true, true, false, false])
        #expect(SubmissionPlan.problems(readings.map(\.request), knowsAllNames: false).isEmpty)
    }
}
