import Calls
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Experiments
import HTTPTransport
import Jobs
import Logging
import Projections
import Providers
import Replay

/// Goes on with what a fork left open, by the code that runs experiments.
///
/// One job at a time and, unless calls are sent live, by a clock of its own, so that the same fork of the same head has
/// the same events.
struct ForkResumption {
    private let parent: LMDBLog
    private let log: LMDBLog
    private let path: String
    private let clock: VirtualClock
    private let live: ForkService.Live?
    private let diary: ForkDiary
    private let views: ProjectionRunner

    init(
        parent: LMDBLog, log: LMDBLog, path: String, clock: VirtualClock, live: ForkService.Live?, diary: ForkDiary
    ) throws {
        self.parent = parent
        self.log = log
        self.path = path
        self.clock = clock
        self.live = live
        self.diary = diary
        views = try ProjectionRunner(
            log: log, directory: path + "/views", storeID: log.manifest.id, catalogue: Catalogues.projectors)
    }

    func resume(_ run: OpenRun) async throws {
        let time = live == nil ? TimeSource.virtual(clock) : .system
        let effects = live == nil ? Self.effects(clock) : Effects.live(time)
        let worker = try worker(on: run.id)
        let transport = ForkTransport(parent: parent, live: live?.transport) { [diary] call, attempt in
            try await diary.append(ForkCallSent(attempt: attempt, call: call), at: time.time())
        }
        let state = try CommandHandler<RunBudget>(log: log, effects: effects, worker: nil).load(run.id.rawValue).state
        var rates = RateSettings()
        // As for a run: the provider inside the process needs no consideration, unless it is told to behave like one.
        if run.definition.simulation?["limits"] == nil { rates.unpaced.insert("simulated") }
        let inner: any CallGate =
            live.map { LiveGate(settings: rates, time: time, sleep: effects.pause, logger: $0.logger) } ?? OpenGate()
        let gate = try RunGate.load(
            for: run.id, of: run.definition, budget: state.inForce, from: log, effects: effects, inner: inner)
        let environment = RunEnvironment(
            log: log, views: views, effects: effects, worker: worker,
            liveness: LockFileLiveness(directory: path + "/workers", time: time),
            interruption: GracePeriod(.seconds(30), effects: effects), transport: transport, gate: gate,
            key: live?.key ?? { @Sendable _ in nil }, slots: PoolState.Limits(total: 1, lanes: [:]))
        let executor = try RunExecutor(
            run.definition, run: run.id, in: environment,
            logger: live?.logger ?? Logger(label: "cairn.fork") { _ in SwiftLogNoOpLogHandler() })
        try await WorkerLock.hold(worker, in: path + "/workers") {
            try await Self.execute(executor, until: transport)
        }
    }

    /// The parent may be a fork, too, that went on with the run; its process is taken over, and stays stopped.
    private func worker(on run: RunID) throws -> WorkerID {
        let workers = Self.workers(of: run, fork: diary.stream)
        let isTaken = try log.lastRevision(of: StreamName(category: Worker.category, id: workers[0].rawValue)) != nil
        return live == nil && !isTaken ? workers[0] : workers[1]
    }

    /// Who goes on with a run in a fork: without live calls, and with them or after another fork's process.
    static func workers(of run: RunID, fork: StreamName) -> [WorkerID] {
        [worker(of: run), WorkerID(identifying: ["fork", run.rawValue, fork.id])]
    }

    /// Who goes on with a run in a fork that sends no calls, unless its parent is a fork in which it did.
    static func worker(of run: RunID) -> WorkerID { WorkerID(identifying: ["fork", run.rawValue]) }

    /// Ends with the run, or with the first call that can't be answered.
    private static func execute(_ executor: RunExecutor, until transport: ForkTransport) async throws {
        let unanswered = try await withThrowingTaskGroup(of: UnansweredCall?.self) { group -> UnansweredCall? in
            group.addTask {
                _ = try await executor.execute()
                return nil
            }
            group.addTask { try await transport.firstUnanswered() }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { return nil }
            return first
        }
        if let unanswered { throw unanswered }
    }

    /// Pauses pass at once, and the clock with them.
    private static func effects(_ clock: VirtualClock) -> Effects {
        Effects(
            time: { _ in clock.time }, pause: { clock.advance(by: $0) }, commonTime: { clock.time })
    }
}
