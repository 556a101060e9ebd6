import CanonicalJSON
import Deciders
import Determinism
import EventLog
import HTTPTransport
import Jobs
import Projections
import Providers
import Replay
import TestSupport
import Testing

@testable import Calls

/// Jobs of several turns, worked on by processes that are killed or asked to end, and the same once more in replay.
@Suite struct ResumeTests {
    private static let jobs = 12
    private static let turns = 3

    /// One process: the same code live and in replay.
    private struct Session: Sendable {
        let worker: WorkerID
        let log: any Log
        let effects: Effects
        let transport: any Transport
        let liveness: any WorkerLiveness
        let interruption: any Interruption
        var claims: RecordedClaims?
        let views: String

        /// Works until nothing is left, or until `drain` happens and it has let go of everything.
        func run(drainWhen drain: OneShot) async throws {
            let workers = CommandHandler<Worker>(log: log, effects: effects, worker: worker.rawValue)
            let run = Sample.run.rawValue
            try await workers.handle(worker.rawValue, run: run, .start(WorkerStarted(concurrency: 5, run: Sample.run)))
            let jobs = CommandHandler<Job>(log: log, effects: effects, worker: worker.rawValue)
            _ = try await JobSubmission(jobs).submit((0..<ResumeTests.jobs).map { ResumeTests.job($0) })
            let executor = CallExecutor(
                run: Sample.run, worker: worker, log: log, effects: effects, transport: transport, keys: { _ in nil })
            let pool = WorkerPool(
                WorkerPool.Configuration(
                    run: Sample.run, worker: worker, limits: PoolState.Limits(total: 5),
                    lease: LeasePolicy(length: .hours(1)), claims: claims),
                log: log, effects: effects,
                views: try ProjectionRunner(log: log, directory: views, catalogue: ProjectorCatalogue([])),
                handler: Probe(executor: executor), liveness: liveness, interruption: interruption)
            let outcome = try await withThrowingTaskGroup(of: WorkerPool.Outcome?.self) { group in
                group.addTask { try await pool.work() }
                group.addTask {
                    try await drain.wait()
                    try await pool.requestDrain(.signal)
                    return nil
                }
                defer { group.cancelAll() }
                while let ended = try await group.next() {
                    if let ended { return ended }
                }
                throw CancellationError()
            }
            let reason: WorkerStopped.Reason = if case .drained = outcome { .drained } else { .finished }
            try await workers.handle(worker.rawValue, run: run, .stop(reason))
        }
    }

    private struct Probe: JobHandler {
        let executor: CallExecutor

        func run(_ job: RunningJob) async throws -> JobResult {
            var talk = Conversation(prompts: (0..<ResumeTests.turns).map { "\(job.id), question \($0)?" })
            while let turn = talk.nextTurn, let messages = talk.nextMessages {
                let question = Question(
                    id: CallID(job: job.id, purpose: .probe, turn: turn), purpose: .probe, turn: turn,
                    provider: "simulated", adapter: OpenAIChat.self,
                    endpoint: Endpoint(baseURL: "http://simulated/v1"), keyVariable: nil,
                    chat: ChatRequest(model: "m", messages: messages), terms: CallTerms())
                switch try await executor.ask(question, in: job) {
                case .answered(let answer): talk.take(answer.text)
                case .failed(let failure):
                    return .failed(class: failure.class.rawValue, message: failure.detail, retryable: false)
                }
            }
            return .completed(["turns": JSONValue(talk.answers.count)])
        }
    }

    private static func job(_ number: Int) -> (id: JobID, job: JobSubmitted) {
        (
            JobID(identifying: ["resume", String(number)]),
            JobSubmitted(
                after: [], kind: "probe", labels: ["scenario": String(number)], lane: "simulated", maxAttempts: 3,
                ordinal: number, run: Sample.run)
        )
    }

    private enum Fate { case killed, drained, finishes }

    /// Runs sessions one after the other on a live store until the run is finished; says how often each was answered.
    private func live(_ fates: [(Fate, answers: Int)], in directory: TemporaryDirectory) async throws -> [[String: Int]]
    {
        let log = try LMDBLog.open(at: directory.path("store"), LMDBLog.Options(durability: .noSync))
        defer { log.close() }
        let clock = VirtualClock(Sample.at(0))
        let effects = Effects(
            time: { _ in
                clock.advance(by: Microseconds(1))
                return clock.time
            },
            pause: { length in
                try Task.checkCancellation()
                clock.advance(by: length)
            })
        var counted: [[String: Int]] = []
        for (number, (fate, answers)) in fates.enumerated() {
            let worker = WorkerID(wellFormed: "w\(number)")
            let model = Model(answers: answers)
            let session = Session(
                worker: worker, log: log, effects: effects, transport: model,
                liveness: LockFileLiveness(directory: directory.path("workers"), time: .virtual(clock)),
                interruption: GracePeriod(.zero, effects: effects),
                views: directory.path("views"))
            let work = Task {
                try await WorkerLock.hold(worker, in: directory.path("workers")) {
                    try await session.run(drainWhen: fate == .drained ? model.isTired : OneShot())
                }
            }
            if fate == .killed {
                try await model.isTired.wait()
                work.cancel()
                await #expect(throws: CancellationError.self) { try await work.value }
            } else {
                try await work.value
            }
            counted.append(model.answered)
        }
        return counted
    }

    private let fates: [(Fate, answers: Int)] = [
        (.killed, 7), (.drained, 8), (.killed, 0), (.drained, 3), (.finishes, .max),
    ]

    @Test func `no answered question is sent again, whatever happens to the processes`() async throws {
        let directory = try TemporaryDirectory("resume")
        let counted = try await live(fates, in: directory)
        let total = counted.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        #expect(total.count == Self.jobs * Self.turns)
        #expect(total.values.allSatisfy { $0 == 1 })
        let log = try LMDBLog.open(at: directory.path("store"))
        defer { log.close() }
        let types = try log.read(.forward, from: nil, matching: .all, limit: 10_000).events.map(\.type.text)
        #expect(types.filter { $0 == "llm.callCompleted" }.count == Self.jobs * Self.turns)
        #expect(types.filter { $0 == "job.completed" }.count == Self.jobs)
        #expect(types.contains("llm.callOutcomeUnknown"))
        #expect(types.contains("job.released"))
        #expect(types.contains("job.leaseExpired"))
    }

    @Test func `executed again from the record, it reaches the same head`() async throws {
        let directory = try TemporaryDirectory("resume")
        _ = try await live(fates, in: directory)
        let recorded = try LMDBLog.open(at: directory.path("store"))
        defer { recorded.close() }
        let fresh = try LMDBLog.open(at: directory.path("fresh"), LMDBLog.Options(durability: .noSync))
        defer { fresh.close() }
        let report = try await Execution(recorded: recorded, fresh: fresh, patience: .seconds(20)).run { context in
            let worker = WorkerID(wellFormed: context.session.worker)
            let world = RecordedWorker(worker, in: recorded) { await context.log.reached($0) }
            let session = Session(
                worker: worker, log: context.log, effects: context.effects,
                transport: RecordedTransport(recorded: recorded) { _ = await context.log.endOfRecord() },
                liveness: world, interruption: world,
                claims: RecordedClaims(of: worker, from: context.session.first, in: recorded),
                views: directory.path("views-\(worker)"))
            let drains = try recorded.readStream(StreamName(category: "worker", id: worker.rawValue))
                .contains { $0.hasType(WorkerDrainRequested.type) }
            let drain = OneShot()
            if drains { drain.happen() }
            try await session.run(drainWhen: drain)
        }
        #expect(report.failure == nil)
        #expect(report.firstDifference == nil, "\(report.firstDifference.map { "\($0)" } ?? "")")
        #expect(report.isIdentical)
        #expect(report.sessions == fates.count)
    }
}
