import Calls
import Deciders
import Determinism
package import EventLog
package import Jobs
package import Projections

/// Runs and how far they have come: every cell is counted once, and each that has no result says why.
package enum Runs: Projector {
    package static let name = "runs"
    package static let version = 3
    package static let types: [EventType] = [
        RunSubmitted.type, RunJobsSubmitted.type, RunFinished.type, RunReopened.type, RunDrained.type,
        RunBudgetChanged.type, RunStopped.type,
        JobSubmitted.type, JobCompleted.type, JobFailed.type, JobSkipped.type, JobLeaseExpired.type,
        JobRetryRequested.type, CallStarted.type, CallCompleted.type, CallFailed.type, CallOutcomeUnknown.type,
        WorkerStarted.type, WorkerStopped.type,
    ]

    package struct Tables: ViewTables {
        package var runs: ViewTable<RunID, RunRow>
        /// By run and place in the plan.
        package var cells: ViewTable<CellKey, CellRow>
        /// What other events' ids lead to.
        package var jobs: ViewTable<JobID, RunJobRow>
        /// Those that began and haven't said that they ended; whether their processes live isn't in the log.
        package var workers: ViewTable<WorkerID, RunWorkerRow>

        package init(_ make: inout TableMaker) {
            runs = make.table("runs")
            cells = make.table("cells")
            jobs = make.table("jobs")
            workers = make.table("workers")
        }
    }

    package static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        if let call = try event.read(CallEvent.self) {
            switch call {
            case .started(let started): tables.note(.open, for: started.job)
            case .completed, .failed: if let job = try event.circumstances().job { tables.note(.idle, for: job) }
            case .outcomeUnknown: if let job = try event.circumstances().job { tables.note(.lost, for: job) }
            case .retryDecided, .reused: break
            }
        } else if let job = try event.read(JobEvent.self) {
            if let id = JobID(inStreamOf: event.event) { tables.apply(job, to: id, at: event.position) }
        } else if let run = try event.read(RunEvent.self), let id = RunID(inStreamOf: event.event) {
            tables.apply(run, to: id, at: event.time)
        } else if let worker = try event.readUnlessNewer(WorkerEvent.self), let id = WorkerID(inStreamOf: event.event) {
            // No cell depends on workers.
            tables.apply(worker, of: id)
        }
    }
}

// MARK: - Runs

extension Runs.Tables {
    fileprivate mutating func apply(_ event: RunEvent, to id: RunID, at time: Timestamp) {
        if case .submitted(let submitted) = event {
            runs[id] = RunRow(submitted, at: time)
            return
        }
        guard var row = runs[id] else { return }
        switch event {
        case .submitted: break
        case .jobsSubmitted: row.stage = .working
        case .reopened:
            row.stage = .working
            row.finished = nil
        case .drained: row.stage = .drained
        case .budgetChanged(let changed):
            row.budget = changed.budget
            row.stop = nil
            if row.stage == .stopped { row.stage = .working }
        case .stopped(let stopped):
            row.stage = .stopped
            row.stop = stopped
        case .finished(let finished):
            row.stage = finished.outcome == .complete ? .complete : .incomplete
            row.finished = time
        }
        runs[id] = row
    }
}

// MARK: - Workers

extension Runs.Tables {
    fileprivate mutating func apply(_ event: WorkerEvent, of id: WorkerID) {
        switch event {
        case .started(let started): if let run = started.run { begin(run, id) }
        case .stopped(let stopped): end(id, stopped.reason)
        case .drainRequested, .kindPaused, .kindResumed: break
        }
    }

    /// Somebody goes on with a run that was drained, so that it isn't any more, whatever becomes of the worker.
    private mutating func begin(_ run: RunID, _ id: WorkerID) {
        workers[id] = RunWorkerRow(run: run)
        guard runs[run]?.stage == .drained else { return }
        runs.change(run) { $0.stage = $0.stop == nil ? .working : .stopped }
    }

    /// A run that is drained once more with as much left to do as before has no second `run.drained`.
    private mutating func end(_ id: WorkerID, _ reason: WorkerStopped.Reason) {
        guard let run = workers[id]?.run else { return }
        workers[id] = nil
        guard reason == .drained, runs[run]?.stage == .working else { return }
        runs.change(run) { $0.stage = .drained }
    }
}

// MARK: - Jobs

extension Runs.Tables {
    fileprivate mutating func apply(_ event: JobEvent, to id: JobID, at position: Position) {
        switch event {
        case .submitted(let submitted): submit(submitted, id)
        case .completed: settle(id, as: .done, at: position)
        case .failed(let failed): fail(failed, id, at: position)
        case .skipped(let skipped): skip(skipped, id, at: position)
        case .leaseExpired: if jobs[id]?.call == .open { note(.lost, for: id) }
        case .retryRequested: reopen(id)
        // The last ones happen to jobs of queues alone, which no run has.
        case .leased, .leaseRenewed, .released, .retryScheduled, .progressed, .resultLate, .cancelled, .crashed,
            .deferred, .unlocked, .keyLost:
            break
        }
    }

    private mutating func submit(_ submitted: JobSubmitted, _ id: JobID) {
        let isCell = runs.change(submitted.run) { run in
            run.submittedJobs += 1
            // With judges the plan has more jobs than cells: its probes are none.
            let isCell = run.jobs == run.cells.total || submitted.kind == "judge"
            if isCell { run.submittedCells += 1 }
            return isCell
        }
        guard let isCell else { return }
        let cell = CellKey(run: submitted.run, ordinal: submitted.ordinal)
        if isCell {
            cells[cell] = CellRow(job: id, labels: submitted.labelTexts)
            for parent in submitted.after { changeJob(parent) { $0.dependents.append(cell) } }
        }
        changeJob(id) { if isCell { $0.own = cell } }
    }

    private mutating func changeJob(_ id: JobID, _ body: (inout RunJobRow) -> Void) {
        if jobs.change(id, body) == nil {
            var row = RunJobRow()
            body(&row)
            jobs[id] = row
        }
    }

    private mutating func fail(_ failed: JobFailed, _ id: JobID, at position: Position) {
        guard jobs.change(id, { $0.failure = failed.message }) != nil else { return }
        if failed.final {
            settle(id, as: .failed, class: failed.class, message: failed.message, at: position)
        } else {
            note(.idle, for: id)
        }
    }

    private mutating func skip(_ skipped: JobSkipped, _ id: JobID, at position: Position) {
        settle(
            id, as: .skipped, class: skipped.rootClass, message: jobs[skipped.rootCause]?.failure,
            rootCause: skipped.rootCause, at: position)
    }

    private mutating func settle(
        _ id: JobID, as status: CellStatus, class: String? = nil, message: String? = nil, rootCause: JobID? = nil,
        at position: Position
    ) {
        note(.idle, for: id)
        guard let key = jobs[id]?.own else { return }
        change(key) { cell in
            cell.status = status
            cell.class = `class`
            cell.message = message
            cell.rootCause = rootCause
            cell.settled = position
        }
    }

    private mutating func reopen(_ id: JobID) {
        guard let key = jobs[id]?.own else { return }
        change(key) { $0.reopen() }
    }

    /// Takes note of a call of a job; a cell whose own job or whose probe has lost one is unknown.
    fileprivate mutating func note(_ call: RunJobRow.Call, for id: JobID) {
        var wasLost = false
        let isNews = jobs.reconsider(id) { job in
            wasLost = job.call == .lost
            defer { job.call = call }
            return job.call != call
        }
        guard isNews, wasLost != (call == .lost), let job = jobs[id] else { return }
        for key in (job.own.map { [$0] } ?? []) + job.dependents {
            change(key) { cell in
                switch (cell.status, call) {
                case (.outstanding, .lost): cell.status = .unknown
                case (.unknown, .idle), (.unknown, .open): cell.status = .outstanding
                case (.outstanding, .idle), (.outstanding, .open), (.unknown, .lost), (.done, _), (.failed, _),
                    (.skipped, _):
                    break
                }
            }
        }
    }

    /// The only place where a cell's status changes, so that the run's counts always follow.
    private mutating func change(_ key: CellKey, _ body: (inout CellRow) -> Void) {
        guard runs[key.run] != nil else { return }
        let statuses = cells.change(key) { cell in
            let before = cell.status
            body(&cell)
            return (before, cell.status)
        }
        guard let (before, after) = statuses else { return }
        runs.change(key.run) { run in
            run.cells.remove(before)
            run.cells.add(after)
        }
    }
}
