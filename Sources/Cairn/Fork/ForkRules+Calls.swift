import Calls
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Providers
import Replay
import Scoring

extension ForkRules {
    func takeCall(_ event: Event, _ run: inout ForkedRun) throws {
        guard let id = CallID(rawValue: event.stream.id), let happened = try CallEvent.read(event),
            let job = try event.metadata().job.flatMap(JobID.init(rawValue:))
        else { return try keep(event) }
        guard try isFollowed(job, &run), let submission = run.jobs[job]?.submission,
            let model = run.model(asked: submission)
        else { return writer.leaveOut(event) }
        if case .reused = happened, !(try writer.hasCauses(of: event)) {
            return try open(job, &run, at: event, leavingOut: true)
        }
        var draft = try writer.draft(of: event)
        switch happened {
        case .started(let started):
            guard try take(started, draft, event, job, &run) else {
                return try open(job, &run, at: event, leavingOut: true)
            }
        case .completed:
            if run.changesPrices || run.changesRetry {
                setTerms(run.terms(of: model), &draft)
                try writer.derive(draft, for: event)
            } else {
                try writer.write(draft, for: event)
            }
            try count(event, &run)
        case .failed:
            try writer.write(draft, for: event)
            try count(event, &run)
        case .outcomeUnknown:
            try writer.derive(draft, for: event)
            try count(event, &run)
        case .reused: try writer.derive(draft, for: event)
        case .retryDecided: return try takeRetry(event, draft, id, happened, job, model, &run)
        }
        follow(happened, id, job, &run)
    }

    /// Keeps the state of the job's latest call, where retries are decided anew.
    private func follow(_ event: CallEvent, _ id: CallID, _ job: JobID, _ run: inout ForkedRun) {
        guard run.changesRetry else { return }
        let before = run.jobs[job]?.call
        let state = before?.id == id ? before?.state ?? Call.initial : Call.initial
        run.jobs[job]?.call = (id, Call.evolve(state, event))
    }

    private func setTerms(_ terms: CallTerms, _ draft: inout ForkDraft) {
        let blob = Blob(terms.canonicalBytes())
        draft.setCause(blobs: [blob.digest] + (draft.metadata.cause?.blobs.dropFirst() ?? []))
        draft.blobs = [blob]
    }

    /// False when the budget has no room for the attempt.
    private func take(
        _ started: CallStarted, _ draft: ForkDraft, _ event: Event, _ job: JobID, _ run: inout ForkedRun
    ) throws -> Bool {
        guard run.checksBudget || run.changesPrices && run.hasBudget else {
            try writer.write(draft, for: event)
            return true
        }
        if run.isExhausted { return false }
        let reserved = run.reservation(of: started, bodyBytes: try bodyBytes(started))
        if let reserved, !run.admits(reserved) { return false }
        var changed = draft
        changed.version = max(event.version, CallStarted.version)
        changed.data =
            CallStarted(
                adapter: started.adapter, attempt: started.attempt, endpoint: started.endpoint, job: started.job,
                model: started.model, provider: started.provider, purpose: started.purpose, request: started.request,
                reserved: reserved, stream: started.stream, turn: started.turn, worker: started.worker
            ).canonicalBytes()
        try writer.write(changed, for: event)
        try count(event, &run)
        return true
    }

    private func bodyBytes(_ started: CallStarted) throws -> Int {
        guard let body = try writer.parent.blob(started.request) else {
            throw DerivationError.missingBlob(started.request)
        }
        return body.count
    }

    /// Counts the event that was just written.
    private func count(_ event: Event, _ run: inout ForkedRun) throws {
        guard run.checksBudget, let place = writer.positions[event.position], let forked = try writer.event(at: place)
        else { return }
        try run.count(forked) { digest in
            guard let body = try writer.parent.blob(digest) else {
                throw DerivationError.missingBlob(digest)
            }
            return body.count
        }
    }

    private func takeRetry(
        _ event: Event, _ draft: ForkDraft, _ id: CallID, _ happened: CallEvent, _ job: JobID,
        _ model: ModelDefinition, _ run: inout ForkedRun
    ) throws {
        let terms = run.terms(of: model)
        if run.changesRetry, let call = run.jobs[job]?.call, case .known(let progress) = call.state,
            case .failed(let failure) = progress.stage,
            terms.policy.verdict(after: failure, progress, of: id) == .giveUp
        {
            writer.leaveOut(event)
            return try giveUp(job, progress.started, failure, at: event, &run)
        }
        var draft = draft
        if draft.metadata.cause?.blobs.isEmpty == false { setTerms(terms, &draft) }
        try writer.derive(draft, for: event)
        follow(happened, id, job, &run)
    }

    /// Ends a job whose call is given up sooner than recorded, as the pool that ran it would have.
    private func giveUp(
        _ id: JobID, _ call: CallStarted, _ failure: CallFailed, at event: Event, _ run: inout ForkedRun
    ) throws {
        guard let lease = run.jobs[id]?.lease else { return try open(id, &run, at: event, leavingOut: false) }
        let failed = JobFailed(
            attempt: lease.attempt, class: failure.class.rawValue, final: true,
            message: call.purpose == .probe
                ? ProbeFailure.message(turn: call.turn, detail: failure.detail) : failure.detail,
            retryable: failure.retryable, worker: lease.worker)
        let position = try writer.write(try draft(of: failed, id, run, at: event, by: lease.worker), for: nil)
        run.jobs[id]?.fate = .ended(position)
        run.jobs[id]?.lease = nil
        run.jobs[id]?.call = nil
        run.jobs[id]?.end = JobFailed.type
        run.isOpen = true
    }
}

// MARK: - Scores

extension ForkRules {
    func takeScore(_ event: Event, _ run: inout ForkedRun) throws {
        guard let id = JobID(inStreamOf: event), let recorded = try ScoreEvent.read(event) else {
            return try keep(event)
        }
        guard try isFollowed(id, &run),
            let judge = run.jobs[id]?.submission.labels["judge"].flatMap(run.definition.judge)
        else { return writer.leaveOut(event) }
        guard run.changesScores else {
            let position = try writer.keep(event)
            if case .computed(let computed) = recorded {
                run.jobs[id]?.score = (position, computed.round, computed.total)
            }
            return
        }
        let (position, score) = try derive(event, recorded, judge, run)
        switch (recorded, score) {
        case (.computed, .computed(let computed)): run.jobs[id]?.score = (position, computed.round, computed.total)
        case (.refused(let before), .refused(let now)) where before == now: break
        case (_, .computed(let computed)):
            run.jobs[id]?.score = (position, computed.round, computed.total)
            try open(id, &run, at: event, leavingOut: false)
        case (_, .refused): try open(id, &run, at: event, leavingOut: false)
        }
    }

    /// Writes what the judge's answer comes to now.
    private func derive(
        _ event: Event, _ recorded: ScoreEvent, _ judge: JudgeDefinition, _ run: ForkedRun
    ) throws -> (Position, ScoreEvent) {
        var draft = try writer.draft(of: event)
        let rubric = Blob(judge.rubric.canonicalBytes())
        let cause = draft.metadata.cause ?? Cause()
        draft.setCause(
            Cause(
                blobs: [rubric.digest] + cause.blobs.dropFirst(),
                function: ScoringDerivations.judge(run.definition.reading), positions: cause.positions))
        draft.blobs = [rubric]
        do {
            draft.data = try writer.derived(draft, at: event.position)
        } catch DerivationError.otherType {
            // The function needs the round alone of the record, in either type.
            let other: any EventPayload =
                switch recorded {
                case .computed(let computed):
                    ScoreRefused(labels: computed.labels, reason: "", round: computed.round)
                case .refused(let refused):
                    ScoreComputed(
                        criteria: [], labels: refused.labels, repair: nil, round: refused.round,
                        rubric: rubric.digest, total: 0)
                }
            draft.type = type(of: other).type
            draft.version = other.writtenVersion
            draft.data = other.canonicalBytes()
            draft.data = try writer.derived(draft, at: event.position)
        }
        let position = try writer.write(draft, for: event)
        guard let written = try writer.event(at: position), let score = try ScoreEvent.read(written) else {
            preconditionFailure("what was written as a score is one")
        }
        return (position, score)
    }
}
