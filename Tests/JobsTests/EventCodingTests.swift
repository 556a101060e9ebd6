import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Testing

@testable import Jobs

@Suite struct EventCodingTests {
    static let samples: [any EventPayload] = [
        WorkerStarted(concurrency: 4, run: Sample.run), WorkerDrainRequested(reason: .signal),
        WorkerStopped(reason: .finished), Sample.submitted(3, after: [Sample.job(1)]),
        JobLeased(attempt: 1, deadline: Sample.at(9), worker: Sample.a),
        JobLeaseRenewed(attempt: 1, deadline: Sample.at(9), worker: Sample.a),
        JobCompleted(attempt: 1, result: ["turns": 5], worker: Sample.a),
        JobFailed(attempt: 1, class: "timeout", final: false, message: "slow", retryable: true, worker: Sample.a),
        JobRetryScheduled(attempt: 2, delay: .seconds(1), notBefore: Sample.at(2)),
        JobLeaseExpired(attempt: 1, crashes: 2, deadline: Sample.at(9), reason: .deadline, worker: Sample.a),
        JobReleased(attempt: 1, worker: Sample.a), JobSkipped(rootCause: Sample.job(1), rootClass: "auth"),
        JobRetryRequested(by: "me"),
    ]

    @Test func `every event of the families has a sample here`() {
        let known = (WorkerEvent.types + JobEvent.types).map { $0.type.text }.sorted()
        #expect(Self.samples.map { type(of: $0).type.text }.sorted() == known)
    }

    @Test(arguments: samples.indices)
    func `is read back from its canonical form, and not with anything more, less or else`(index: Int) throws {
        try check(Self.samples[index])
    }

    private func check<P: EventPayload>(_ sample: P) throws {
        let bytes = sample.canonicalBytes()
        #expect(try P(canonicalBytes: bytes) == sample)
        let object = try #require(try JSONParser.parse(bytes).object)
        for key in object.keys {
            var less = object
            less[key] = nil
            #expect(throws: JSONError.self) { try P(canonicalBytes: JSONValue.object(less).canonicalBytes()) }
            var other = object
            other[key] = .null
            #expect(throws: JSONError.self) { try P(canonicalBytes: JSONValue.object(other).canonicalBytes()) }
        }
        var more = object
        more["zzz"] = 1
        #expect(throws: JSONError.self) { try P(canonicalBytes: JSONValue.object(more).canonicalBytes()) }
    }

    @Test(arguments: ["", "a b", "ä", "a/b", String(repeating: "x", count: 121)])
    func `an id is 1 to 120 letters, digits and a few signs`(text: String) {
        #expect(JobID(rawValue: text) == nil)
        #expect(throws: JSONError.self) { try JobID(canonicalBytes: JSONValue.string(text).canonicalBytes()) }
    }

    @Test func `ids of the same content are equal, and of two kinds they differ`() {
        #expect(JobID(identifying: ["a", "b"]) == JobID(identifying: ["a", "b"]))
        #expect(JobID(identifying: ["a", "b"]) != JobID(identifying: ["ab"]))
        #expect(JobID(identifying: ["a"]).rawValue != RunID(identifying: ["a"]).rawValue)
    }

    @Test func `a message is cut to what an event may hold, and never empty`() {
        let failed = JobFailed(
            attempt: 1, class: "timeout", final: true, message: String(repeating: "é", count: 900), retryable: false,
            worker: Sample.a)
        #expect(failed.message.unicodeScalars.count == 500)
        #expect("".prefix(codePoints: 10) == "(no message)")
    }
}
