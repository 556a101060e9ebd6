import Calls
import CanonicalJSON
import Deciders
import EventLog
import Experiments
import Jobs
import Providers
import Replay
import Scoring

extension ForkRules {
    func takeJob(_ event: Event, _ run: inout ForkedRun) throws {
        guard let id = JobID(inStreamOf: event), let happened = try JobEvent.read(event) else {
            return try keep(event)
        }
        if case .submitted(let submitted) = happened { return try take(submitted, id, event, &run) }
        guard try isFollowed(id, &run) else { return try leaveOut(event, id, run, ends: happened.ends) }
        switch happened {
        case .leased(let leased): run.jobs[id]?.lease = (leased.attempt, leased.worker)
        case .leaseExpired, .released: run.jobs[id]?.lease = nil
        case .completed(let completed):
            try end(id, &run, with: event, as: try completedDraft(completed, id, event, run))
            return
        case .failed(let failed):
            if try wouldGoOn(after: failed, id, run) { return try open(id, &run, at: event, leavingOut: true) }
            if failed.final {
                try end(id, &run, with: event, as: try writer.draft(of: event))
                return
            }
            run.jobs[id]?.lease = nil
        case .skipped:
            try end(id, &run, with: event, as: try writer.draft(of: event))
            return
        case .retryRequested: run.jobs[id]?.end = nil
        default: break
        }
        try writer.keep(event)
    }

    private func take(_ submitted: JobSubmitted, _ id: JobID, _ event: Event, _ run: inout ForkedRun) throws {
        guard let ordinal = run.ordinal(of: id, recorded: submitted.ordinal) else { return writer.leaveOut(event) }
        run.jobs[id] = ForkedJob(submission: submitted)
        var draft = try writer.draft(of: event)
        if ordinal != submitted.ordinal {
            draft.data =
                JobSubmitted(
                    after: submitted.after, kind: submitted.kind, labels: submitted.labels, lane: submitted.lane,
                    maxAttempts: submitted.maxAttempts, ordinal: ordinal, run: submitted.run, terms: submitted.terms
                ).canonicalBytes()
        }
        try writer.write(draft, for: event)
    }

    /// Whether what was recorded of a job holds so far; a job that waits for one that doesn't holds no longer, either.
    func isFollowed(_ id: JobID, _ run: inout ForkedRun) throws -> Bool {
        guard let job = run.jobs[id] else { return false }
        guard job.isFollowed else { return false }
        for parent in job.submission.after {
            guard let before = run.jobs[parent] else { continue }
            if !before.isFollowed {
                run.jobs[id]?.fate = .open
                return false
            }
        }
        return true
    }

    /// What ended the job in the record is stood for by what ends it in the fork.
    private func leaveOut(_ event: Event, _ id: JobID, _ run: ForkedRun, ends: Bool) throws {
        writer.leaveOut(event)
        if ends, case .ended(let position)? = run.jobs[id]?.fate { writer.stand(position, for: event.position) }
    }

    private func end(_ id: JobID, _ run: inout ForkedRun, with event: Event, as draft: ForkDraft) throws {
        try writer.write(draft, for: event)
        run.jobs[id]?.lease = nil
        run.jobs[id]?.end = event.type
        run.jobs[id]?.call = nil
    }

    /// A judge's result is its score.
    private func completedDraft(
        _ completed: JobCompleted, _ id: JobID, _ event: Event, _ run: ForkedRun
    ) throws -> ForkDraft {
        let draft = try writer.draft(of: event)
        guard run.changesScores, let score = run.jobs[id]?.score else { return draft }
        let result: JSONValue = ["round": .number(Double(score.round)), "total": .number(score.total)]
        var changed = draft
        changed.data =
            JobCompleted(attempt: completed.attempt, result: result, worker: completed.worker).canonicalBytes()
        return changed
    }

    /// Whether the job's call, whose failure was its end, would be tried again under other terms.
    private func wouldGoOn(after failed: JobFailed, _ id: JobID, _ run: ForkedRun) throws -> Bool {
        guard run.changesRetry, let job = run.jobs[id], let call = job.call, case .known(let progress) = call.state,
            case .failed(let failure) = progress.stage, failure.class.rawValue == failed.class,
            let model = run.model(asked: job.submission)
        else { return false }
        return run.terms(of: model).policy.verdict(after: failure, progress, of: call.id) != .giveUp
    }

    /// Leaves a job to the pipeline: what was recorded after this event doesn't hold.
    ///
    /// `leavingOut` this event, too.
    func open(_ id: JobID, _ run: inout ForkedRun, at event: Event, leavingOut: Bool) throws {
        if leavingOut { writer.leaveOut(event) }
        guard let job = run.jobs[id] else { return }
        if let lease = job.lease {
            let released = JobReleased(attempt: lease.attempt, worker: lease.worker)
            try writer.write(try draft(of: released, id, run, at: event, by: lease.worker), for: nil)
        }
        run.jobs[id]?.fate = .open
        run.jobs[id]?.lease = nil
        run.jobs[id]?.call = nil
    }

    /// An event that only the fork has: it carries the time of the one that it follows from.
    func draft(
        of payload: some EventPayload, _ id: JobID, _ run: ForkedRun, at event: Event, by worker: WorkerID
    ) throws -> ForkDraft {
        ForkDraft(
            stream: try StreamName(category: Job.category, id: id.rawValue), type: type(of: payload).type,
            version: payload.writtenVersion, time: event.time, data: payload.canonicalBytes(),
            metadata: EventMetadata(job: id.rawValue, run: run.id.rawValue, worker: worker.rawValue))
    }
}

extension CallPolicy {
    /// The verdict on a call as it stands.
    func verdict(after failure: CallFailed, _ call: Call.Progress, of id: CallID) -> Verdict {
        verdict(on: failure, failures: call.failures, refusals: call.refusals, alike: call.alike, of: id)
    }
}

extension JobEvent {
    /// Whether the job is over with it.
    fileprivate var ends: Bool {
        switch self {
        case .completed, .skipped: true
        case .failed(let failed): failed.final
        default: false
        }
    }
}
