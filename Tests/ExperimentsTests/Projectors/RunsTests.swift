import Calls
import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Experiments
import Foundation
import HTTPTransport
import Jobs
import Projections
import Providers
import Testing

@Suite("Runs")
struct RunsTests {
    /// More of them in the long mode.
    private static let seeds = 0..<(ProcessInfo.processInfo.environment["CAIRN_LONG"] == nil ? UInt64(10) : 200)

    @Test("whatever happens to jobs, the counts add up and agree with every job's own stream", arguments: seeds)
    func randomWalk(seed: UInt64) throws {
        // The seed is the argument, so a failure names it.
        var walk = try Walk(seed: seed, isJudged: seed % 4 != 0)
        for _ in 0..<100 {
            try walk.step()
            try walk.check()
        }
    }

    @Test("a cell that is missing says why, with the class and message of the job that failed")
    func reasons() throws {
        var walk = try Walk(seed: 1, isJudged: true)
        try walk.submitAll()
        let (probe, judge) = (walk.plan.jobs[0].id, walk.plan.jobs[1].id)
        try walk.fail(probe, class: "auth", message: "401: invalid_api_key", retryable: false)
        try walk.apply(.skip(JobSkipped(rootCause: probe, rootClass: "auth")), to: judge)
        let cell = try #require(try walk.cells().first { $0.job == judge })
        #expect(cell.status == .skipped)
        #expect(cell.rootCause == probe)
        #expect(cell.class == "auth")
        #expect(cell.message == "401: invalid_api_key")
        #expect(cell.settled != nil)
    }

    @Test("a cell is unknown from a lost call until something newer is known of it")
    func unknown() throws {
        var walk = try Walk(seed: 2, isJudged: true)
        try walk.submitAll()
        let probe = walk.plan.jobs[0].id
        try walk.lease(probe)
        try walk.startCall(of: probe)
        #expect(try walk.row().cells.unknown == 0)
        try walk.expire(probe)
        #expect(try walk.row().cells.unknown == 1)
        try walk.lease(probe)
        #expect(try walk.row().cells.unknown == 1)
        try walk.startCall(of: probe)
        #expect(try walk.row().cells.unknown == 0)
    }

    @Test("a run's stage follows its events")
    func stages() throws {
        var walk = try Walk(seed: 3, isJudged: false)
        #expect(try walk.row().stage == .submitting)
        try walk.submitAll()
        try walk.record(RunJobsSubmitted(jobs: walk.plan.jobs.count))
        #expect(try walk.row().stage == .working)
        try walk.record(RunDrained(outstanding: 3))
        #expect(try walk.row().stage == .drained)
        try walk.record(RunFinished(cells: CellCounts(done: 3, failed: 1), outcome: .incomplete))
        #expect(try walk.row().stage == .incomplete)
        #expect(try walk.row().finished != nil)
        try walk.record(RunReopened(jobs: 1))
        #expect(try walk.row().stage == .working)
        #expect(try walk.row().finished == nil)
    }

    /// A run whose first worker was asked to end.
    private func drained() throws -> Walk {
        var walk = try Walk(seed: 3, isJudged: false)
        try walk.submitAll()
        try walk.record(RunJobsSubmitted(jobs: walk.plan.jobs.count))
        try walk.start("first")
        try walk.record(RunDrained(outstanding: 3))
        try walk.stop("first", .drained)
        return walk
    }

    @Test("a drained run that somebody goes on with is at work again, even if that process is killed")
    func resumed() throws {
        var walk = try drained()
        #expect(try walk.row().stage == .drained)
        #expect(try walk.workers().isEmpty)
        try walk.start("second")
        #expect(try walk.row().stage == .working)
        #expect(try walk.workers() == [WorkerID(identifying: ["second"])])
    }

    @Test("a run that is drained again with as much left, which has no event of its own, is drained again")
    func drainedAgain() throws {
        var walk = try drained()
        try walk.start("second")
        try walk.stop("second", .drained)
        #expect(try walk.row().stage == .drained)
        try walk.start("third")
        try walk.stop("third", .failed)
        #expect(try walk.row().stage == .working)
    }

    @Test("a worker changes no stage of a run that is being submitted, was stopped, or is finished")
    func otherStages() throws {
        var walk = try Walk(seed: 3, isJudged: false)
        try walk.start("first")
        try walk.stop("first", .drained)
        #expect(try walk.row().stage == .submitting)
        try walk.submitAll()
        try walk.record(RunJobsSubmitted(jobs: walk.plan.jobs.count))
        let none = Spending()
        try walk.record(
            RunStopped(budget: Budget(maxCalls: 1), end: .first, reserved: none, spent: none, wanted: none))
        try walk.start("second")
        try walk.stop("second", .drained)
        #expect(try walk.row().stage == .stopped)
        try walk.record(RunDrained(outstanding: 3))
        try walk.start("third")
        #expect(try walk.row().stage == .stopped, "its budget is used up as before")
        try walk.record(RunFinished(cells: CellCounts(done: 3, failed: 1), outcome: .incomplete))
        try walk.stop("third", .drained)
        #expect(try walk.row().stage == .incomplete)
    }
}

/// Jobs of one run, moved on at random by their own decider, with the read model beside them.
private struct Walk {
    let plan: JobPlan
    private let log = MemoryLog()
    private let view = MemoryView(Runs.self)
    private var generator: SeededGenerator
    private var states: [JobID: Job.State] = [:]
    private var calls: [JobID: CallID] = [:]
    /// What the latest call of each job came to, kept without the projector.
    private var lost: Set<JobID> = []
    private var open: Set<JobID> = []
    private var now = Timestamp(microseconds: 1_000_000)
    private let worker = WorkerID(identifying: ["worker"])

    init(seed: UInt64, isJudged: Bool) throws {
        generator = SeededGenerator(seed: seed)
        let definition = JobPlanTests.definition(judges: isJudged ? [JobPlanTests.judge] : [])
        let run = JobPlan.runID(of: definition.digest)
        plan = JobPlan(definition, run: run)
        for job in plan.jobs { states[job.id] = .absent }
        try record(
            RunSubmitted(
                cells: plan.cells, definition: definition.digest, experiment: definition.name, jobs: plan.jobs.count))
    }

    mutating func record(_ payload: any EventPayload) throws {
        now = now + .seconds(1)
        try view.apply(log.record([payload], in: StreamName(category: "run", id: plan.run.rawValue), at: now))
    }

    mutating func start(_ worker: String) throws {
        try record(WorkerStarted(concurrency: 4, run: plan.run), of: worker)
    }

    mutating func stop(_ worker: String, _ reason: WorkerStopped.Reason) throws {
        try record(WorkerStopped(reason: reason), of: worker)
    }

    private mutating func record(_ payload: any EventPayload, of worker: String) throws {
        now = now + .seconds(1)
        let stream = try StreamName(category: "worker", id: WorkerID(identifying: [worker]).rawValue)
        try view.apply(log.record([payload], in: stream, at: now, metadata: EventMetadata(run: plan.run.rawValue)))
    }

    func workers() throws -> [WorkerID] { try view.tables.workers.scan().map(\.key) }

    mutating func submitAll() throws { for job in plan.jobs { try submit(job) } }

    private mutating func submit(_ job: PlannedJob) throws {
        let submission = JobSubmitted(
            after: job.after, kind: job.kind, labels: job.labels, lane: job.lane, maxAttempts: 2, ordinal: job.ordinal,
            run: plan.run)
        try apply(.submit(submission), to: job.id)
    }

    /// Applies a command if the decider lets it.
    mutating func apply(_ command: Job.Command, to id: JobID) throws {
        let before = states[id, default: .absent]
        guard let events = try? Job.decide(command, before), !events.isEmpty else { return }
        states[id] = Job.fold(events, from: before)
        for event in events {
            switch event {
            case .leaseExpired: if open.remove(id) != nil { lost.insert(id) }
            case .completed, .failed, .skipped: settleCall(id)
            case .submitted, .leased, .leaseRenewed, .released, .retryScheduled, .retryRequested, .progressed,
                .resultLate, .cancelled, .crashed, .deferred, .unlocked, .keyLost:
                break
            }
        }
        let recorded = try log.record(
            events.map(\.payload), in: StreamName(category: "job", id: id.rawValue), at: now,
            metadata: EventMetadata(job: id.rawValue, run: plan.run.rawValue))
        try view.apply(recorded)
    }

    private mutating func settleCall(_ id: JobID) {
        open.remove(id)
        lost.remove(id)
    }

    mutating func lease(_ id: JobID) throws { try apply(.lease(to: worker, at: now, for: .seconds(60)), to: id) }

    mutating func expire(_ id: JobID) throws {
        try apply(
            .expire(from: worker, at: now, reason: .workerGone, policy: LeasePolicy(length: .seconds(60))), to: id)
    }

    mutating func fail(_ id: JobID, class: String, message: String, retryable: Bool) throws {
        try lease(id)
        try apply(.fail(by: worker, at: now, class: `class`, message: message, retryable: retryable), to: id)
    }

    mutating func startCall(of id: JobID) throws {
        guard case .known(let job) = states[id], case .leased = job.stage else { return }
        let call = CallID(job: id, purpose: .probe, turn: 0)
        let started = CallStarted(
            adapter: "openai.chat", attempt: 1, endpoint: "http://simulated/v1", job: id, model: "m",
            provider: "simulated", purpose: .probe, request: Digest(of: "request"), turn: 0, worker: worker)
        try recordCall(started, call, of: id)
        calls[id] = call
        lost.remove(id)
        open.insert(id)
    }

    private mutating func endCall(of id: JobID, isUnknown: Bool) throws {
        guard let call = calls[id], open.contains(id) || lost.contains(id) else { return }
        if isUnknown {
            try recordCall(CallOutcomeUnknown(attempt: 1, started: .first), call, of: id)
            open.remove(id)
            lost.insert(id)
        } else {
            let failure = TransportFailure(kind: .reset, message: "reset", partialBody: nil, total: .zero)
            let error = ProviderError(class: .network, detail: "reset")
            try recordCall(CallFailed(attempt: 1, evidence: .transport(failure), error: error), call, of: id)
            settleCall(id)
        }
    }

    private func recordCall(_ payload: any EventPayload, _ call: CallID, of id: JobID) throws {
        try view.apply(
            log.record(
                [payload], in: StreamName(category: "call", id: call.rawValue), at: now,
                metadata: EventMetadata(job: id.rawValue, run: plan.run.rawValue)))
    }

    mutating func step() throws {
        now = now + .seconds(1)
        let job = plan.jobs[Int(generator.uniform(below: UInt64(plan.jobs.count)))]
        switch generator.uniform(below: 12) {
        case 0, 1: try submit(job)
        case 2, 3: try lease(job.id)
        case 4: try apply(.complete(by: worker, at: now, result: .object([:])), to: job.id)
        case 5: try apply(.fail(by: worker, at: now, class: "timeout", message: "slow", retryable: true), to: job.id)
        case 6: try apply(.scheduleRetry(at: now, delay: .zero), to: job.id)
        case 7: try expire(job.id)
        case 8: try apply(.skip(JobSkipped(rootCause: plan.jobs[0].id, rootClass: "auth")), to: job.id)
        case 9: try apply(.requestRetry(by: "test"), to: job.id)
        case 10: try startCall(of: job.id)
        default: try endCall(of: job.id, isUnknown: generator.uniform(below: 2) == 0)
        }
    }

    func row() throws -> RunRow { try #require(try view.tables.runs.get(plan.run)) }

    func cells() throws -> [CellRow] { try view.tables.cells.scan(prefix: KeyPrefix(plan.run)).map(\.row) }

    /// Compares the read model with what the jobs' own states say.
    func check() throws {
        var expected: [CellStatus: Int] = [:]
        let cellKind = plan.jobs.contains { $0.kind == "judge" } ? "judge" : "probe"
        for job in plan.jobs where job.kind == cellKind { expected[status(of: job), default: 0] += 1 }
        let found = try row().cells
        #expect(found.total == plan.cells)
        #expect(found.done == expected[.done, default: 0])
        #expect(found.failed == expected[.failed, default: 0])
        #expect(found.skipped == expected[.skipped, default: 0])
        #expect(found.unknown == expected[.unknown, default: 0])
        #expect(found.outstanding == expected[.outstanding, default: 0])
        for cell in try cells() {
            let job = try #require(plan.jobs.first { $0.id == cell.job })
            #expect(cell.status == status(of: job))
            #expect((cell.settled != nil) == [.done, .failed, .skipped].contains(cell.status))
        }
    }

    private func status(of job: PlannedJob) -> CellStatus {
        guard case .known(let progress) = states[job.id] else { return .outstanding }
        switch progress.stage {
        case .completed: return .done
        case .failed: return .failed
        case .skipped: return .skipped
        case .ready, .undecided, .retrying, .leased, .deferred, .cancelled:
            return ([job.id] + job.after).contains(where: lost.contains) ? .unknown : .outstanding
        }
    }
}
