import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Projections
import Testing

@testable import Jobs

@Suite struct ReadyQueueTests {
    private let log = MemoryLog()

    private func record(_ job: Int, _ events: JobEvent..., at seconds: Int64 = 0) throws {
        for event in events {
            try log.record([event.payload], in: Sample.stream(Sample.job(job)), at: Sample.at(seconds))
        }
    }

    private func tables() throws -> ReadyQueue.Tables {
        let view = MemoryView(ReadyQueue.self)
        try view.apply(log.events)
        return view.tables
    }

    private func ready(_ lane: String = "openai") throws -> [JobID] {
        var found: [JobID] = []
        try tables().forEachReady(of: Sample.run, in: lane) { id, _ in
            found.append(id)
            return true
        }
        return found
    }

    private func counts() throws -> JobCounts { try tables().counts(of: Sample.run) }

    @Test func `lists ready jobs in the order of the plan, lane by lane`() throws {
        for number in [3, 1, 2] { try record(number, .submitted(Sample.submitted(number))) }
        try record(0, .submitted(Sample.submitted(0, lane: "slow")))
        #expect(try ready() == [1, 2, 3].map(Sample.job))
        #expect(try ready("slow") == [Sample.job(0)])
        #expect(try tables().lanesWithWork(of: Sample.run) == ["openai", "slow"])
        #expect(try counts().ready == 4)
    }

    @Test func `a child is ready when its last parent is completed, whoever was submitted first`() throws {
        try record(2, .submitted(Sample.submitted(2, after: [Sample.job(0), Sample.job(1)])))
        try record(0, .submitted(Sample.submitted(0)), Sample.leased(), completed())
        try record(1, .submitted(Sample.submitted(1)), Sample.leased())
        #expect(try ready() == [])
        #expect(try counts().waiting == 1)
        try record(1, completed())
        #expect(try ready() == [Sample.job(2)])
        try record(3, .submitted(Sample.submitted(3, after: [Sample.job(0)])))
        #expect(try ready() == [2, 3].map(Sample.job))
    }

    private func completed() -> JobEvent {
        .completed(JobCompleted(attempt: 1, result: [:], worker: Sample.a))
    }

    @Test func `a child of a job that failed for good is doomed, and its child when it is skipped`() throws {
        try record(0, .submitted(Sample.submitted(0)), Sample.leased(), Sample.failed(final: true))
        try record(1, .submitted(Sample.submitted(1, after: [Sample.job(0)])))
        try record(2, .submitted(Sample.submitted(2, after: [Sample.job(1)])))
        var unsettled = try tables().unsettled(of: Sample.run, limit: 10)
        #expect(unsettled.map(\.0) == [Sample.job(1)])
        #expect(
            unsettled.first?.1.doom
                == Doom(cause: Position(2), rootCause: Sample.job(0), rootClass: "serverError"))
        try record(1, .skipped(JobSkipped(rootCause: Sample.job(0), rootClass: "serverError")))
        unsettled = try tables().unsettled(of: Sample.run, limit: 10)
        #expect(unsettled.map(\.0) == [Sample.job(2)])
        #expect(unsettled.first?.1.doom?.cause == Position(5))
        try record(0, .retryRequested(JobRetryRequested(by: "me")))
        try record(1, .retryRequested(JobRetryRequested(by: "me")))
        #expect(try tables().unsettled(of: Sample.run, limit: 10).isEmpty)
        #expect(try counts().waiting == 2)
    }

    @Test func `a failed job is unsettled until its retry is decided, and then waits for its time`() throws {
        try record(0, .submitted(Sample.submitted(0)), Sample.leased(), Sample.failed())
        #expect(try tables().unsettled(of: Sample.run, limit: 10).map(\.0) == [Sample.job(0)])
        let retry = JobRetryScheduled(attempt: 2, delay: .seconds(4), notBefore: Sample.at(9))
        try record(0, .retryScheduled(retry))
        let retrying = try tables().retrying(of: Sample.run, limit: 10)
        #expect(retrying.map(\.1.place) == [.retrying(notBefore: Sample.at(9))])
        #expect(retrying.first?.1.progress.attempt == 2)
    }

    @Test func `shows whose the running jobs are`() throws {
        try record(0, .submitted(Sample.submitted(0)), Sample.leased(by: Sample.a))
        try record(1, .submitted(Sample.submitted(1)), Sample.leased(by: Sample.b))
        #expect(try tables().runningElsewhere(than: Sample.a, of: Sample.run, limit: 10).map(\.0) == [Sample.job(1)])
        #expect(try tables().leases(of: Sample.a, in: Sample.run) == 1)
        try record(1, .released(JobReleased(attempt: 1, worker: Sample.b)))
        #expect(try tables().runningElsewhere(than: Sample.a, of: Sample.run, limit: 10).isEmpty)
        #expect(try ready() == [Sample.job(1)])
    }

    @Test(arguments: [21, 22, 23] as [UInt64])
    func `counts and places agree with the streams, after any history`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var states: [Int: Job.State] = [:]
        for step in 0..<600 {
            let number = Int(generator.uniform(below: 30))
            let command = Self.command(&generator, number, at: Sample.at(Int64(step)))
            guard case .success(let events) = decide(command, states[number] ?? .absent) else { continue }
            for event in events {
                try record(number, event)
                states[number] = Job.evolve(states[number] ?? .absent, event)
            }
        }
        let tables = try tables()
        let counts = try tables.counts(of: Sample.run)
        #expect(counts.total == states.count)
        for (number, state) in states {
            guard case .known(let job) = state else { continue }
            let row = try tables.jobs.get(Sample.job(number))
            if case .completed = job.stage {
                #expect(row == nil)
            } else {
                #expect(row?.progress == job, "seed \(seed), job \(number)")
                #expect(try tables.ready.scan().contains { $0.row == Sample.job(number) } == (row?.place == .ready))
            }
        }
    }

    private func decide(_ command: Job.Command, _ state: Job.State) -> Result<[JobEvent], Job.Refusal> {
        do throws(Job.Refusal) { return .success(try Job.decide(command, state)) } catch { return .failure(error) }
    }

    private static func command(
        _ generator: inout SeededGenerator, _ number: Int, at now: Timestamp
    ) -> Job.Command {
        switch generator.uniform(below: 9) {
        case 0, 1: .submit(Sample.submitted(number, after: number > 10 ? [Sample.job(number - 10)] : []))
        case 2, 3: .lease(to: Sample.a, at: now, for: .seconds(1_000))
        case 4: .complete(by: Sample.a, at: now, result: [:])
        case 5: .fail(by: Sample.a, at: now, class: "timeout", message: "slow", retryable: true)
        case 6: .scheduleRetry(at: now, delay: .zero)
        case 7: .expire(from: Sample.a, at: now, reason: .workerGone, policy: Sample.lease)
        default: .requestRetry(by: "me")
        }
    }
}
