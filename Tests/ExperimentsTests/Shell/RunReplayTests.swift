import Calls
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Projections
import Replay
import Scoring
import TestSupport
import Testing

/// Recorded runs, executed again by the same code from the record alone: the same events, the same head.
@Suite("Replay of runs")
struct RunReplayTests {
    private func definition(maxInFlight: Int) -> ExperimentDefinition {
        var definition = JobPlanTests.definition()
        definition.scenarios[1].variables = ["season": "autumn"]
        definition.turns.append("Now make it sadder.")
        definition.limits.concurrency = maxInFlight
        definition.limits.retry = RetryPolicy(attempts: 3, base: .milliseconds(1), cap: .milliseconds(2))
        return definition
    }

    /// Every third request fails in a way that passes; the judge's first answers are prose.
    private static func rough(_ request: ScriptedTransport.Request) -> ScriptedTransport.Behaviour {
        if request.number % 3 == 0 { return .status(500, "server_error") }
        guard request.isJudging else { return .answer("a poem by \(request.model), \(request.messages)") }
        return request.isAskedAnew ? .answer(#"{"criteria": {"c": {"score": 3}}}"#) : .answer("Lovely!")
    }

    @Test("a run with failures and repeated questions is executed again to the same head", arguments: [1, 4, 32])
    func rough(concurrency: Int) async throws {
        let bench = try RunBench()
        let definition = definition(maxInFlight: concurrency)
        let report = try await bench.executor(definition, ScriptedTransport(Self.rough)).execute()
        #expect(report.row.cells.total == 8)
        try await replay(bench, definition, report.run)
    }

    @Test("a run that was killed and resumed is executed again to the same head", arguments: [3, 11, 20])
    func killed(after answers: Int) async throws {
        let bench = try RunBench()
        let definition = definition(maxInFlight: 4)
        let reached = OneShot()
        let dying = ScriptedTransport { request in
            if request.number <= answers { return Self.rough(request) }
            reached.happen()
            return .hang
        }
        let first = try bench.executor(definition, dying)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await first.execute() }
            try await reached.wait()
            group.cancelAll()
            await #expect(throws: (any Error).self) { try await group.next() }
        }
        let second = try bench.executor(definition, ScriptedTransport(Self.rough), worker: "second")
        let report = try await second.execute()
        try await replay(bench, definition, report.run)
    }

    @Test("a run that was drained, resumed and reopened is executed again to the same head")
    func reopened() async throws {
        let bench = try RunBench()
        let definition = definition(maxInFlight: 4)
        let reached = OneShot()
        let slow = ScriptedTransport { request in
            if request.number <= 7 { return Self.rough(request) }
            reached.happen()
            return .hang
        }
        let executor = try bench.executor(definition, slow)
        async let work = executor.execute()
        try await reached.wait()
        try await executor.requestDrain(.signal)
        #expect(try await work.isDrained)
        let broken = ScriptedTransport { $0.model == "sim-b" ? .status(401, "invalid_api_key") : Self.rough($0) }
        let report = try await bench.executor(definition, broken, worker: "second").execute()
        #expect(report.row.stage == .incomplete)
        let reopening = RunReopening(log: bench.log, views: bench.views, effects: bench.effects)
        #expect(try await reopening.reopen(report.run, by: "test") > 0)
        _ = try await bench.executor(definition, ScriptedTransport(Self.rough), worker: "third").execute()
        try await replay(bench, definition, report.run)
    }

    /// Executes the record into a fresh store and compares the heads.
    private func replay(_ bench: RunBench, _ definition: ExperimentDefinition, _ run: RunID) async throws {
        let directory = try TemporaryDirectory("replay")
        let fresh = try LMDBLog.open(at: directory.path, LMDBLog.Options(durability: .noSync))
        defer { fresh.close() }
        let views = try ProjectionRunner(
            log: fresh, directory: directory.path("views"), catalogue: ProjectorCatalogue([]))
        let report = try await Execution(recorded: bench.log, fresh: fresh).run { context in
            let worker = WorkerID(wellFormed: context.session.worker)
            let recorded = RecordedWorker(worker, in: bench.log) { await context.log.reached($0) }
            let environment = RunEnvironment(
                log: context.log, views: views, effects: context.effects, worker: worker, liveness: recorded,
                interruption: recorded,
                transport: RecordedTransport(recorded: bench.log) { _ = await context.log.endOfRecord() },
                key: { _ in nil }, claims: RecordedClaims(of: worker, from: context.session.first, in: bench.log))
            let executor = try RunExecutor(definition, run: run, in: environment, logger: RunBench.silent)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    _ = try await executor.execute()
                    return true
                }
                group.addTask {
                    let drain = try bench.events(WorkerDrainRequested.type).first { $0.stream.id == worker.rawValue }
                    guard let drain, await context.log.reached(drain.position.rawValue) else { return false }
                    try await executor.requestDrain(try drain.decode(WorkerDrainRequested.self).reason)
                    return false
                }
                while let isOver = try await group.next() {
                    if isOver { group.cancelAll() }
                }
            }
        }
        #expect(report.firstDifference == nil)
        #expect(report.failure == nil)
        #expect(report.head == report.recordedHead)
        for projector in [Runs.self, Scores.self, Rankings.self] as [any Projector.Type] {
            #expect(try views.digest(of: projector) == bench.views.digest(of: projector))
        }
    }
}
