import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Projections
import Synchronization
import TestSupport
import Testing

@testable import Jobs

/// A store on disk with its read models, a clock that moves only by pauses, and pools that work on it.
final class Workshop: Sendable {
    let directory: TemporaryDirectory
    let log: LMDBLog
    let views: ProjectionRunner
    let clock = VirtualClock(Sample.at(0))
    /// Happens when a handler finds that its pool should end.
    let drain = OneShot()

    init() throws {
        directory = try TemporaryDirectory("jobs")
        log = try LMDBLog.open(at: directory.path("store"), LMDBLog.Options(durability: .noSync))
        views = try ProjectionRunner(
            log: log, directory: directory.path("views"), catalogue: ProjectorCatalogue([JobStatus.self]))
    }

    deinit { log.close() }

    /// The clock's time, one microsecond later at each question, so that no two events share one.
    var effects: Effects {
        Effects(
            time: { [clock] _ in
                clock.advance(by: Microseconds(1))
                return clock.time
            },
            pause: { [clock] length in
                try Task.checkCancellation()
                clock.advance(by: length)
            })
    }

    func submit(_ jobs: [JobSubmitted]) async throws -> Int {
        let handler = CommandHandler<Job>(log: log, effects: effects, worker: nil)
        return try await JobSubmission(handler).submit(jobs.map { (Sample.job($0.ordinal), $0) })
    }

    func pool(
        by worker: WorkerID = Sample.a, limits: PoolState.Limits = PoolState.Limits(total: 4),
        liveness: any WorkerLiveness = Undead(), grace: Microseconds = .zero, claims: RecordedClaims? = nil,
        interruption: (any Interruption)? = nil, _ handler: any JobHandler
    ) -> WorkerPool {
        WorkerPool(
            WorkerPool.Configuration(
                run: Sample.run, worker: worker, limits: limits, lease: Sample.lease, claims: claims),
            log: log, effects: effects, views: views, handler: handler, liveness: liveness,
            interruption: interruption ?? GracePeriod(grace, effects: effects))
    }

    func start(_ worker: WorkerID) async throws {
        let workers = CommandHandler<Worker>(log: log, effects: effects, worker: worker.rawValue)
        try await workers.handle(worker.rawValue, .start(WorkerStarted(concurrency: 4, run: Sample.run)))
    }

    /// The types of a job's events, without their common first part.
    func history(_ job: Int) throws -> [String] {
        try events(job).map { String($0.type.text.dropFirst("job.".count)) }
    }

    func events(_ job: Int) throws -> [Event] { try log.readStream(Sample.stream(Sample.job(job))) }

    func divergences() throws -> [String] { try Derived.divergences(in: log) }
}

/// A handler from a function.
struct Handler: JobHandler {
    let body: @Sendable (RunningJob) async throws -> JobResult

    init(_ body: @escaping @Sendable (RunningJob) async throws -> JobResult) { self.body = body }

    func run(_ job: RunningJob) async throws -> JobResult { try await body(job) }

    static let completing = Handler { _ in .completed([:]) }
}

/// Nobody dies, and no deadline passes.
struct Undead: WorkerLiveness {
    func loss(
        of worker: WorkerID, deadline: Timestamp, recordedAt place: Place
    ) async throws -> JobLeaseExpired.Reason {
        try await OneShot().wait()
        return .deadline
    }
}

/// Whatever is under way when a worker drains may end.
struct Patience: Interruption {
    func moment(forStepAt place: Place) async throws { try await OneShot().wait() }
}

/// Everybody else has just died.
struct AllGone: WorkerLiveness {
    func loss(
        of worker: WorkerID, deadline: Timestamp, recordedAt place: Place
    ) async throws -> JobLeaseExpired.Reason { .workerGone }
}

/// Values that tasks add to.
final class Collected<Value: Sendable>: Sendable {
    private let state = Mutex<[Value]>([])

    var values: [Value] { state.withLock { $0 } }

    @discardableResult
    func add(_ value: Value) -> Int {
        state.withLock { values in
            values.append(value)
            return values.count
        }
    }
}
