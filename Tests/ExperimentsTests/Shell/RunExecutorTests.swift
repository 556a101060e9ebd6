import Calls
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Projections
import Scoring
import Synchronization
import Testing

@Suite("RunExecutor")
struct RunExecutorTests {
    /// Two models, two scenarios, two samples, two turns, one judge: 8 cells, 16 jobs, 24 calls.
    private func definition(samples: Int = 2, judgeRounds: Int = 2) -> ExperimentDefinition {
        var definition = JobPlanTests.definition()
        definition.scenarios[1].variables = ["season": "autumn"]
        definition.turns.append("Now make it sadder.")
        definition.samples = samples
        definition.limits.judgeRounds = judgeRounds
        definition.limits.retry = RetryPolicy(attempts: 2, base: .milliseconds(1), cap: .milliseconds(2))
        return definition
    }

    private static func score(_ value: Int) -> ScriptedTransport.Behaviour {
        .answer(#"{"criteria": {"c": {"score": \#(value), "reason": "why"}}}"#)
    }

    private static func good(_ request: ScriptedTransport.Request) -> ScriptedTransport.Behaviour {
        request.isJudging ? score(4) : .answer("a poem by \(request.model)")
    }

    @Test("a run is submitted, worked on, judged, ranked and finished")
    func complete() async throws {
        let bench = try RunBench()
        let transport = ScriptedTransport(Self.good)
        let report = try await bench.executor(definition(), transport).execute()
        #expect(report.row.stage == .complete)
        #expect(report.row.cells.done == 8)
        #expect(report.row.cells.missing == 0)
        #expect(!report.isDrained)
        #expect(transport.sent.count == 24)
        #expect(
            report.ranking?.entries == [
                RankingEntry(mean: 0.75, missing: 0, model: "a", rank: 1, scored: 4),
                RankingEntry(mean: 0.75, missing: 0, model: "b", rank: 1, scored: 4),
            ])
        #expect(try bench.events(WorkerStopped.type).count == 1)
    }

    @Test("a follow-up sees the preamble, the earlier prompts and their answers")
    func turns() async throws {
        let lengths = Mutex<[Int]>([])
        let transport = ScriptedTransport { request in
            if !request.isJudging { lengths.withLock { $0.append(request.messages) } }
            return Self.good(request)
        }
        var definition = definition(samples: 1)
        definition.preamble = "You are a poet."
        _ = try await RunBench().executor(definition, transport).execute()
        #expect(lengths.withLock { $0.sorted() } == [2, 2, 2, 2, 4, 4, 4, 4])
    }

    @Test("executing a finished run again records nothing and asks nothing")
    func again() async throws {
        let bench = try RunBench()
        let first = try await bench.executor(definition(), ScriptedTransport(Self.good)).execute()
        let head = try bench.log.head()
        let transport = ScriptedTransport(Self.good)
        let second = try await bench.executor(definition(), transport, worker: "second").execute()
        #expect(second == first)
        #expect(try bench.log.head() == head)
        #expect(transport.sent.isEmpty)
    }

    @Test("a model that refuses leaves holes with their reason, and a retry on request fills them")
    func holes() async throws {
        let bench = try RunBench()
        let definition = definition()
        let transport = ScriptedTransport { $0.model == "sim-b" ? .status(401, "invalid_api_key") : Self.good($0) }
        let report = try await bench.executor(definition, transport).execute()
        #expect(report.row.stage == .incomplete)
        #expect(report.row.cells.done == 4)
        #expect(report.row.cells.skipped == 4)
        #expect(report.ranking?.entries.map(\.missing) == [0, 4])
        #expect(report.ranking?.entries.map(\.model) == ["a", "b"])
        let cells = try bench.views.query(Runs.self) { try $0.cells.scan().map(\.row) }
        for cell in cells where cell.status != .done {
            #expect(cell.labels["model"] == "b")
            #expect(cell.class == "auth")
            #expect(cell.message?.contains("401") == true)
            #expect(cell.rootCause != nil)
        }

        let reopening = RunReopening(log: bench.log, views: bench.views, effects: bench.effects)
        #expect(try await reopening.reopen(report.run, by: "test") == 8)
        let second = try await bench.executor(definition, ScriptedTransport(Self.good), worker: "second").execute()
        #expect(second.row.stage == .complete)
        #expect(second.ranking?.entries.map(\.missing) == [0, 0])
        #expect(try bench.events(RankingComputed.type).count == 2)
        #expect(try await reopening.reopen(report.run, by: "test") == 0)
        #expect(try bench.deriveAgain().different == [])
    }

    @Test("a judge whose answer can't be used is asked anew, and one that never gives one fails its cell")
    func unusableJudge() async throws {
        let bench = try RunBench()
        let transport = ScriptedTransport { request in
            guard request.isJudging else { return .answer("a poem") }
            return request.isAskedAnew ? Self.score(3) : .answer("Lovely!")
        }
        let report = try await bench.executor(definition(), transport).execute()
        #expect(report.row.stage == .complete)
        #expect(try bench.events(ScoreRefused.type).count == 8)
        #expect(try bench.events(ScoreComputed.type).count == 8)
        for event in try bench.events(ScoreComputed.type) { #expect(try event.decode(ScoreComputed.self).round == 1) }
        #expect(try bench.deriveAgain().different == [])

        let mute = try RunBench()
        let failed = try await mute.executor(
            definition(judgeRounds: 3), ScriptedTransport { $0.isJudging ? .answer("Lovely!") : .answer("a poem") }
        ).execute()
        #expect(failed.row.cells.failed == 8)
        #expect(failed.ranking?.entries.map(\.mean) == [nil, nil])
        #expect(try mute.events(ScoreRefused.type).count == 24)
        let cells = try mute.views.query(Runs.self) { try $0.cells.scan().map(\.row) }
        #expect(cells.allSatisfy { $0.class == "judgeUnparseable" && $0.message?.hasPrefix("asked 3 times") == true })
    }

    @Test("a killed run resumes without sending any answered call again", arguments: [1, 9, 16, 23])
    func kill(after answers: Int) async throws {
        let bench = try RunBench()
        let reached = OneShot()
        let dying = ScriptedTransport { request in
            if request.number <= answers { return Self.good(request) }
            reached.happen()
            return .hang
        }
        let first = try bench.executor(definition(), dying)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await first.execute() }
            try await reached.wait()
            group.cancelAll()
            await #expect(throws: (any Error).self) { try await group.next() }
        }
        let answered = Set(try bench.events(CallCompleted.type).map(\.stream.id))
        let hanging = Set(try bench.events(CallStarted.type).map(\.stream.id)).subtracting(answered)

        let transport = ScriptedTransport(Self.good)
        let report = try await bench.executor(definition(), transport, worker: "second").execute()
        #expect(report.row.stage == .complete)
        #expect(answered.isDisjoint(with: transport.sent))
        #expect(transport.sent.count == 24 - answered.count)
        #expect(Set(try bench.events(CallOutcomeUnknown.type).map(\.stream.id)) == hanging)
        let (same, different) = try bench.deriveAgain()
        #expect(different == [])
        #expect(same["score.computed"] == 8)
        #expect(same["ranking.computed"] == 1)
        #expect(same["run.finished"] == 1)

        let undisturbed = try await RunBench().executor(definition(), ScriptedTransport(Self.good)).execute()
        #expect(undisturbed.ranking?.entries == report.ranking?.entries)
    }

    @Test("a drained run keeps what it has and goes on from there")
    func drain() async throws {
        let bench = try RunBench()
        let reached = OneShot()
        let slow = ScriptedTransport { request in
            if request.number <= 6 { return Self.good(request) }
            reached.happen()
            return .hang
        }
        let executor = try bench.executor(definition(), slow)
        async let work = executor.execute()
        try await reached.wait()
        try await executor.requestDrain(.stopRequested)
        let report = try await work
        #expect(report.isDrained)
        #expect(report.row.stage == .drained)
        #expect(report.row.cells.total == 8)
        #expect(try bench.events(RunDrained.type).count == 1)

        let transport = ScriptedTransport(Self.good)
        let second = try await bench.executor(definition(), transport, worker: "second").execute()
        #expect(second.row.stage == .complete)
        #expect(Set(slow.answered).isDisjoint(with: transport.sent))
    }

    @Test("two processes share a run, and both see its end")
    func together() async throws {
        let bench = try RunBench()
        let transport = ScriptedTransport(Self.good)
        let (one, two) = (
            try bench.executor(definition(), transport, worker: "one", liveness: AllAlive()),
            try bench.executor(definition(), transport, worker: "two", liveness: AllAlive())
        )
        async let first = one.execute()
        async let second = two.execute()
        let reports = try await [first, second]
        #expect(reports.map(\.row.stage) == [.complete, .complete])
        #expect(transport.sent.count == 24)
        #expect(try bench.events(RunFinished.type).count == 1)
        #expect(try bench.events(RankingComputed.type).count == 1)
        #expect(try bench.deriveAgain().different == [])
    }

    @Test("an answer that was erased fails the jobs that need it, and not the run")
    func erased() async throws {
        let bench = try RunBench()
        let transport = ScriptedTransport(Self.good)
        let log = AilingLog(bench.log)
        let reached = OneShot()
        let dying = ScriptedTransport { request in
            if !request.isJudging { return Self.good(request) }
            reached.happen()
            return .hang
        }
        let first = try bench.executor(definition(), dying)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await first.execute() }
            try await reached.wait()
            group.cancelAll()
            await #expect(throws: (any Error).self) { try await group.next() }
        }
        let answer = try #require(try bench.events(CallCompleted.type).first)
        log.forget(try answer.decode(CallCompleted.self).exchange.body)
        let second = try bench.executor(definition(), transport, worker: "second", log: log)
        let report = try await second.execute()
        #expect(report.row.stage == .incomplete)
        #expect(report.row.cells.total == 8)
        let cells = try bench.views.query(Runs.self) { try $0.cells.scan().map(\.row) }
        #expect(cells.filter { $0.status != .done }.allSatisfy { $0.class == "answerMissing" })
    }

    @Test("progress is told while the work goes on")
    func progress() async throws {
        let rows = Mutex<[RunRow]>([])
        let report = try await RunBench().executor(definition(), ScriptedTransport(Self.good)).execute { row in
            rows.withLock { $0.append(row) }
        }
        #expect(report.row.stage == .complete)
        #expect(rows.withLock { $0.allSatisfy { $0.cells.total == 8 } })
    }
}
