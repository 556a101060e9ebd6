import Calls
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Replay
import Scoring

/// What becomes of each recorded event in a fork: taken over, derived anew, or left out.
///
/// Observations stay what they are, at their recorded times. What follows from them is derived again by the functions that
/// derived it first, from what they cite, with what was changed in its place. Where that leads elsewhere than the record,
/// the rest of the job isn't taken over, and the pipeline goes on from there.
struct ForkRules {
    private(set) var runs: [RunID: ForkedRun]
    let writer: ForkWriter

    init(_ runs: [ForkedRun], writer: ForkWriter) {
        self.runs = Dictionary(runs.map { ($0.id, $0) }) { first, _ in first }
        self.writer = writer
    }

    /// How many jobs the pipeline has to go on with.
    var openJobs: Int {
        runs.values.reduce(0) { count, run in
            count + run.jobs.values.count { if case .open = $0.fate { true } else { false } }
        }
    }

    mutating func take(_ event: Event) throws {
        if let id = try runID(of: event), var run = runs[id] {
            // Taken out while it changes, so that its jobs aren't copied.
            runs[id] = nil
            defer { runs[id] = run }
            try take(event, &run)
        } else {
            try takeOther(event)
        }
    }

    private func runID(of event: Event) throws -> RunID? { try event.metadata().run.flatMap(RunID.init(rawValue:)) }

    /// An event that nothing was changed of, but for the positions it names.
    func takeOther(_ event: Event) throws {
        guard try writer.hasCauses(of: event) else { throw Self.cutOff(event) }
        var draft = try writer.draft(of: event)
        if event.hasType(BlobsErased.type) {
            let erased = try event.decode(BlobsErased.self)
            let before = writer.positions.end(erased.before, next: writer.next)
            // Whatever version it is of: only the one place is another.
            if case .object(var data) = try JSONParser.parse(draft.data) {
                data["before"] = .number(Double(before.rawValue))
                draft.data = JSONValue.object(data).canonicalBytes()
            }
            try writer.write(draft, for: event)
        } else if listsPositions(event) {
            try takeList(event, draft)
        } else if namesPositions(event) {
            try writer.derive(draft, for: event)
        } else {
            try writer.write(draft, for: event)
        }
    }

    /// Takes over what this program knows nothing of.
    func keep(_ event: Event) throws { try writer.keep(event) }

    /// Derived events whose data names positions.
    private func namesPositions(_ event: Event) -> Bool {
        event.hasType(CallOutcomeUnknown.type) || event.hasType(CallReused.type)
    }

    /// Derived events whose cause has a blob that lists positions.
    private func listsPositions(_ event: Event) -> Bool {
        event.hasType(RunStopped.type) || event.hasType(RunFinished.type) || event.hasType(RankingComputed.type)
    }

    /// The event as it was recorded, with the fork's positions in the list that it was made of and in its data.
    private func takeList(_ event: Event, _ draft: ForkDraft) throws {
        var draft = draft
        var data = try JSONParser.parse(draft.data).object ?? JSONObject()
        if event.hasType(RunStopped.type) {
            let end = try event.decode(RunStopped.self).end
            data["end"] = .number(Double(writer.positions.end(end, next: writer.next).rawValue))
        }
        // A list that isn't there any more can't be made again, and nothing can be derived from it in the parent, either.
        if let cause = draft.metadata.cause, let list = cause.blobs.first, let bytes = try writer.blob(list) {
            let inputs = try moved([Position](canonicalBytes: bytes))
            draft.setCause(blobs: [inputs.digest] + cause.blobs.dropFirst())
            draft.blobs = [inputs]
            if event.hasType(RankingComputed.type) { data["inputs"] = .string(inputs.digest.hex) }
        }
        draft.data = JSONValue.object(data).canonicalBytes()
        try writer.write(draft, for: event)
    }

    /// What can neither be taken over nor be made anew.
    private static func cutOff(_ event: Event) -> ForkWriter.Failure {
        let run = (try? event.metadata().run).flatMap { $0 }.map { " of the run \($0)" } ?? ""
        return ForkWriter.Failure(
            "\(event.type) at position \(event.position)\(run) follows from events that the fork leaves out, and can't be made "
                + "anew: the definition that it needs for that isn't in the store; change nothing that those events hang on"
        )
    }

    private func take(_ event: Event, _ run: inout ForkedRun) throws {
        let category = event.withStream { name in
            name.withUnsafeBytes { bytes in String(decoding: bytes.prefix { $0 != UInt8(ascii: "-") }, as: UTF8.self) }
        }
        switch category {
        case Run.category: try takeRun(event, &run)
        case Job.category: try takeJob(event, &run)
        case Call.category: try takeCall(event, &run)
        case Score.category: try takeScore(event, &run)
        case Ranking.category: try takeRanking(event, &run)
        default: try takeOther(event)
        }
    }
}

// MARK: - Runs

extension ForkRules {
    private func takeRun(_ event: Event, _ run: inout ForkedRun) throws {
        guard let happened = try RunEvent.read(event) else { return try takeOther(event) }
        if isUntouched(run) {
            if case .budgetChanged(let changed) = happened { run.setBudget(changed.budget) }
            try takeOther(event)
            if case .submitted = happened { run.submitted = writer.positions[event.position] }
            return
        }
        // Before its cause is looked for: the budget that it cites may be left out.
        if case .stopped = happened, !holdsStop(run) {
            run.isOpen = true
            return writer.leaveOut(event)
        }
        var draft = try writer.draft(of: event)
        switch happened {
        case .submitted(let submitted):
            let definition = Blob(run.definition.canonicalBytes())
            draft.blobs = [definition] + run.definition.judges.map { Blob($0.rubric.canonicalBytes()) }
            draft.data =
                RunSubmitted(
                    cells: run.plan.cells, definition: definition.digest, experiment: submitted.experiment,
                    jobs: run.plan.jobs.count
                ).canonicalBytes()
            run.submitted = try writer.write(draft, for: event)
            if let budget = run.budget {
                let changed = RunBudgetChanged(budget: budget, source: .option)
                try writer.write(draft.replaced(by: changed), for: nil)
                run.setBudget(budget)
            }
        case .jobsSubmitted:
            draft.data = RunJobsSubmitted(jobs: run.plan.jobs.count).canonicalBytes()
            try writer.write(draft, for: event)
        case .budgetChanged(let changed):
            if run.budget != nil { return writer.leaveOut(event) }
            run.setBudget(changed.budget)
            try writer.write(draft, for: event)
        case .stopped: try takeStop(event, draft, run)
        case .finished: try takeEnd(event, draft, run)
        case .reopened:
            let jobs = run.jobs.values.count { $0.end == JobFailed.type || $0.end == JobSkipped.type }
            draft.data = RunReopened(jobs: jobs).canonicalBytes()
            try writer.write(draft, for: event)
        case .drained:
            let isJudged = !run.definition.judges.isEmpty
            let ended = run.jobs.values.count {
                $0.end != nil && ($0.submission.kind == JudgeHandler.kind) == isJudged
            }
            draft.data = RunDrained(outstanding: run.plan.cells - ended).canonicalBytes()
            try writer.write(draft, for: event)
        }
    }

    /// A stop that was recorded holds as long as nothing changes that it was decided from.
    private func holdsStop(_ run: ForkedRun) -> Bool { !run.checksBudget && !run.leavesOut && !hasOpenJobs(run) }

    private func takeStop(_ event: Event, _ draft: ForkDraft, _ run: ForkedRun) throws {
        var draft = draft
        let stopped = try event.decode(RunStopped.self)
        draft.data =
            RunStopped(
                budget: stopped.budget, end: writer.positions.end(stopped.end, next: writer.next),
                reserved: stopped.reserved, spent: stopped.spent, wanted: stopped.wanted
            ).canonicalBytes()
        let inputs = try moved(listed(by: draft))
        let definition = Blob(run.definition.canonicalBytes())
        draft.setCause(blobs: [inputs.digest, definition.digest])
        draft.blobs = [inputs, definition]
        try writer.derive(draft, for: event)
    }

    private func takeEnd(_ event: Event, _ draft: ForkDraft, _ run: ForkedRun) throws {
        guard !run.isOpen, !hasOpenJobs(run) else { return writer.leaveOut(event) }
        var draft = draft
        let inputs = try moved(listed(by: draft))
        draft.setCause(blobs: [inputs.digest])
        draft.blobs = [inputs]
        try writer.derive(draft, for: event)
    }

    /// Whether nothing of the run is changed so far.
    private func isUntouched(_ run: ForkedRun) -> Bool { !run.isNamed && !run.isOpen && !hasOpenJobs(run) }

    private func hasOpenJobs(_ run: ForkedRun) -> Bool { run.jobs.values.contains { !$0.isFollowed } }

    /// The positions that the first blob of a cause lists, in the parent.
    private func listed(by draft: ForkDraft) throws -> [Position] {
        guard let digest = draft.metadata.cause?.blobs.first else {
            throw ForkWriter.Failure("\(draft.type) in \(draft.stream) doesn't name the list of what it was made of")
        }
        guard let bytes = try writer.blob(digest) else { throw DerivationError.missingBlob(digest) }
        return try [Position](canonicalBytes: bytes)
    }

    /// The same places in the fork; those that were left out are gone.
    private func moved(_ positions: [Position]) -> Blob {
        Blob(positions.compactMap { writer.positions[$0] }.canonicalBytes())
    }
}

// MARK: - Rankings

extension ForkRules {
    private func takeRanking(_ event: Event, _ run: inout ForkedRun) throws {
        if isUntouched(run) { return try takeOther(event) }
        guard !run.isOpen, !hasOpenJobs(run) else { return writer.leaveOut(event) }
        var scores: [(position: Position, score: ScoreComputed)] = []
        for job in run.plan.jobs where job.kind == JudgeHandler.kind {
            guard let position = run.jobs[job.id]?.score?.position, let event = try writer.event(at: position),
                event.hasType(ScoreComputed.type)
            else { continue }
            scores.append((position, try event.decode(ScoreComputed.self)))
        }
        let inputs = Blob(scores.map(\.position).canonicalBytes())
        let roster = Blob(run.definition.rankedModels.canonicalBytes())
        let ranking = ScoringDerivations.ranking(
            of: run.id, scores: scores.map(\.score), inputs: inputs.digest, models: run.definition.rankedModels,
            method: run.definition.ranking)
        var draft = try writer.draft(of: event)
        draft.version = ranking.writtenVersion
        draft.data = ranking.canonicalBytes()
        draft.setCause(
            ScoringDerivations.rankingCause(
                inputs: inputs.digest, models: roster.digest, method: run.definition.ranking))
        draft.blobs = [inputs, roster]
        try writer.write(draft, for: event)
    }
}

// MARK: - Drafts

extension ForkDraft {
    /// The same place and time, with another event.
    func replaced(by payload: some EventPayload, cause: Cause? = nil) -> ForkDraft {
        ForkDraft(
            stream: stream, type: Swift.type(of: payload).type, version: payload.writtenVersion, time: time,
            data: payload.canonicalBytes(),
            metadata: EventMetadata(
                cause: cause, job: metadata.job, run: metadata.run, worker: metadata.worker))
    }

    mutating func setCause(_ cause: Cause) {
        metadata = EventMetadata(cause: cause, job: metadata.job, run: metadata.run, worker: metadata.worker)
    }

    /// The same function and events, with other blobs.
    mutating func setCause(blobs: [Digest]) {
        let cause = metadata.cause ?? Cause()
        setCause(Cause(blobs: blobs, function: cause.function, positions: cause.positions))
    }
}
