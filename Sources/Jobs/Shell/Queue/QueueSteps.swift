import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Projections

/// What a worker of queues does that takes time: appends for many jobs at once, and the run of one handler.
struct QueueSteps: Sendable {
    let jobs: CommandHandler<Job>
    let log: any Log
    let effects: Effects
    let worker: WorkerID
    let policy: LeasePolicy
    /// Whose calls the jobs of a kind make, for kinds that say so.
    let providers: [String: ProviderID]
    let budgets: RetryBudgets

    init(
        jobs: CommandHandler<Job>, log: any Log, effects: Effects, worker: WorkerID, policy: LeasePolicy,
        providers: [String: ProviderID] = [:]
    ) {
        self.jobs = jobs
        self.log = log
        self.effects = effects
        self.worker = worker
        self.policy = policy
        self.providers = providers
        budgets = RetryBudgets(log: log, effects: effects, worker: worker)
    }

    /// An append for many jobs, each from the state that is known.
    ///
    /// A refusal is that job's own; a log that can't be written ends the worker.
    func handle(_ batch: [BatchCommand<Job>]) async throws -> [Handled<Job>?] {
        try await jobs.handle(batch).map { result in
            switch result {
            case .success(let handled): return handled
            case .failure(.refused), .failure(.contended): return nil
            case .failure(.effect(let error)): throw error
            case .failure(let error): throw error
            }
        }
    }

    func command(
        _ id: JobID, _ run: RunID, from loaded: Loaded<Job>?, blobs: [Blob] = [], cause: Cause? = nil,
        for type: EventType? = nil, _ command: @escaping @Sendable (Timestamp) -> Job.Command
    ) -> BatchCommand<Job> {
        BatchCommand(
            id.rawValue, run: run.rawValue, job: id.rawValue, blobs: blobs,
            cause: { event in type == nil || Swift.type(of: event.payload).type == type ? cause : nil }, from: loaded,
            command)
    }
}

// MARK: - Taking jobs

extension QueueSteps {
    /// Leases jobs in their order; those that others took meanwhile are lost.
    func claim(_ rows: [ListedJob]) async throws -> QueueMessage {
        let loaded = try rows.map { try load($0) }
        let (worker, length) = (worker, policy.length)
        let handled = try await handle(
            zip(rows, loaded).map { row, loaded in
                command(row.id, row.row.run, from: loaded) { .lease(to: worker, at: $0, for: length) }
            })
        var leased: [HeldJob] = []
        var lost: [JobID] = []
        leased.reserveCapacity(rows.count)
        for (row, handled) in zip(rows, handled) {
            if let handled, let job = held(row.id, handled, due: row.row.stage.notBefore) {
                leased.append(job)
            } else {
                lost.append(row.id)
            }
        }
        return .claimed(leased: leased, lost: lost)
    }

    private func held(_ id: JobID, _ handled: Handled<Job>, due: Timestamp?) -> HeldJob? {
        guard case .known(let progress) = handled.state, case .leased(let lease) = progress.stage,
            lease.worker == worker, let position = handled.lastPosition
        else { return nil }
        return HeldJob(
            id: id, loaded: handled.loaded, submission: progress.submission, attempt: lease.attempt,
            deadline: lease.deadline, due: due, lease: position)
    }

    /// The job's stream as its row and its submission have it.
    func load(_ job: ListedJob) throws -> Loaded<Job> {
        guard let event = try log.event(at: job.row.position) else {
            throw LogError(
                .damaged(job.row.position), during: "reading the submission of job \(job.id)",
                "position \(job.row.position) is beyond the log")
        }
        return job.row.loaded(try event.decode(JobSubmitted.self))
    }

    /// Lengthens leases; those that can't be are lost.
    func renew(_ jobs: [HeldJob]) async throws -> QueueMessage {
        let (worker, length) = (worker, policy.length)
        let handled = try await handle(
            jobs.map { job in
                command(job.id, job.submission.run, from: job.loaded) { .renew(by: worker, at: $0, for: length) }
            })
        var renewed: [(HeldJob, Timestamp)] = []
        var lost: [JobID] = []
        for (job, handled) in zip(jobs, handled) {
            guard let handled, let renewal = held(job.id, handled, due: job.due) else {
                lost.append(job.id)
                continue
            }
            var next = job
            next.loaded = handled.loaded
            next.lease = renewal.lease
            renewed.append((next, renewal.deadline))
        }
        return .renewed(renewed, lost: lost)
    }
}

// MARK: - Working

extension QueueSteps {
    /// How long a job waits whose handler can't work here.
    private static let patience = Microseconds.seconds(30)

    /// Runs a handler until it answers or is stopped.
    func run(_ job: HeldJob, _ handler: (any QueueHandler)?, report: @escaping @Sendable (Int, String?) -> Void) async
        -> QueueResult
    {
        guard let handler else {
            return .failed(class: "unknownKind", message: "no handler for \(job.submission.kind)", retryable: true)
        }
        let task = QueueTask(
            id: job.id, attempt: job.attempt, kind: job.submission.kind, input: job.submission.terms?.input ?? .null,
            labels: job.submission.labels, run: job.submission.run, timeout: job.submission.terms?.timeout,
            parents: { try parents(of: job) }, report: report)
        do {
            return try await race {
                try await handler.check()
                return try await handler.run(task).recordable
            } cut: {
                try await job.stopped.wait()
            }
        } catch is CancellationError {
            return .interrupted
        } catch let problem as HandlerProblem {
            return .deferred(for: Self.patience, reason: "\(problem)")
        } catch {
            return .failed(class: "handlerError", message: "\(error)", retryable: true)
        }
    }

    /// What came of the jobs that this one waited for, in the order of its terms.
    private func parents(of job: HeldJob) throws -> [ParentResult] {
        try (job.submission.terms?.parents ?? []).flatMap { range in
            try range.jobs.map { parent in try result(of: parent) }
        }
    }

    private func result(of parent: JobID) throws -> ParentResult {
        let stream = try StreamName(category: Job.category, id: parent.rawValue)
        let name = try log.readStream(stream, .forward, from: nil, limit: 1).first
            .map { try $0.decode(JobSubmitted.self).terms?.name }
        var result: JSONValue?
        for event in try log.readStream(stream) where event.hasType(JobCompleted.type) {
            result = try event.decode(JobCompleted.self).result
        }
        return ParentResult(id: parent, name: name ?? nil, result: result)
    }
}

// MARK: - Recording

extension QueueSteps {
    /// Records how jobs have ended; what isn't this worker's any more is kept as evidence.
    ///
    /// Says how many couldn't be given back, since they were cancelled or taken away meanwhile.
    func record(_ answers: [(HeldJob, QueueResult)]) async throws -> Int {
        let (worker, policy) = (worker, policy)
        let handled = try await handle(
            answers.map { job, answer in
                let evidence = answer.evidence
                let provider = providers.isEmpty ? nil : providers[job.submission.kind]
                return command(
                    job.id, job.submission.run, from: job.loaded, blobs: evidence,
                    cause: evidence.isEmpty ? nil : Cause(blobs: evidence.map(\.digest))
                ) { answer.command(by: worker, at: $0, policy: policy, provider: provider) }
            })
        if !providers.isEmpty { budgets.count(firstAnswers(answers)) }
        var retries: [Undecided] = []
        var late: [(job: HeldJob, answer: QueueResult)] = []
        var taken = 0
        for ((job, answer), handled) in zip(answers, handled) {
            if let handled, !handled.events.isEmpty {
                if let retry = Undecided(job, answer, handled) { retries.append(retry) }
            } else if answer == .interrupted {
                taken += 1
            } else {
                late.append((job, answer))
            }
        }
        if !retries.isEmpty { try await decide(retries) }
        if !late.isEmpty { try await keep(late) }
        return taken
    }

    /// Keeps answers that don't count as evidence; a lease of this worker whose time is up is lost first.
    private func keep(_ late: [(job: HeldJob, answer: QueueResult)]) async throws {
        let (worker, policy) = (worker, policy)
        _ = try await handle(
            late.map { job, _ in
                let cause = Cause(function: JobDerivations.leaseExpiry, positions: [job.lease])
                let deadline = job.loaded.leaseDeadline
                return command(job.id, job.submission.run, from: nil, cause: cause, for: JobLeaseExpired.type) {
                    .expire(from: worker, at: $0, reason: .deadline, policy: policy, deadline: deadline)
                }
            })
        _ = try await handle(
            late.compactMap { job, answer in
                guard let evidence = answer.late(attempt: job.attempt, by: worker) else { return nil }
                return command(job.id, job.submission.run, from: nil) { _ in .recordLate(evidence) }
            })
    }

    /// A failed job whose retry is to be decided.
    private struct Undecided {
        let job: HeldJob
        let progress: Job.Progress
        let failure: Position
        let floor: Microseconds?
        let loaded: Loaded<Job>

        init?(_ job: HeldJob, _ answer: QueueResult, _ handled: Handled<Job>) {
            guard case .known(let progress) = handled.state, case .undecided = progress.stage,
                let failure = handled.lastPosition
            else { return nil }
            self.job = job
            self.progress = progress
            self.failure = failure
            floor = answer.floor
            loaded = handled.loaded
        }
    }

    /// How many of these answers are to first attempts, by the provider that was called.
    private func firstAnswers(_ answers: [(HeldJob, QueueResult)]) -> [ProviderID: Int] {
        var counts: [ProviderID: Int] = [:]
        for (job, answer) in answers where answer.isAnswer {
            guard let provider = providers[job.submission.kind], case .known(let before) = job.loaded.state,
                before.spent == 0
            else { continue }
            counts[provider, default: 0] += 1
        }
        return counts
    }

    private func decide(_ retries: [Undecided]) async throws {
        var failures: [ProviderID: [RetryBudgetPast.Failure]] = [:]
        for retry in providers.isEmpty ? [] : retries {
            guard let provider = providers[retry.job.submission.kind] else { continue }
            failures[provider, default: []].append(
                RetryBudgetPast.Failure(retry.job.id, attempt: retry.progress.attempt, at: retry.failure))
        }
        let allowed = try await allow(failures)
        _ = try await handle(
            retries.map { retry in
                let decision = RetryDecision(
                    retry.progress, retry.job.id, failedAt: retry.failure, floor: retry.floor,
                    allowed: allowed[retry.job.id])
                return command(
                    retry.job.id, retry.job.submission.run, from: retry.loaded, blobs: decision.blobs,
                    cause: decision.cause
                ) { decision.command(at: $0) }
            })
    }

    /// What providers' budgets allow, by job.
    func allow(
        _ failures: [ProviderID: [RetryBudgetPast.Failure]], again: Bool = false
    ) async throws -> [JobID: RetryBudgetPast.Allowed] {
        var allowed: [JobID: RetryBudgetPast.Allowed] = [:]
        for (provider, failures) in failures.sorted(by: { $0.key < $1.key }) {
            for next in try await budgets.allow(failures, of: provider, again: again) { allowed[next.retry.job] = next }
        }
        return allowed
    }

    /// Asks the budgets again for retries that come late; what becomes of those that may not begin.
    func askAgain(_ jobs: [HeldJob]) async throws -> QueueMessage {
        var failures: [ProviderID: [RetryBudgetPast.Failure]] = [:]
        for job in jobs {
            let events = try log.readStream(StreamName(category: Job.category, id: job.id.rawValue))
            if let retry = try OverdueRetry(of: job.id, newestFirst: events.reversed()) {
                failures[retry.provider, default: []].append(retry.failure)
            }
        }
        let allowed = try await allow(failures, again: true)
        return .asked(jobs.map { ($0.id, allowed[$0.id]?.deferral) })
    }

    /// Records in the worker's stream that it begins no more jobs of a kind; false for one without a stream, which has
    /// nothing to say.
    func tellPause(of kind: String, _ pause: KindBreaker.Pause) async throws -> Bool {
        let paused = WorkerKindPaused(crashes: pause.crashes, kind: kind, reason: pause.reason)
        do throws(CommandError<Worker.Refusal>) {
            try await workers.handle(worker.rawValue, .pauseKind(paused))
            return true
        } catch {
            guard case .refused = error else { throw error }
            return false
        }
    }

    /// The kinds that this worker's stream says are paused.
    func pausedKinds() throws -> Set<String> { try workers.load(worker.rawValue).state.pausedKinds ?? [] }

    private var workers: CommandHandler<Worker> {
        CommandHandler(log: log, effects: effects, worker: worker.rawValue)
    }

    /// Records how far a job has come; whether it could be doesn't matter.
    func progress(_ job: HeldJob, _ thousandths: Int, _ message: String?) async throws -> Loaded<Job>? {
        let worker = worker
        return try await handle([
            command(job.id, job.submission.run, from: job.loaded) {
                .report(by: worker, at: $0, thousandths: thousandths, message: message)
            }
        ])[0]?.loaded
    }
}
