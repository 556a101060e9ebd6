import Calls
import Deciders
import Determinism
package import EventLog
package import Jobs
package import Projections

/// Runs and how far they have come: every cell is counted once, and each that has no result says why.
package enum Runs: Projector {
    package static let name = "runs"
    package static let version = 1
    package static let types: [EventType] = [
        RunSubmitted.type, RunJobsSubmitted.type, RunFinished.type, RunReopened.type, RunDrained.type,
        JobSubmitted.type, JobCompleted.type, JobFailed.type, JobSkipped.type, JobLeaseExpired.type,
        JobRetryRequested.type, CallStarted.type, CallCompleted.type, CallFailed.type, CallOutcomeUnknown.type,
    ]

    package struct Tables: ViewTables {
        package var runs: ViewTable<RunID, RunRow>
        /// By run and place in the plan.
        package var cells: ViewTable<CellKey, CellRow>
        /// What other events' ids lead to.
        package var jobs: ViewTable<JobID, RunJobRow>

        package init(_ make: inout TableMaker) {
            runs = make.table("runs")
            cells = make.table("cells")
            jobs = make.table("jobs")
        }
    }

    package static func apply(_ event: Event, to tables: inout Tables) throws {
        if event.hasType(CallStarted.type) {
            tables.note(.open, for: try event.decode(CallStarted.self).job)
        } else if event.hasType(CallCompleted.type) || event.hasType(CallFailed.type) {
            if let job = try event.metadata().job.flatMap(JobID.init(rawValue:)) { tables.note(.idle, for: job) }
        } else if event.hasType(CallOutcomeUnknown.type) {
            if let job = try event.metadata().job.flatMap(JobID.init(rawValue:)) { tables.note(.lost, for: job) }
        } else if let job = try jobReader.read(event) {
            if let id = JobID(rawValue: event.stream.id) { tables.apply(job, to: id, at: event.position) }
        } else if let run = try runReader.read(event), let id = RunID(rawValue: event.stream.id) {
            tables.apply(run, to: id, at: event.time)
        }
    }

    private static let jobReader = FamilyReader<JobEvent>()
    private static let runReader = FamilyReader<RunEvent>()
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
        case .finished(let finished):
            row.stage = finished.outcome == .complete ? .complete : .incomplete
            row.finished = time
        }
        runs[id] = row
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
        case .leased, .leaseRenewed, .released, .retryScheduled: break
        }
    }

    private mutating func submit(_ submitted: JobSubmitted, _ id: JobID) {
        guard var run = runs[submitted.run] else { return }
        run.submittedJobs += 1
        // With judges the plan has more jobs than cells: its probes are none.
        let isCell = run.jobs == run.cells.total || submitted.kind == "judge"
        var job = jobs[id] ?? RunJobRow()
        let cell = CellKey(run: submitted.run, ordinal: submitted.ordinal)
        if isCell {
            run.submittedCells += 1
            job.own = cell
            cells[cell] = CellRow(job: id, labels: submitted.labels)
            for parent in submitted.after { jobs[parent, default: RunJobRow()].dependents.append(cell) }
        }
        jobs[id] = job
        runs[submitted.run] = run
    }

    private mutating func fail(_ failed: JobFailed, _ id: JobID, at position: Position) {
        guard var job = jobs[id] else { return }
        job.failure = failed.message
        jobs[id] = job
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
        change(key) { $0 = CellRow(job: $0.job, labels: $0.labels) }
    }

    /// Takes note of a call of a job; a cell whose own job or whose probe has lost one is unknown.
    fileprivate mutating func note(_ call: RunJobRow.Call, for id: JobID) {
        guard var job = jobs[id], job.call != call else { return }
        let wasLost = job.call == .lost
        job.call = call
        jobs[id] = job
        guard wasLost != (call == .lost) else { return }
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
        guard var cell = cells[key], var run = runs[key.run] else { return }
        run.cells.remove(cell.status)
        body(&cell)
        run.cells.add(cell.status)
        cells[key] = cell
        runs[key.run] = run
    }
}

extension ViewTable {
    fileprivate subscript(key: Key, default row: @autoclosure () -> Row) -> Row {
        get { self[key] ?? row() }
        set { self[key] = newValue }
    }
}
