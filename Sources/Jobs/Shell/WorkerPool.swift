package import Deciders
import Determinism
package import EventLog
package import Logging
package import Projections

/// Works on the jobs of a run until nothing is left, or until it is asked to end.
///
/// `PoolState` has the rules, `ReadyQueue` says what there is to do, and every step is a task. Wakes when a step ends or
/// the log grows; never polls.
package struct WorkerPool: Sendable {
    /// What a pool needs to know.
    package struct Configuration: Sendable {
        package var run: RunID
        package var worker: WorkerID
        package var limits: PoolState.Limits
        package var lease: LeasePolicy
        /// When a failed job is tried again; a blob that the derived events cite.
        package var retry: RetryPolicy
        /// Takes the place of the limits in replay, where the recorded order decides.
        package var claims: RecordedClaims?

        package init(
            run: RunID, worker: WorkerID, limits: PoolState.Limits, lease: LeasePolicy,
            retry: RetryPolicy = .standard, claims: RecordedClaims? = nil
        ) {
            self.run = run
            self.worker = worker
            self.limits = claims == nil ? limits : .none
            self.lease = lease
            self.retry = retry
            self.claims = claims
        }
    }

    /// How work ended.
    package enum Outcome: Equatable, Sendable {
        /// Every job of the run is completed, failed or skipped.
        case finished(JobCounts)
        /// It was asked to end; the rest is for another worker.
        case drained(JobCounts)
    }

    let configuration: Configuration
    let log: any Log
    let effects: Effects
    let views: ProjectionRunner
    let handler: any JobHandler
    let liveness: any WorkerLiveness
    let interruption: any Interruption
    let jobs: CommandHandler<Job>
    let logger: Logger
    private let workers: CommandHandler<Worker>
    private let draining = OneShot()

    /// The catalogue of `views` needn't name `ReadyQueue`.
    package init(
        _ configuration: Configuration, log: any Log, effects: Effects, views: ProjectionRunner,
        handler: any JobHandler, liveness: any WorkerLiveness, interruption: any Interruption,
        logger: Logger = Logger(label: "cairn.pool")
    ) {
        self.configuration = configuration
        self.log = log
        self.effects = effects
        self.views = views
        self.handler = handler
        self.liveness = liveness
        self.interruption = interruption
        self.logger = logger
        jobs = CommandHandler(log: log, effects: effects, worker: configuration.worker.rawValue)
        workers = CommandHandler(log: log, effects: effects, worker: configuration.worker.rawValue)
    }

    /// Records that the worker was asked to end, and then makes it begin nothing new.
    package func requestDrain(_ reason: WorkerDrainRequested.Reason) async throws {
        let worker = configuration.worker
        let run = configuration.run.rawValue
        try await workers.handle(worker.rawValue, run: run, .requestDrain(reason))
        draining.happen()
    }

    /// Works until the run has nothing left, or until it has drained.
    ///
    /// Jobs that are still being submitted are worked on as they come; `submitted` happens when all of them are there.
    ///
    /// Whatever a handler throws beside a lost lease ends all work and is thrown on. Cancelling the caller ends it as if
    /// the process had been killed: nothing more is recorded.
    package func work(submitted: OneShot? = nil) async throws -> Outcome {
        let mailbox = Mailbox<PoolMessage>()
        let start = Position(try log.head().size)
        // Any other group keeps each task, and the memory that it worked in, until its result is taken.
        let end = try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await follow(from: start, mailbox) }
            group.addTask {
                if (try? await draining.wait()) != nil { mailbox.post(.drain) }
            }
            if let submitted {
                group.addTask {
                    if (try? await submitted.wait()) != nil { mailbox.post(.grown) }
                }
            }
            let steps = PoolSteps(pool: self, mailbox: mailbox, draining: draining)
            defer { group.cancelAll() }
            return try await loop(mailbox, submitted, readmit: steps.turns.come) { action in
                group.addTask { await steps.perform(action) }
            }
        }
        let counts = try counts()
        return switch end {
        case .finished: .finished(counts)
        case .drained: .drained(counts)
        }
    }

    private func loop(
        _ mailbox: Mailbox<PoolMessage>, _ submitted: OneShot?, readmit: (PoolState.StepKey) -> Void,
        begin: (PoolState.Action) -> Void
    ) async throws -> PoolState.End {
        var state = PoolState(limits: configuration.limits)
        while true {
            if state.needsLook {
                // Steps that can go on do so first: one look serves them all.
                await Task.yield()
                try look(&state, mailbox, allSubmitted: submitted?.hasHappened ?? true)
            }
            for key in state.readmitted() { readmit(key) }
            for action in state.next() { begin(action) }
            if configuration.claims?.isExhausted ?? true { state.claimsEnded() }
            if let end = state.end { return end }
            // A look takes messages too, so there may be nothing left to wait for.
            if state.needsLook { continue }
            for message in try await mailbox.take() { try take(message, &state) }
        }
    }

    private func take(_ message: PoolMessage, _ state: inout PoolState) throws {
        switch message {
        case .grown: state.changed()
        case .leased(let key): state.leased(key)
        case .steppedAside(let key): state.steppedAside(key)
        case .wantsBack(let key): state.wantsBack(key)
        case .returned(let key): state.returned(key)
        case .ended(let key): state.ended(key)
        case .due(let key): state.due(key)
        case .drain: state.drain(claimsGoOn: configuration.claims.map { !$0.isExhausted } ?? false)
        case .failed(let error): throw error
        }
    }

    /// Reads what could be done.
    ///
    /// Messages are taken after the state to read is fixed: what it shows of this worker's steps, they have told by
    /// then.
    private func look(
        _ state: inout PoolState, _ mailbox: Mailbox<PoolMessage>, allSubmitted: Bool
    ) throws {
        let run = configuration.run
        // The tables show these, and may show more.
        let known = configuration.claims == nil ? nil : state.leasedClaims
        try views.query(ReadyQueue.self) { tables in
            let counts = try tables.counts(of: run)
            state.look(outstanding: counts.outstanding + (allSubmitted ? 0 : 1))
            for message in mailbox.takeAll() { try take(message, &state) }
            if state.isDraining, !state.claimsGoOn { return }
            let limit = configuration.limits.isNone ? Int.max : Self.mostRows
            if let claims = configuration.claims {
                try lookAtRecord(claims, tables, &state)
            } else {
                for lane in try tables.lanesWithWork(of: run) { try lookAtLane(lane, tables, &state) }
            }
            if state.isDraining { return }
            if counts.retrying > 0 {
                for (id, job) in try tables.retrying(of: run, limit: limit) { state.sawRetrying(.init(id, job)) }
            }
            if counts.unsettled > 0 {
                for (id, job) in try tables.unsettled(of: run, limit: limit) { state.sawUnsettled(.init(id, job)) }
            }
            for (id, job) in try tables.runningElsewhere(than: configuration.worker, of: run, limit: limit) {
                state.sawElsewhere(.init(id, job))
            }
            try lookForLostLeases(tables, &state, beside: known ?? state.claims)
        }
    }

    /// How many rows of a kind are read at one look; more come with the next.
    private static let mostRows = 1_024

    private func lookAtLane(_ lane: String, _ tables: ReadyQueue.Tables, _ state: inout PoolState) throws {
        let wanted = state.wanted(in: lane)
        guard wanted > 0 else { return }
        var seen: [PoolState.Candidate] = []
        try tables.forEachReady(of: configuration.run, in: lane) { id, job in
            if !state.isTaken(id, at: job.revision) { seen.append(.init(id, job)) }
            return seen.count < wanted
        }
        state.sawReady(seen, in: lane)
    }

    /// Begins what the recorded worker claimed next, as far as it is ready.
    private func lookAtRecord(
        _ claims: RecordedClaims, _ tables: ReadyQueue.Tables, _ state: inout PoolState
    ) throws {
        try claims.offer(state.recordedClaims) { claim in
            // A job without a row is completed, or still to be submitted.
            guard let job = try tables.jobs.get(claim.job) else {
                return try tables.completed.get(claim.job) == nil ? .early : .known
            }
            let key = PoolState.StepKey(job: claim.job, revision: claim.revision)
            guard job.revision <= claim.revision, !state.isBegun(key) else { return .known }
            guard job.revision == claim.revision, case .ready = job.place, !state.isTaken(claim.job, at: job.revision)
            else { return .early }
            state.sawReady([.init(claim.job, job)], in: job.lane)
            return .begun
        }
    }

    /// Leases of this worker whose steps are over: their deadline had passed when they were to be ended.
    ///
    /// Only when no step ended meanwhile, whose last event the tables may not show. Recorded claims are begun long before
    /// they have their lease; where the pool claims by itself, nearly all have theirs, and none need be looked through.
    private func lookForLostLeases(
        _ tables: ReadyQueue.Tables, _ state: inout PoolState, beside known: Int
    ) throws {
        let (run, worker) = (configuration.run, configuration.worker)
        guard !state.isStale, try tables.leases(of: worker, in: run) > known else { return }
        for (id, job) in try tables.held(by: worker, of: run, limit: .max) { state.sawHeld(.init(id, job)) }
    }

    private func counts() throws -> JobCounts {
        try views.query(ReadyQueue.self) { try $0.counts(of: configuration.run) }
    }

    /// Tells the loop when the log has events that may give it something to do.
    private func follow(from start: Position, _ mailbox: Mailbox<PoolMessage>) async {
        let types = [
            JobSubmitted.type, JobCompleted.type, JobFailed.type, JobRetryScheduled.type, JobLeaseExpired.type,
            JobReleased.type, JobSkipped.type, JobRetryRequested.type,
        ]
        do {
            for try await _ in log.subscribe(from: start, matching: EventFilter(types: types)) { mailbox.post(.grown) }
        } catch {
            if !Task.isCancelled { mailbox.post(.failed(error)) }
        }
    }
}

/// What the loop of a pool is told.
enum PoolMessage: Sendable {
    case grown
    case leased(PoolState.StepKey)
    case steppedAside(PoolState.StepKey)
    case wantsBack(PoolState.StepKey)
    case returned(PoolState.StepKey)
    case ended(PoolState.StepKey)
    case due(PoolState.StepKey)
    case drain
    case failed(any Error)
}
