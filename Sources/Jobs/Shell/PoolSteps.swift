import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Logging
import Synchronization

/// The steps of a pool, each in a task of its own.
struct PoolSteps: Sendable {
    let pool: WorkerPool
    let mailbox: Mailbox<PoolMessage>
    let draining: OneShot
    let turns = SlotTurns()

    private var worker: WorkerID { pool.configuration.worker }
    private var policy: LeasePolicy { pool.configuration.lease }

    /// Takes a step, and tells the loop that it is over; a failure of the world around the jobs ends the loop.
    func perform(_ action: PoolState.Action) async {
        do {
            switch action {
            case .claim(let candidate): try await claim(candidate)
            case .decideRetry(let candidate): try await decideRetry(candidate)
            case .skip(let candidate): try await skip(candidate)
            case .watch(let candidate): try await watch(candidate)
            case .awaitRetry(let candidate):
                try await untilDraining { try await awaitRetry(candidate) }
                return mailbox.post(.due(candidate.key))
            }
        } catch is CancellationError {
            // Drained, or killed: nothing is recorded.
        } catch is LeaseLost {
            // Another worker was faster, or took the job away; the next look shows where it stands.
        } catch {
            return Task.isCancelled ? () : mailbox.post(.failed(error))
        }
        mailbox.post(.ended(candidate(of: action).key))
    }

    private func candidate(of action: PoolState.Action) -> PoolState.Candidate {
        switch action {
        case .claim(let candidate), .decideRetry(let candidate), .skip(let candidate), .awaitRetry(let candidate),
            .watch(let candidate):
            candidate
        }
    }

    /// Appends to a job's stream, beginning with the state that is known.
    private func handle(
        _ id: JobID, from loaded: Loaded<Job>, cause: Cause? = nil, of type: EventType? = nil, blobs: [Blob] = [],
        _ command: @escaping @Sendable (Timestamp) -> Job.Command
    ) async throws -> Handled<Job> {
        do throws(CommandError<Job.Refusal>) {
            return try await pool.jobs.handle(
                id.rawValue, run: pool.configuration.run.rawValue, job: id.rawValue, blobs: blobs,
                cause: { event in Swift.type(of: event.payload).type == type ? cause : nil }, from: loaded, command)
        } catch {
            throw error.asLeaseLost(of: id)
        }
    }
}

// MARK: - A job

extension PoolSteps {
    /// Leases a job, runs it, and records what came of it.
    private func claim(_ candidate: PoolState.Candidate) async throws {
        let id = candidate.id
        let held = Mutex<HeldLease?>(nil)
        let result: JobResult
        do {
            result = try await untilCut(candidate) {
                let (lease, job) = try await lease(candidate)
                held.withLock { $0 = lease }
                mailbox.post(.leased(candidate.key))
                return try await pool.handler.run(job)
            }
        } catch is CancellationError {
            guard !Task.isCancelled, held.withLock({ $0 }) != nil else { throw CancellationError() }
            result = .interrupted
        }
        guard let lease = held.withLock({ $0 }) else { throw LeaseLost(job: id) }
        mailbox.post(.returned(candidate.key))
        try await record(result, of: candidate, lease)
    }

    private func lease(_ candidate: PoolState.Candidate) async throws -> (HeldLease, RunningJob) {
        let (worker, policy) = (worker, policy)
        let leased = try await handle(candidate.id, from: candidate.job.loaded) {
            .lease(to: worker, at: $0, for: policy.length)
        }
        guard case .known(let progress) = leased.state, case .leased(let lease) = progress.stage else {
            throw LeaseLost(job: candidate.id)
        }
        let held = HeldLease(of: candidate.id, by: worker, policy: policy, jobs: pool.jobs, loaded: leased.loaded)
        let job = RunningJob(
            id: candidate.id, attempt: lease.attempt, submission: progress.submission, worker: worker, lease: held,
            slot: slot(of: candidate.key))
        return (held, job)
    }

    private func slot(of key: PoolState.StepKey) -> JobSlot {
        JobSlot(
            leave: { [mailbox] in mailbox.post(.steppedAside(key)) },
            ask: { [mailbox, turns] turn in
                turns.add(turn, of: key)
                mailbox.post(.wantsBack(key))
            })
    }

    private func record(_ result: JobResult, of candidate: PoolState.Candidate, _ lease: HeldLease) async throws {
        let (id, worker) = (candidate.id, worker)
        switch result {
        case .completed(let value):
            _ = try await handle(id, from: lease.loaded) { .complete(by: worker, at: $0, result: value) }
        case .failed(let kind, let message, let retryable):
            let failed = try await handle(id, from: lease.loaded) {
                .fail(by: worker, at: $0, class: kind, message: message, retryable: retryable)
            }
            pool.logger.info("job failed", metadata: ["job": "\(id)", "class": "\(kind)", "reason": "\(message)"])
            if case .known(let job) = failed.state, case .undecided = job.stage {
                try await decideRetry(id, failed.loaded)
            }
        case .interrupted:
            _ = try await handle(id, from: lease.loaded) { .release(by: worker, at: $0) }
        }
    }
}

// MARK: - Other steps

extension PoolSteps {
    private func decideRetry(_ candidate: PoolState.Candidate) async throws {
        try await untilCut(candidate) { try await decideRetry(candidate.id, candidate.job.loaded) }
    }

    /// The failure is the stream's last event, so it is the cause.
    private func decideRetry(_ id: JobID, _ loaded: Loaded<Job>) async throws {
        guard case .known(let job) = loaded.state, let failure = loaded.lastPosition else { return }
        let retry = pool.configuration.retry
        let blob = Blob(retry.canonicalBytes())
        let delay = retry.delay(after: job.failures, of: id.rawValue)
        let cause = Cause(blobs: [blob.digest], function: JobDerivations.retry, positions: [failure])
        _ = try await handle(id, from: loaded, cause: cause, of: JobRetryScheduled.type, blobs: [blob]) {
            .scheduleRetry(at: $0, delay: delay)
        }
    }

    private func skip(_ candidate: PoolState.Candidate) async throws {
        guard let doom = candidate.job.doom else { return }
        let cause = Cause(function: JobDerivations.skip, positions: [doom.cause])
        try await untilCut(candidate) {
            _ = try await handle(candidate.id, from: candidate.job.loaded, cause: cause, of: JobSkipped.type) { _ in
                .skip(JobSkipped(rootCause: doom.rootCause, rootClass: doom.rootClass))
            }
        }
    }

    private func awaitRetry(_ candidate: PoolState.Candidate) async throws {
        guard case .retrying(let notBefore) = candidate.job.place else { return }
        let now = try await pool.effects.time(place(of: candidate))
        if now < notBefore { try await pool.effects.pause(notBefore - now) }
    }

    /// Waits until another's lease is lost, and records that.
    private func watch(_ candidate: PoolState.Candidate) async throws {
        guard case .leased(let lease) = candidate.job.progress.stage else { return }
        let place = try place(of: candidate)
        let policy = policy
        let reason = try await untilDraining {
            try await pool.liveness.loss(of: lease.worker, deadline: lease.deadline, recordedAt: place)
        }
        let cause = Cause(function: JobDerivations.leaseExpiry, positions: [candidate.job.lastPosition])
        try await untilCut(candidate) {
            _ = try await handle(candidate.id, from: candidate.job.loaded, cause: cause, of: JobLeaseExpired.type) {
                .expire(from: lease.worker, at: $0, reason: reason, policy: policy, deadline: lease.deadline)
            }
            pool.logger.notice(
                "took over a lost job",
                metadata: ["job": "\(candidate.id)", "reason": "\(reason)", "from": "\(lease.worker)"])
        }
    }

    /// Where the step's event will be.
    private func place(of candidate: PoolState.Candidate) throws(LogError) -> Place {
        let stream = try StreamName(category: Job.category, id: candidate.id.rawValue)
        return Place(stream: stream, revision: candidate.job.loaded.nextRevision)
    }
}

// MARK: - Ending

extension PoolSteps {
    /// Runs `body`, and cancels it as soon as the worker drains.
    private func untilDraining<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
        try await race(body) { try await draining.wait() }
    }

    /// Runs `body`, and cancels it when the worker drains and the time for this step is up.
    private func untilCut<R: Sendable>(
        _ candidate: PoolState.Candidate, _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        let place = try place(of: candidate)
        return try await race(body) {
            try await draining.wait()
            try await pool.interruption.moment(forStepAt: place)
        }
    }
}
