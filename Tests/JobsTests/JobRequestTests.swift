import CanonicalJSON
import Determinism
import Testing

@testable import Jobs

/// What a line of a file of jobs says of lengths of time.
@Suite struct JobRequestTests {
    private static func request(_ job: JSONValue) throws -> JobRequest {
        try JobRequest(job, at: 0) { _ in .standard }
    }

    @Test(arguments: [
        ("250ms" as JSONValue, Microseconds.milliseconds(250)), (0.25, .milliseconds(250)), ("90s", .seconds(90)),
        (90, .seconds(90)), ("2h", .hours(2)),
    ])
    func `a length of time is a text with its unit, or a number of seconds`(
        written: JSONValue, length: Microseconds
    ) throws {
        let request = try Self.request([
            "kind": "count", "timeout": written, "longestBackoff": written, "backoff": written,
            "unique": ["key": "k", "hold": written],
        ])
        #expect(request.timeout == length)
        #expect(request.retry.base == length && request.retry.cap == length)
        #expect(request.unique?.hold == .lasting(length))
    }

    @Test(arguments: ["0s" as JSONValue, "1 s", "1.5s", "s", "90", 0, -1, true])
    func `other lengths are refused with what to write`(written: JSONValue) {
        let problem = #expect(throws: SubmissionProblem.self) {
            try Self.request(["kind": "count", "timeout": written])
        }
        #expect(problem?.field == "timeout" && problem?.remedy.contains("\"90s\"") == true)
    }
}
