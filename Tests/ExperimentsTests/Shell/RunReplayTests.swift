import Calls
import Deciders
import Determinism
import EventLog
import Experiments
import Foundation
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
        definition.limits.timeout = .seconds(30)
        definition.limits.retry = RetryPolicy(attempts: 3, base: .milliseconds(1), cap: .milliseconds(2))
        return definition
    }

    @Test("a run that was killed after any commit is executed again to the same head")
    func killedAnywhere() async throws {
        let definition = definition(maxInFlight: 4)
        let undisturbed = try RunBench()
        _ = try await undisturbed.executor(definition, Self.slow(undisturbed, .seconds(10))).execute()
        let commits = Set(try undisturbed.events().map(\.commitID)).count
        for last in stride(from: 3, to: commits, by: Self.isLong ? 1 : 11) {
            _ = try await killed(definition, answersTake: .seconds(10), "killed after \(last) commits") { $1 == last }
        }
    }

    @Test("a run that was killed when it had renewed a lease is executed again to the same head")
    func killedAfterRenewal() async throws {
        let definition = definition(maxInFlight: 1)
        let bench = try await killed(definition, answersTake: .seconds(35), "killed after a renewal") { commit, _ in
            commit.events.first?.type == JobLeaseRenewed.type
        }
        #expect(try !bench.events(JobLeaseRenewed.type).isEmpty)
    }

    private static let isLong = ProcessInfo.processInfo.environment["CAIRN_LONG"] == "1"

    /// Leases of a good minute are renewed, and lost, while answers take their time.
    private static func slow(_ bench: RunBench, _ time: Microseconds) -> ScriptedTransport {
        ScriptedTransport { request in
            bench.advance(by: time)
            return ScriptedTransport.rough(request)
        }
    }

    /// Kills a run when the next commit is appended after the last one, and expects it, resumed, to be executed alike.
    private func killed(
        _ definition: ExperimentDefinition, answersTake time: Microseconds, _ comment: Comment,
        after isLast: @escaping @Sendable (Commit, Int) -> Bool
    ) async throws -> RunBench {
        let bench = try RunBench()
        let log = AilingLog(bench.log, isLast: isLast)
        let first = try bench.executor(definition, Self.slow(bench, time), log: log)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try? await first.execute()
                log.isFull.happen()
            }
            try await log.isFull.wait()
            group.cancelAll()
        }
        let report = try await bench.executor(definition, Self.slow(bench, time), worker: "second").execute()
        try await bench.expectSameAgain(definition, report.run, comment)
        return bench
    }

    @Test("a run that was drained, resumed and reopened is executed again to the same head")
    func reopened() async throws {
        let bench = try RunBench()
        let definition = definition(maxInFlight: 4)
        let reached = OneShot()
        let slow = ScriptedTransport { request in
            if request.number <= 7 { return ScriptedTransport.rough(request) }
            reached.happen()
            return .hang
        }
        let executor = try bench.executor(definition, slow)
        async let work = executor.execute()
        try await reached.wait()
        try await executor.requestDrain(.signal)
        #expect(try await work.isDrained)
        let broken = ScriptedTransport {
            $0.model == "sim-b" ? .status(401, "invalid_api_key") : ScriptedTransport.rough($0)
        }
        let report = try await bench.executor(definition, broken, worker: "second").execute()
        #expect(report.row.stage == .incomplete)
        let reopening = RunReopening(log: bench.log, views: bench.views, effects: bench.effects)
        #expect(try await reopening.reopen(report.run, by: "test") > 0)
        _ = try await bench.executor(definition, ScriptedTransport(ScriptedTransport.rough), worker: "third").execute()
        try await bench.expectSameAgain(definition, report.run)
    }
}
