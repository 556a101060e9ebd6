import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Jobs
import Projections
import Providers
import Testing

@testable import Calls

/// Records a history of the sample call.
private func history(_ events: [CallEvent], turn: Int = 0, in log: MemoryLog = MemoryLog()) throws -> MemoryLog {
    let id = CallID(job: Sample.job, purpose: .probe, turn: turn)
    let stream = try StreamName(category: "call", id: id.rawValue)
    for event in events {
        try log.record(
            [event.payload], in: stream, at: Sample.at(5),
            metadata: EventMetadata(job: Sample.job.rawValue, run: Sample.run.rawValue))
    }
    return log
}

@Suite struct TranscriptsTests {
    private func row(_ events: [CallEvent]) throws -> TranscriptRow {
        let view = MemoryView(Transcripts.self)
        try view.apply(try history(events).events)
        return try #require(try view.tables.turns(of: Sample.job, in: Sample.run).first)
    }

    private let retry = CallEvent.retryDecided(CallRetryDecided(attempt: 2, delay: .zero, notBefore: Sample.at(0)))
    private let unknown = CallEvent.outcomeUnknown(CallOutcomeUnknown(attempt: 1, started: Position(0)))

    @Test func `tells what became of each question`() throws {
        let story = [
            Sample.started(), unknown, retry, Sample.started(2), .failed(Sample.failed(2)), retry, Sample.started(3),
            .completed(Sample.completed(3)),
        ]
        let states = try (1...story.count).map { try row(Array(story.prefix($0))).state }
        #expect(
            states == [
                .inFlight, .outcomeUnknown, .retrying, .inFlight, .failed, .retrying, .inFlight, .answered,
            ])
        #expect(try row(Array(story.prefix(5))).errorClass == "serverError")
        let last = try row(story)
        #expect((last.attempts, last.unknown, last.errorClass) == (3, 1, nil))
        #expect((last.finish, last.cost, last.modelAnswered) == (.stop, 37_000, "m-1"))
        #expect(last.usage == Usage(input: 31, output: 3))
        #expect(try TranscriptRow(canonicalBytes: last.canonicalBytes()) == last)
    }

    @Test func `reads the answer from its body, if that is there`() throws {
        let answered = try row([Sample.started(), .completed(Sample.completed())])
        #expect(answered.answer { $0 == Digest(of: Sample.body) ? Sample.body : nil } == "Seven.")
        #expect(answered.answer { _ in nil } == nil)
        #expect(try row([Sample.started()]).answer { _ in Sample.body } == nil)
    }

    @Test func `turns come in the order of the conversation`() throws {
        let log = MemoryLog()
        for turn in [1, 0, 2] {
            var intent = Sample.intent().started(attempt: 1)
            intent = CallStarted(
                adapter: intent.adapter, attempt: 1, endpoint: intent.endpoint, job: intent.job, model: intent.model,
                provider: intent.provider, purpose: .probe, request: intent.request, turn: turn, worker: intent.worker)
            _ = try history([.started(intent)], turn: turn, in: log)
        }
        let view = MemoryView(Transcripts.self)
        try view.apply(log.events)
        #expect(try view.tables.turns(of: Sample.job, in: Sample.run).map(\.turn) == [0, 1, 2])
    }
}

@Suite struct CallUsageTests {
    @Test func `adds up calls, failures, tokens and cost`() throws {
        let retry = CallEvent.retryDecided(CallRetryDecided(attempt: 2, delay: .zero, notBefore: Sample.at(0)))
        let log = try history([
            Sample.started(), .failed(Sample.failed()), retry, Sample.started(2), .completed(Sample.completed(2)),
        ])
        _ = try history(
            [
                Sample.started(), .outcomeUnknown(CallOutcomeUnknown(attempt: 1, started: Position(5))), retry,
                Sample.started(2), .completed(Sample.completed(2, total: 2_000)),
            ], turn: 1, in: log)
        let view = MemoryView(CallUsage.self)
        try view.apply(log.events)
        let rows = try view.tables.rows(of: Sample.run)
        let (key, row) = try #require(rows.first)
        #expect(rows.count == 1)
        #expect((key.provider, key.model, key.purpose) == ("simulated", "m", .probe))
        #expect((row.attempts, row.calls, row.failures, row.unknown) == (4, 2, 1, 1))
        #expect((row.tokens.input, row.tokens.output, row.cost, row.withoutCost) == (62, 6, 74_000, 0))
        #expect(
            (row.latency.least, row.latency.greatest, row.latency.mean) == (
                Microseconds(900), Microseconds(2_000), Microseconds(1_450)
            ))
        #expect(try UsageRow(canonicalBytes: row.canonicalBytes()) == row)
    }
}

@Suite struct LatencyHistogramTests {
    @Test func `every duration is in the bucket whose bounds enclose it`() {
        var generator = SeededGenerator(seed: 41)
        for _ in 0..<2_000 {
            let duration = Int64(generator.uniform(below: 1 << (1 + generator.uniform(below: 40))))
            let bucket = LatencyHistogram.bucket(of: duration)
            #expect(duration <= LatencyHistogram.upperBound(of: bucket), "\(duration)")
            #expect(bucket == 0 || duration > LatencyHistogram.upperBound(of: bucket - 1), "\(duration)")
        }
    }

    @Test func `percentiles are off by an eighth at most`() throws {
        var histogram = LatencyHistogram()
        for duration in 1...1_000 { histogram.add(Microseconds(Int64(duration) * 100)) }
        for percent in [1, 50, 95, 99, 100] {
            let exact = Int64(percent) * 1_000
            let found = try #require(histogram.percentile(percent)).count
            #expect(found >= exact && found <= exact + exact / 8, "\(percent)%: \(found), exactly \(exact)")
        }
        #expect(LatencyHistogram().percentile(50) == nil)
    }
}
