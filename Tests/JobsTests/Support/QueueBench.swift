import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Projections
import Synchronization
import TestSupport
import Testing

@testable import Jobs

/// A store on disk with queues, and workers of this process on it; the time is the machine's unless another is given.
final class QueueBench: Sendable {
    let directory: TemporaryDirectory
    let log: LMDBLog
    let views: ProjectionRunner
    let effects: Effects
    private let time: TimeSource

    init(time: TimeSource = .system) throws {
        self.time = time
        effects = .live(time)
        directory = try TemporaryDirectory("queue")
        log = try LMDBLog.open(at: directory.path("store"), LMDBLog.Options(durability: .noSync))
        views = try ProjectionRunner(
            log: log, directory: directory.path("views"), catalogue: ProjectorCatalogue([JobQueue.self]))
    }

    deinit {
        views.close()
        log.close()
    }

    @discardableResult
    func submit(_ jobs: [JobRequest], id: String = "s1") async throws -> QueueSubmitter.Receipt {
        try await QueueSubmitter(log: log, effects: effects).submit(jobs, id: id, by: "tester")
    }

    func worker(
        _ handlers: [String: any QueueHandler] = [:], slots: Int = 8, id: WorkerID = Sample.a,
        lease: Microseconds = .seconds(60), grace: Microseconds = .zero, endsWhenEmpty: Bool = true,
        endsWhenIdleFor: Microseconds? = nil, gone: Set<WorkerID> = [], rounds: Microseconds = .milliseconds(20),
        tell: @escaping @Sendable (WorkerStatus) -> Void = { _ in }
    ) -> QueueWorker {
        QueueWorker(
            QueueWorker.Configuration(
                worker: id, slots: slots, lease: LeasePolicy(length: lease), grace: grace,
                endsWhenEmpty: endsWhenEmpty, endsWhenIdleFor: endsWhenIdleFor, rounds: rounds),
            log: log, effects: effects, time: time, views: views, handlers: QueueHandlers(handlers),
            isGone: { gone.contains($0) }, tell: tell)
    }

    func row(_ id: JobID) throws -> QueueRow { try #require(try views.query(JobQueue.self) { try $0.job(id) }) }

    func counts() throws -> QueueCounts { try views.query(JobQueue.self) { try $0.counts() } }

    /// Returns when the log has so many events of a type.
    func waits(for type: EventType, count: Int) async throws {
        var seen = 0
        for try await page in log.subscribe(from: .first, matching: EventFilter(types: [type])) {
            seen += page.count
            if seen >= count { return }
        }
    }

    /// The types of a job's events, without their common first part.
    func history(_ id: JobID) throws -> [String] {
        try log.readStream(Sample.stream(id)).map { String($0.type.text.dropFirst("job.".count)) }
    }

    func divergences() throws -> [String] { try Derived.divergences(in: log) }
}

/// A handler of a queue from a function.
struct QueueFunction: QueueHandler {
    let provider: ProviderID?
    let body: @Sendable (QueueTask) async throws -> QueueResult

    init(provider: ProviderID? = nil, _ body: @escaping @Sendable (QueueTask) async throws -> QueueResult) {
        self.provider = provider
        self.body = body
    }

    func run(_ task: QueueTask) async throws -> QueueResult { try await body(task) }

    /// Runs until it is stopped.
    static let endless = QueueFunction { _ in
        try await OneShot().wait()
        return .interrupted
    }
}

/// What others do to the jobs and queues of a bench.
struct CommandBench {
    private let jobs: CommandHandler<Job>
    private let queues: CommandHandler<QueueControl>
    private let workers: CommandHandler<Worker>

    init(_ bench: QueueBench) {
        workers = CommandHandler(log: bench.log, effects: bench.effects, worker: nil)
        jobs = CommandHandler(log: bench.log, effects: bench.effects, worker: nil)
        queues = CommandHandler(log: bench.log, effects: bench.effects, worker: nil)
    }

    func configure(_ queue: String, concurrency: Int) async throws {
        try await queues.handle(queue, .configure(concurrency: concurrency, draining: false, by: "tester"))
    }

    func lease(_ id: JobID, to worker: WorkerID, for length: Microseconds) async throws {
        try await jobs.handle(id.rawValue) { .lease(to: worker, at: $0, for: length) }
    }

    func pause(_ queue: String) async throws {
        try await queues.handle(queue, .pause(by: "tester", note: nil))
    }

    func start(_ worker: WorkerID) async throws {
        let started = WorkerStarted(concurrency: 1, queues: [], host: "here", process: 1)
        try await workers.handle(worker.rawValue, .start(started))
    }

    func resume(_ kind: String, in worker: WorkerID) async throws {
        try await workers.handle(worker.rawValue, .resumeKind(kind, by: "tester", note: "mended"))
    }

    func fail(_ id: JobID, by worker: WorkerID, provider: ProviderID?) async throws {
        try await jobs.handle(id.rawValue) {
            .fail(by: worker, at: $0, class: "rateLimit", message: "429", retryable: true, provider: provider)
        }
    }

    func cancel(_ id: JobID) async throws {
        try await jobs.handle(id.rawValue, .cancel(by: "tester", note: nil, reason: .requested))
    }
}

/// How many are inside now, and were at most.
final class Gauge: Sendable {
    private let state = Mutex((now: 0, most: 0))

    var most: Int { state.withLock { $0.most } }

    @discardableResult
    func enter() -> Int {
        state.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
            return state.now
        }
    }

    func leave() { state.withLock { $0.now -= 1 } }
}
