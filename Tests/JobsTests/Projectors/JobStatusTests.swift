import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Projections
import Testing

@testable import Jobs

@Suite struct JobStatusTests {
    private func row(_ events: [(Int64, JobEvent)]) throws -> JobStatusRow? {
        let log = MemoryLog()
        for (seconds, event) in events {
            try log.record([event.payload], in: Sample.stream(Sample.job(0)), at: Sample.at(seconds))
        }
        let view = MemoryView(JobStatus.self)
        try view.apply(log.events)
        let row = try view.tables.jobs.get(Sample.job(0))
        if let row {
            #expect(try view.tables.counts(of: Sample.run).map(\.state) == [row.state])
            #expect(try view.tables.counts(of: Sample.run).map(\.count) == [1])
        }
        return row
    }

    @Test func `tells a job's story in figures`() throws {
        let retry = JobRetryScheduled(attempt: 2, delay: .seconds(1), notBefore: Sample.at(4))
        let expired = JobLeaseExpired(
            attempt: 2, crashes: 1, deadline: Sample.at(100), reason: .workerGone, worker: Sample.a)
        let history: [(Int64, JobEvent)] = [
            (1, .submitted(Sample.submitted(0))), (2, Sample.leased()), (3, Sample.failed()),
            (3, .retryScheduled(retry)),
            (5, Sample.leased(attempt: 2)), (6, .leaseExpired(expired)), (7, Sample.leased(by: Sample.b, attempt: 2)),
            (9, .completed(JobCompleted(attempt: 2, result: ["turns": 5], worker: Sample.b))),
        ]
        let states = try (1...history.count).map { try #require(try row(Array(history.prefix($0)))).state }
        #expect(states == [.queued, .running, .retrying, .retrying, .running, .queued, .running, .completed])
        let last = try #require(try row(history))
        #expect(last.attempts == 2)
        #expect(last.crashes == 1)
        #expect(last.errorClass == nil)
        #expect((last.submitted, last.firstLeased, last.finished) == (Sample.at(1), Sample.at(2), Sample.at(9)))
        #expect(last.result == ["turns": 5])
        #expect(last.worker == Sample.b)
        #expect(try JobStatusRow(canonicalBytes: last.canonicalBytes()) == last)
    }

    @Test func `a failure keeps its class and message, a skip names the root cause`() throws {
        let failed = try #require(
            try row([
                (1, .submitted(Sample.submitted(0))), (2, Sample.leased()), (3, Sample.failed(final: true)),
            ]))
        #expect((failed.state, failed.errorClass, failed.errorMessage) == (.failed, "serverError", "HTTP 500"))
        #expect(failed.finished == Sample.at(3))
        let skipped = try #require(
            try row([
                (1, .submitted(Sample.submitted(0))),
                (2, .skipped(JobSkipped(rootCause: Sample.job(7), rootClass: "auth"))),
            ]))
        #expect((skipped.state, skipped.errorClass) == (.skipped, "auth"))
        #expect(skipped.errorMessage?.contains("j7") == true)
    }
}
