import CanonicalJSON
import Deciders
import Determinism
package import EventLog
package import Projections

/// The state, history in figures, and error of every job of a run, for people and reports.
package enum JobStatus: Projector {
    package static let name = "jobs"
    package static let version = 1
    package static let types = JobEvent.types.map { $0.type }

    package struct Tables: ViewTables {
        package var jobs: ViewTable<JobID, JobStatusRow>
        /// Jobs by run, state and place in the plan.
        package var byState: ViewTable<StateKey, JobID>

        package init(_ make: inout TableMaker) {
            jobs = make.table("jobs")
            byState = make.table("byState")
        }
    }

    package static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        guard let happened = try event.read(JobEvent.self) else { return }
        let id = try JobID(streamOf: event.event)
        if case .submitted(let submission) = happened {
            guard submission.terms == nil else { return }
            let row = JobStatusRow(submission, at: event.event)
            tables.byState[row.stateKey] = id
            tables.jobs[id] = row
            return
        }
        let time = event.time
        let keys = tables.jobs.change(id) { row in
            let before = row.stateKey
            row.take(happened, at: time)
            return (before, row.stateKey)
        }
        guard let (before, after) = keys, before.state != after.state else { return }
        tables.byState[before] = nil
        tables.byState[after] = id
    }

    /// How a job stands, in a person's words.
    package enum State: String, Sendable, Equatable, CaseIterable, CanonicalCodable, ViewKey {
        /// Not begun, or given back: waits for its turn, or for others.
        case queued
        case running
        /// Failed, and will be tried again.
        case retrying
        case completed
        case failed
        /// Will never run, since a job that it waited for failed.
        case skipped
    }

    package struct StateKey: ViewKey {
        package let run: RunID
        package let state: State
        package let ordinal: Int
        /// Of the submission.
        package let position: Position

        package func encode(to key: inout KeyWriter) {
            key.append(run)
            key.append(state)
            key.append(ordinal)
            key.append(position)
        }

        package func mix(into hash: inout KeyHash) {
            run.mix(into: &hash)
            position.mix(into: &hash)
        }

        package init(from key: inout KeyReader) throws(KeyError) {
            run = try key.read()
            state = try key.read()
            ordinal = try key.read()
            position = try key.read()
        }

        init(run: RunID, state: State, ordinal: Int, position: Position) {
            self.run = run
            self.state = state
            self.ordinal = ordinal
            self.position = position
        }
    }
}

extension JobStatus.Tables {
    /// The jobs of a run in a state, in the order of the plan, as long as `body` says so.
    package func forEach(
        of run: RunID, in state: JobStatus.State, _ body: (JobID, JobStatusRow) throws -> Bool
    ) throws {
        try byState.forEach(prefix: KeyPrefix(run, state)) { _, id in
            guard let row = try jobs.get(id) else { return true }
            return try body(id, row)
        }
    }

    /// How many jobs of a run are in each state; states without any are left out.
    package func counts(of run: RunID) throws -> [(state: JobStatus.State, count: Int)] {
        try JobStatus.State.allCases.compactMap { state in
            let count = try byState.count(prefix: KeyPrefix(run, state))
            return count == 0 ? nil : (state, count)
        }
    }
}
