import Calls
import CanonicalJSON
import Deciders
import EventLog
package import Jobs
package import Logging
import Projections
package import Scoring

/// Executes a run: submits what isn't submitted yet and works on it until nothing is left, then ranks and finishes.
///
/// The same code executes a recorded run again. All that is decided here follows from the log and the definition.
package struct RunExecutor: Sendable {
    package let run: RunID
    package let plan: JobPlan
    let definition: ExperimentDefinition
    let environment: RunEnvironment
    private let pool: WorkerPool
    private let started = OneShot()
    /// Happens when the run has all its jobs.
    private let submitted = OneShot()
    /// Happens when this process finds the budget used up.
    let stopped = OneShot()

    /// `run` is made by `JobPlan.runID`, or read from the log when an existing run is resumed.
    ///
    /// Throws when the definition asks for a provider that this program doesn't have.
    package init(
        _ definition: ExperimentDefinition, run: RunID, in environment: RunEnvironment,
        logger: Logger = Logger(label: "cairn.run")
    ) throws {
        self.run = run
        self.definition = definition
        self.environment = environment
        plan = JobPlan(definition, run: run)
        let configuration = WorkerPool.Configuration(
            run: run, worker: environment.worker, limits: environment.slots ?? definition.slots,
            lease: definition.lease, retry: definition.limits.retry, claims: environment.claims)
        let handlers = try RunHandlers(definition, run: run, in: environment, logger: logger)
        pool = WorkerPool(
            configuration, log: environment.log, effects: environment.effects, views: environment.views,
            handler: handlers, liveness: environment.liveness, interruption: environment.interruption, logger: logger)
    }

    /// How far a run has come when its execution ends.
    package struct Report: Equatable, Sendable {
        package let run: RunID
        /// Whether it stopped because it was asked to, with work left.
        package let isDrained: Bool
        package let row: RunRow
        /// Nil without judges, and before the end.
        package let ranking: RankingComputed?
    }

    /// Works until the run is finished or drained; a run that is finished already is reported as it stands.
    ///
    /// `progress` hears how far it has come, a few times a second, and never in between two records of one stream.
    /// Cancelling ends it as if the process had been killed.
    package func execute(progress: (@Sendable (RunRow) -> Void)? = nil) async throws -> Report {
        if case .finished = try runs.load(run.rawValue).state { return try report(isDrained: false) }
        let concurrency = definition.limits.concurrency
        try await workers.handle(worker, run: run.rawValue, .start(WorkerStarted(concurrency: concurrency, run: run)))
        started.happen()
        try await submit()
        // Ends with this function.
        async let _ = follow(telling: progress)
        switch try await workWithinBudget() {
        case .finished:
            try await rank()
            try await finish()
            try await workers.handle(worker, run: run.rawValue, .stop(.finished))
            return try report(isDrained: false)
        case .drained:
            if !stopped.hasHappened { try await drain() }
            try await workers.handle(worker, run: run.rawValue, .stop(.drained))
            return try report(isDrained: true)
        }
    }

    /// Records that this worker was asked to end; what is under way may end, nothing new begins.
    ///
    /// Waits until the worker has started, since only then it can be asked.
    package func requestDrain(_ reason: WorkerDrainRequested.Reason) async throws {
        try await started.wait()
        try await pool.requestDrain(reason)
        environment.gate.close()
    }

    private var worker: String { environment.worker.rawValue }
    private var runs: CommandHandler<Run> { environment.handler() }
    private var workers: CommandHandler<Worker> { environment.handler() }
    private var rankings: CommandHandler<Ranking> { environment.handler() }
}

// MARK: - Submitting and working

extension RunExecutor {
    /// Puts the run into the log; its jobs follow while it is worked on.
    private func submit() async throws {
        let blob = Blob(definition.canonicalBytes())
        let event = RunSubmitted(
            cells: plan.cells, definition: blob.digest, experiment: definition.name, jobs: plan.jobs.count)
        let blobs = [blob] + definition.judges.map { Blob($0.rubric.canonicalBytes()) }
        let handled = try await runs.handle(run.rawValue, run: run.rawValue, blobs: blobs, .submit(event))
        try await recordBudget()
        guard case .submitting = handled.state else { return submitted.happen() }
    }

    /// Puts the jobs into the log, unless they are there; a submission that was cut short is completed.
    private func submitJobs() async throws {
        if submitted.hasHappened { return }
        // A call has its own attempts; a job whose call was given up isn't begun again by itself.
        let jobs = plan.jobs.lazy.map { job in
            (
                id: job.id,
                job: JobSubmitted(
                    after: job.after, kind: job.kind, labels: job.labels, lane: job.lane, maxAttempts: 1,
                    ordinal: job.ordinal, run: run)
            )
        }
        _ = try await JobSubmission(environment.handler()).submit(jobs)
        try await runs.handle(run.rawValue, run: run.rawValue, .confirmJobs)
        submitted.happen()
    }

    /// Works while the jobs come, and stops when the budget is used up; returns when all jobs are in the log, too.
    private func workWithinBudget() async throws -> WorkerPool.Outcome {
        try await withThrowingTaskGroup(of: WorkerPool.Outcome?.self) { group in
            group.addTask { try await pool.work(submitted: submitted) }
            group.addTask {
                try await submitJobs()
                return nil
            }
            group.addTask {
                try await stopWhenExhausted()
                return nil
            }
            var outcome: WorkerPool.Outcome?
            while let ended = try await group.next() {
                outcome = ended ?? outcome
                guard let outcome, submitted.hasHappened else { continue }
                group.cancelAll()
                return outcome
            }
            throw CancellationError()
        }
    }

    /// Lets the read models follow the log while it works, so that the end needn't wait for them.
    ///
    /// What `progress` hears is for people's eyes only: nothing that is recorded depends on it.
    private func follow(telling progress: (@Sendable (RunRow) -> Void)?) async {
        while (try? await Task.sleep(for: .milliseconds(100))) != nil {  // why: people read no faster
            // What can't be read now is told to whoever asks for it.
            _ = try? environment.views.catchUp([Runs.self, Scores.self, Rankings.self])
            if let progress, let row = try? row() { progress(row) }
        }
    }

    private func row() throws -> RunRow {
        guard let row = try environment.views.query(Runs.self, { try $0.runs.get(run) }) else {
            throw LogError(.invalid, during: "reading the run \(run)", "it was never submitted to this store")
        }
        return row
    }
}

// MARK: - Ending

extension RunExecutor {
    private func rank() async throws {
        guard !definition.judges.isEmpty else { return }
        let scores = try environment.views.query(Scores.self) { tables in
            try plan.jobs.filter { $0.kind == JudgeHandler.kind }.compactMap { job in
                try tables.scores.get(ScoreKey(run: run, job: job.id)).flatMap { row in
                    if case .computed(let computed) = row.outcome { (row.position, computed) } else { nil }
                }
            }
        }
        let models = definition.rankedModels
        let inputs = Blob(scores.map(\.0).canonicalBytes())
        let roster = Blob(models.canonicalBytes())
        let ranking = ScoringDerivations.ranking(
            of: run, scores: scores.map(\.1), inputs: inputs.digest, models: models, method: definition.ranking)
        let cause = ScoringDerivations.rankingCause(
            inputs: inputs.digest, models: roster.digest, method: definition.ranking)
        try await rankings.handle(
            run.rawValue, run: run.rawValue, blobs: [inputs, roster], cause: { _ in cause }, .compute(ranking))
    }

    private func finish() async throws {
        let cells = try environment.views.query(Runs.self) { try $0.cells.scan(prefix: KeyPrefix(run)).map(\.row) }
        let counts = CellCounts(
            done: cells.count { $0.status == .done }, failed: cells.count { $0.status == .failed },
            skipped: cells.count { $0.status == .skipped })
        let inputs = Blob(cells.compactMap(\.settled).canonicalBytes())
        let stream = try StreamName(category: Run.category, id: run.rawValue)
        guard let submitted = try environment.log.position(of: stream, revision: .first) else {
            preconditionFailure("a run that is worked on was submitted")
        }
        let cause = RunDerivations.outcomeCause(submitted: submitted, inputs: inputs.digest)
        try await runs.handle(
            run.rawValue, run: run.rawValue, blobs: [inputs], cause: { _ in cause },
            .finish(RunDerivations.finished(counts, of: plan.cells)))
    }

    private func drain() async throws {
        let cells = try row().cells
        try await runs.handle(
            run.rawValue, run: run.rawValue, .drain(outstanding: cells.outstanding + cells.unknown))
    }

    private func report(isDrained: Bool) throws -> Report {
        let ranking = try environment.views.query(Rankings.self) { try $0.current(of: run)?.ranking }
        return Report(run: run, isDrained: isDrained, row: try row(), ranking: ranking)
    }
}

extension ExperimentDefinition {
    /// How many jobs run at once, in all and for each lane.
    package var slots: PoolState.Limits {
        var lanes = limits.perProvider
        for model in models + judges.map(\.model) {
            if let most = model.maxInFlight { lanes[model.lane] = most }
        }
        return PoolState.Limits(total: limits.concurrency, lanes: lanes)
    }

    /// The models that a ranking is of.
    package var rankedModels: [RankedModel] {
        let cells = scenarios.count * samples * judges.count
        return models.map { RankedModel(cells: cells, id: $0.id) }
    }

    /// A lease that no single call can outlast.
    var lease: LeasePolicy {
        LeasePolicy.covering(callTimeout: limits.timeout, longestPause: limits.retry.cap)
    }
}
