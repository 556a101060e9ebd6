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

extension RunBench {
    /// Executes the record into a fresh store and compares the heads.
    func expectSameAgain(_ definition: ExperimentDefinition, _ run: RunID, _ comment: Comment? = nil) async throws {
        let directory = try TemporaryDirectory("replay")
        let fresh = try LMDBLog.open(at: directory.path, LMDBLog.Options(durability: .noSync))
        defer { fresh.close() }
        let recorded = log
        let report = try await Execution(recorded: recorded, fresh: fresh).run { context in
            let worker = WorkerID(wellFormed: context.session.worker)
            let world = RecordedWorker(worker, in: recorded) { await context.log.reached($0) }
            let views = try ProjectionRunner(
                log: context.log, directory: directory.path("views-\(worker)"), catalogue: ProjectorCatalogue([]))
            let environment = RunEnvironment(
                log: context.log, views: views, effects: context.effects, worker: worker, liveness: world,
                interruption: world,
                transport: RecordedTransport(recorded: recorded) { _ = await context.log.endOfRecord() },
                gate: ReplayGate(worker, in: recorded) { await context.log.reached($0) }, key: { _ in nil },
                claims: RecordedClaims(of: worker, from: context.session.first, in: recorded))
            let executor = try RunExecutor(definition, run: run, in: environment, logger: RunBench.silent)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    _ = try await executor.execute()
                    return true
                }
                group.addTask {
                    let drain = try self.events(WorkerDrainRequested.type).first { $0.stream.id == worker.rawValue }
                    guard let drain, await context.log.reached(drain.position.rawValue) else { return false }
                    try await executor.requestDrain(try drain.decode(WorkerDrainRequested.self).reason)
                    return false
                }
                while let isOver = try await group.next() {
                    if isOver { group.cancelAll() }
                }
            }
        }
        #expect(report.firstDifference == nil, comment)
        #expect(report.failure == nil, comment)
        #expect(report.head == report.recordedHead, comment)
        let again = try ProjectionRunner(
            log: fresh, directory: directory.path("views"), catalogue: ProjectorCatalogue([]))
        for projector in [Runs.self, Scores.self, Rankings.self] as [any Projector.Type] {
            #expect(try again.digest(of: projector) == views.digest(of: projector))
        }
    }
}
