import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Projections
import Testing

@testable import Jobs

@Suite struct JobQueueTests {
    private var history = JobQueueHistory()

    private func at(_ number: Int) throws -> (place: QueuePlace, state: QueueState)? {
        try history.row(number).map { ($0.place, $0.state) }
    }

    @Test mutating func `jobs of experiments aren't in it`() throws {
        try history.record(Sample.submitted(), in: Sample.stream(Sample.job(0)))
        try history.record(Sample.leased().payload, in: Sample.stream(Sample.job(0)))
        #expect(try history.tables.jobs.scan().isEmpty)
        #expect(try history.tables.allQueues().isEmpty)
    }

    @Test mutating func `a job goes from ready to running to completed`() throws {
        try history.accept(1)
        try history.submit(0)
        #expect(try history.state(0) == .ready)
        history.now = 5
        try history.lease(0)
        #expect(try at(0)?.place == .running(Sample.a))
        history.now = 9
        try history.handle(0, .complete(by: Sample.a, at: Sample.at(9), result: [:]))
        let row = try #require(try history.row(0))
        #expect(row.state == .completed)
        #expect(row.submitted == Sample.at(0))
        #expect(row.started == Sample.at(5))
        #expect(row.finished == Sample.at(9))
        #expect(row.worker == Sample.a)
        #expect(try history.places()[JobQueueHistory.id(0)] == ["ended"])
        #expect(try history.tables.counts() == Self.counts { $0.completed = 1 })
        #expect(try history.tables.submission(JobQueueHistory.run)?.finished == Sample.at(9))
    }

    private static func counts(_ body: (inout QueueCounts) -> Void) -> QueueCounts {
        var counts = QueueCounts()
        body(&counts)
        return counts
    }

    @Test mutating func `a failed job asks for a decision, waits for its time, and is dead when it failed too often`()
        throws
    {
        try history.submit(0)
        try history.fail(0, class: "timeout", retryable: true)
        let failure = try #require(history.last[0]?.position)
        #expect(try history.row(0)?.unsettled == .retry(after: failure))
        #expect(try history.state(0) == .retrying)
        try history.handle(0, .recordLate(JobResultLate(attempt: 1, class: "late", result: nil, worker: Sample.b)))
        #expect(try history.row(0)?.unsettled == .retry(after: failure))
        #expect(try history.row(0)?.lateResults == 1)
        try history.handle(0, .scheduleRetry(at: Sample.at(0), delay: .seconds(4)))
        #expect(try at(0)?.place == .timed(Sample.at(4)))
        #expect(try at(0)?.state == .retrying)
        history.now = 4
        try history.fail(0, class: "timeout", retryable: true)
        let row = try #require(try history.row(0))
        #expect(row.state == .dead)
        #expect(row.errorClass == "timeout")
        #expect(row.errorMessage == "no luck")
        #expect(row.failures == 2)
        try history.retry(0)
        #expect(try history.row(0)?.spent == 0)
        #expect(try history.row(0)?.failures == 2)
        #expect(try history.state(0) == .ready)
        #expect(try history.row(0)?.finished == nil)
    }

    @Test mutating func `a job that was put off is scheduled, and says what it waits for`() throws {
        try history.submit(0)
        try history.lease(0)
        try history.handle(
            0, .putOff(by: Sample.a, at: Sample.at(1), until: Sample.at(30), reason: "provider x is full"))
        let row = try #require(try history.row(0))
        #expect(row.state == .scheduled)
        #expect(row.place == .timed(Sample.at(30)))
        #expect(row.deferrals == 1)
        #expect(row.errorMessage == "provider x is full")
    }

    @Test mutating func `a job isn't ready before its time, and an event that comes later shows that it is past`()
        throws
    {
        history.now = 10
        try history.submit(0, QueueTerms(notBefore: Sample.at(20)))
        try history.submit(1, QueueTerms(notBefore: Sample.at(10)))
        try history.submit(2, QueueTerms(notBefore: Sample.at(20), parents: [ParentRange(JobQueueHistory.id(1))]))
        try history.submit(3, QueueTerms(notBefore: Sample.at(40), parents: [ParentRange(JobQueueHistory.id(1))]))
        #expect(try at(0)?.place == .timed(Sample.at(20)))
        #expect(try at(0)?.state == .scheduled)
        #expect(try at(1)?.place == .ready)
        history.now = 30
        try history.complete(1)
        #expect(try at(2)?.place == .ready)
        #expect(try at(3)?.place == .timed(Sample.at(40)))
        try history.lease(0)
        try history.handle(0, .release(by: Sample.a, at: Sample.at(30)))
        #expect(try at(0)?.place == .ready)
    }

    @Test mutating func `lost leases, crashes, releases and unlocks make a job ready again`() throws {
        try history.submit(0)
        try history.lease(0)
        try history.handle(0, .release(by: Sample.a, at: Sample.at(0)))
        #expect(try history.state(0) == .ready)
        try history.lease(0)
        try history.handle(0, .expire(from: Sample.a, at: Sample.at(0), reason: .workerGone, policy: Sample.lease))
        #expect(try history.state(0) == .ready)
        try history.lease(0)
        try history.handle(0, .unlock(by: "me", note: nil))
        #expect(try history.state(0) == .ready)
        try history.lease(0)
        try history.handle(0, .crash(by: Sample.a, at: Sample.at(0), message: "signal 9", policy: Sample.lease))
        let row = try #require(try history.row(0))
        #expect(row.state == .ready)
        #expect(row.errorMessage == "signal 9")
        #expect((row.deferrals, row.crashes, row.hangs, row.failures) == (1, 2, 1, 0))
    }

    @Test mutating func `a running job says how far it has come, and its lease stays the cause of what follows`() throws
    {
        try history.submit(0)
        try history.lease(0)
        let lease = history.last[0]?.position
        try history.handle(0, .report(by: Sample.a, at: Sample.at(1), thousandths: 250, message: "a quarter"))
        let row = try #require(try history.row(0))
        #expect(row.progress == QueueRow.Progress(message: "a quarter", thousandths: 250))
        #expect(row.turned == lease)
        #expect(row.lastPosition == history.last[0]?.position)
    }

    @Test mutating func `a cancelled job that ran has ended, and what its worker still says is evidence`() throws {
        try history.submit(0, QueueTerms(deadline: Sample.at(50)))
        try history.lease(0)
        #expect(try history.tables.pastDeadline(at: Sample.at(50), limit: 9).map(\.id) == [JobQueueHistory.id(0)])
        try history.cancel(0)
        #expect(try at(0)?.place == .ended)
        #expect(try history.state(0) == .cancelled)
        #expect(try history.tables.pastDeadline(at: Sample.at(50), limit: 9).isEmpty)
        let stream = try JobQueueHistory.stream(0)
        try history.record(JobProgressed(attempt: 1, message: nil, thousandths: 900, worker: Sample.a), in: stream)
        try history.record(JobResultLate(attempt: 1, class: nil, result: [:], worker: Sample.a), in: stream)
        let row = try #require(try history.row(0))
        #expect(row.state == .cancelled)
        #expect(row.progress == nil)
        #expect(row.lateResults == 1)
        #expect(row.finished == Sample.at(0))
        try history.retry(0)
        #expect(try history.tables.pastDeadline(at: Sample.at(50), limit: 9).map(\.id) == [JobQueueHistory.id(0)])
    }

    @Test mutating func `a queue keeps what an operator set for it`() throws {
        let stream = try StreamName(category: "queue", id: "q")
        try history.record(QueueConfigured(by: "me", concurrency: 3, isDraining: true), in: stream)
        history.now = 7
        try history.record(QueuePaused(by: "you", note: "too hot"), in: stream)
        try history.submit(0)
        var queue = try #require(try history.tables.queue("q"))
        #expect(queue.concurrency == 3)
        #expect(queue.isDraining)
        #expect(queue.pause == QueueSummary.Pause(by: "you", note: "too hot", since: Sample.at(7)))
        #expect(queue.counts.ready == 1)
        try history.record(QueueResumed(by: "me"), in: stream)
        queue = try #require(try history.tables.queue("q"))
        #expect(queue.pause == nil)
    }

    @Test mutating func `workers of queues start, drain and stop, and those of runs aren't here`() throws {
        let stream = try StreamName(category: "worker", id: "a")
        try history.record(WorkerStarted(concurrency: 8, queues: ["q"], host: "h", process: 42), in: stream)
        try history.record(
            WorkerStarted(concurrency: 8, run: Sample.run), in: StreamName(category: "worker", id: "b"))
        #expect(try history.tables.startedWorkers().map(\.id) == [Sample.a])
        history.now = 3
        try history.record(WorkerDrainRequested(reason: .signal), in: stream)
        history.now = 4
        try history.record(WorkerStopped(reason: .drained), in: stream)
        let worker = try #require(try history.tables.worker(Sample.a))
        #expect(worker.queues == ["q"])
        #expect((worker.host, worker.process, worker.concurrency) == ("h", 42, 8))
        #expect((worker.draining, worker.stopped, worker.stopReason) == (Sample.at(3), Sample.at(4), .drained))
        #expect(try history.tables.startedWorkers().isEmpty)
    }

    @Test mutating func `a submission is finished when its last job has ended, and not when one is asked for anew`()
        throws
    {
        try history.accept(2)
        try history.submit(0)
        try history.complete(0)
        #expect(try history.tables.submission(JobQueueHistory.run)?.finished == nil)
        try history.submit(1)
        history.now = 8
        try history.cancel(1)
        #expect(try history.tables.submission(JobQueueHistory.run)?.finished == Sample.at(8))
        try history.retry(1)
        #expect(try history.tables.submission(JobQueueHistory.run)?.finished == nil)
    }
}
