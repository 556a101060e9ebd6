import Audit
import Calls
import CanonicalJSON
import Deciders
import EventLog
import Experiments
import Glibc
import Jobs
import Logging
import Projections
package import Replay
import Synchronization

/// Runs everything that a store records again, into a fresh store, by the same code that ran it first.
package struct ExecutionService: Sendable {
    private let store: Store

    package init(store: Store) {
        self.store = store
    }

    /// `directory`, which mustn't exist, is where the fresh store is kept if it is identical; nil keeps none.
    ///
    /// The store is there whole or not at all: of an execution that fails, is killed or comes out otherwise nothing is
    /// kept, since up to the first difference the store that was executed has the same events.
    package func run(
        into directory: String? = nil, progress: @escaping @Sendable (UInt64) -> Void = { _ in }
    ) async throws -> ExecutionReport {
        guard let directory else {
            let scratch = try ScratchDirectory()
            return try await run(in: scratch.path + "/store", .noSync, progress)
        }
        let operation = "executing again"
        guard access(directory, F_OK) != 0 else {
            throw LogError(.invalid, during: operation, "\(directory) exists already; name a directory that doesn't")
        }
        let target = try StoreTarget(directory, operation: operation)
        let report = try await run(in: target.partial, .durable, progress)
        if report.isIdentical { try target.finish() }
        return report
    }

    private func run(
        in path: String, _ durability: LMDBLog.Options.Durability, _ progress: @escaping @Sendable (UInt64) -> Void
    ) async throws -> ExecutionReport {
        let fresh = try LMDBLog.open(at: path, .init(access: .create, durability: durability))
        defer { fresh.close() }
        let views = ReplayedViews(directory: path + "/views", storeID: fresh.manifest.id)
        defer { views.close() }
        let passedOver = try withheldRuns()
        let withheld = Set(passedOver.map(\.run))
        let forked = try ForkedSessions(in: store.log)
        let incomplete = try IncompleteSessions(in: store.log).sessions
        let partial = Set(incomplete.map(\.worker))
        let execution = Execution(recorded: store.log, fresh: fresh) { try Catalogues.events.blobs(namedBy: $0) }
        var report = try await execution.run(
            passingOver: { session in
                if partial.contains(session.worker) { return true }
                guard let run = try workedOn(session) else { return true }
                return withheld.contains(run.rawValue) || forked.isTakenOver(session, of: run)
            }, drive: { try await drive($0, views.runner(of: $0.log)) }, progress: progress)
        report.passedOver = passedOver
        report.incomplete = incomplete
        report.takenOver = forked.resumed.map(\.rawValue)
        return report
    }

    /// Runs of which content was erased on purpose or is sealed: they can't be executed again, and their events are copied.
    private func withheldRuns() throws -> [ExecutionReport.PassedOver] {
        let erased = Set(try Erasures(of: store.log).limits.keys)
        let gone = erased.subtracting(try store.log.present(of: erased))
        let maySeal = store.log.manifest.isEncrypted
        if gone.isEmpty, !maySeal { return [] }
        let blobs = BlobStates(of: store.log)
        var found: [String: ExecutionReport.PassedOver] = [:]
        try store.log.scan { event in
            guard let run = try event.metadata().run, found[run] == nil else { return }
            for digest in try Catalogues.events.blobs(namedBy: event) {
                guard try gone.contains(digest) || maySeal && store.log.isSealed(digest) else { continue }
                let state = try blobs.absence(of: digest, namedAt: event.position)
                found[run] = ExecutionReport.PassedOver(
                    run: run, state: state, blob: digest, position: event.position)
                return
            }
        }
        return found.values.sorted { $0.position < $1.position }
    }

    /// The run that a process worked on; nil for one that served queues, since what its handlers answered came from
    /// outside, and for one that ended before its run was in the log: beyond its start it did nothing.
    private func workedOn(_ session: RecordedSession) throws -> RunID? {
        guard let run = try start(of: session).event.run,
            try store.log.lastRevision(of: StreamName(category: Run.category, id: run.rawValue)) != nil
        else { return nil }
        return run
    }

    /// What a process said of itself first.
    private func start(of session: RecordedSession) throws -> (worker: WorkerID, event: WorkerStarted) {
        guard let first = try store.log.event(at: session.first), first.hasType(WorkerStarted.type),
            let worker = WorkerID(rawValue: session.worker)
        else {
            throw LogError(
                .invalid, during: "executing again",
                "position \(session.first) doesn't begin a worker, though its events name the worker \(session.worker)")
        }
        return (worker, try first.decode(WorkerStarted.self))
    }

    /// One process of the record, from its first event on; ends as the record does.
    private func drive(_ context: Execution.Context, _ views: ProjectionRunner) async throws {
        let (worker, started) = try start(of: context.session)
        guard let run = started.run else {
            throw LogError(.invalid, during: "executing again", "the worker at \(context.session.first) has no run")
        }
        let log = context.log
        let recorded = RecordedWorker(worker, in: store.log) { await log.reached($0) }
        let budget = try recordedBudget(of: worker, in: run)
        let environment = RunEnvironment(
            log: log, views: views, effects: context.effects, worker: worker, liveness: recorded,
            interruption: recorded,
            transport: RecordedTransport(recorded: store.log) { _ = await log.endOfRecord() },
            gate: ReplayGate(worker, in: store.log, stop: budget.stop) { await log.reached($0) },
            key: { _ in nil }, budgetChanges: budget.changes,
            claims: RecordedClaims(of: worker, from: context.session.first, in: store.log))
        let executor = try RunExecutor(
            try definition(of: run), run: run, in: environment,
            logger: Logger(label: "cairn.replay") { _ in SwiftLogNoOpLogHandler() })
        let drain = try drainRequest(of: worker)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                _ = try await executor.execute()
                return true
            }
            group.addTask {
                guard let drain, await log.reached(drain.position.rawValue) else { return false }
                try await executor.requestDrain(drain.reason)
                return false
            }
            while let isOver = try await group.next() {
                if isOver { group.cancelAll() }
            }
        }
    }

    /// What a worker recorded of its run's budget: the changes that it brought along, and that it was used up.
    private func recordedBudget(
        of worker: WorkerID, in run: RunID
    ) throws -> (changes: [RunBudgetChanged], stop: (position: Position, exhaustion: Exhaustion)?) {
        var changes: [RunBudgetChanged] = []
        var stop: (position: Position, exhaustion: Exhaustion)?
        for event in try store.log.readStream(try StreamName(category: Run.category, id: run.rawValue)) {
            guard try event.metadata().worker == worker.rawValue else { continue }
            if event.hasType(RunBudgetChanged.type) {
                changes.append(try event.decode(RunBudgetChanged.self))
            } else if event.hasType(RunStopped.type) {
                let stopped = try event.decode(RunStopped.self)
                stop = (
                    event.position, Exhaustion(wanted: stopped.wanted, end: stopped.end, isRecorded: true)
                )
            }
        }
        return (changes, stop)
    }

    private func definition(of run: RunID) throws -> ExperimentDefinition {
        let stream = try StreamName(category: Run.category, id: run.rawValue)
        guard let position = try store.log.position(of: stream, revision: .first),
            let submitted = try store.log.event(at: position)?.decode(RunSubmitted.self),
            let blob = try store.log.blob(submitted.definition)
        else {
            throw LogError(
                .invalid, during: "executing the run \(run) again",
                "its definition isn't in the store: it was never submitted, or its blob is gone")
        }
        return try ExperimentDefinition(canonicalBytes: blob)
    }

    private func drainRequest(
        of worker: WorkerID
    ) throws -> (position: Position, reason: WorkerDrainRequested.Reason)? {
        let stream = try StreamName(category: Worker.category, id: worker.rawValue)
        for event in try store.log.readStream(stream) where event.hasType(WorkerDrainRequested.type) {
            return (event.position, try event.decode(WorkerDrainRequested.self).reason)
        }
        return nil
    }
}

/// The read models that the sessions of an execution share, opened by the first of them.
private final class ReplayedViews: Sendable {
    private let directory: String
    private let storeID: String
    private let opened = Mutex<ProjectionRunner?>(nil)

    init(directory: String, storeID: String) {
        self.directory = directory
        self.storeID = storeID
    }

    func runner(of log: CommitSequencer) throws -> ProjectionRunner {
        try opened.withLock { opened in
            if let opened { return opened }
            let runner = try ProjectionRunner(
                log: log, directory: directory, storeID: storeID, catalogue: Catalogues.projectors)
            opened = runner
            return runner
        }
    }

    func close() { opened.withLock { $0?.close() } }
}
