package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog
import Jobs

/// A run of an experiment begins; its jobs follow.
package struct RunSubmitted: EventPayload {
    package static let type = EventType("run.submitted")
    package static let version = 1

    /// Results that the plan asks for: scenario × model × sample, × judge where there are judges.
    package let cells: Int
    /// The blob with the definition.
    package let definition: Digest
    /// The experiment's name.
    package let experiment: String
    /// Jobs of the plan; more than `cells` when each cell is a judge's.
    package let jobs: Int

    package init(cells: Int, definition: Digest, experiment: String, jobs: Int) {
        self.cells = cells
        self.definition = definition
        self.experiment = experiment
        self.jobs = jobs
    }

    package var blobs: [Digest] { [definition] }
}

/// All jobs of the plan are in the log.
///
/// Without this event submission wasn't finished, and is repeated on resuming.
package struct RunJobsSubmitted: EventPayload {
    package static let type = EventType("run.jobsSubmitted")
    package static let version = 1

    package let jobs: Int

    package init(jobs: Int) { self.jobs = jobs }
}

/// Nothing is left to do; what there is, is the result.
package struct RunFinished: EventPayload {
    package static let type = EventType("run.finished")
    package static let version = 1

    package enum Outcome: String, Equatable, Sendable, CaseIterable, CanonicalCodable {
        /// Every cell has its result.
        case complete
        /// At least one cell has none.
        case incomplete
    }

    package let cells: CellCounts
    package let outcome: Outcome

    package init(cells: CellCounts, outcome: Outcome) {
        self.cells = cells
        self.outcome = outcome
    }
}

/// How the cells of a finished run ended; they add up to all of them.
package struct CellCounts: Equatable, Sendable {
    package var done: Int
    /// The cell's own job failed for good.
    package var failed: Int
    /// A job that the cell's job waits for failed.
    package var skipped: Int

    package init(done: Int = 0, failed: Int = 0, skipped: Int = 0) {
        self.done = done
        self.failed = failed
        self.skipped = skipped
    }

    package var total: Int { done + failed + skipped }
}

/// Somebody asked for failed and skipped jobs to be tried again.
package struct RunReopened: EventPayload {
    package static let type = EventType("run.reopened")
    package static let version = 1

    /// How many of them.
    package let jobs: Int

    package init(jobs: Int) { self.jobs = jobs }
}

/// Work stopped because it was asked to; the same command goes on from here.
package struct RunDrained: EventPayload {
    package static let type = EventType("run.drained")
    package static let version = 1

    /// Cells without a result so far that weren't given up.
    package let outstanding: Int

    package init(outstanding: Int) { self.outstanding = outstanding }
}

/// The events of a `run` stream.
package enum RunEvent: EventFamily {
    case submitted(RunSubmitted)
    case jobsSubmitted(RunJobsSubmitted)
    case finished(RunFinished)
    case reopened(RunReopened)
    case drained(RunDrained)
    case budgetChanged(RunBudgetChanged)
    case stopped(RunStopped)

    package static let types: [any EventPayload.Type] = [
        RunSubmitted.self, RunJobsSubmitted.self, RunFinished.self, RunReopened.self, RunDrained.self,
        RunBudgetChanged.self, RunStopped.self,
    ]

    package var payload: any EventPayload {
        switch self {
        case .submitted(let payload): payload
        case .jobsSubmitted(let payload): payload
        case .finished(let payload): payload
        case .reopened(let payload): payload
        case .drained(let payload): payload
        case .budgetChanged(let payload): payload
        case .stopped(let payload): payload
        }
    }

    package init?(_ payload: any EventPayload) {
        switch payload {
        case let payload as RunSubmitted: self = .submitted(payload)
        case let payload as RunJobsSubmitted: self = .jobsSubmitted(payload)
        case let payload as RunFinished: self = .finished(payload)
        case let payload as RunReopened: self = .reopened(payload)
        case let payload as RunDrained: self = .drained(payload)
        case let payload as RunBudgetChanged: self = .budgetChanged(payload)
        case let payload as RunStopped: self = .stopped(payload)
        default: return nil
        }
    }
}

extension RunSubmitted {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("cells", cells)
        writer.field("definition", definition)
        writer.field("experiment", experiment)
        writer.field("jobs", jobs)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        cells = try reader.integer("cells", atLeast: 1)
        definition = try reader.field("definition")
        experiment = try reader.text("experiment", atMost: 200)
        jobs = try reader.integer("jobs", atLeast: 1)
        try reader.endObject()
    }
}

extension RunJobsSubmitted {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("jobs", jobs)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        jobs = try reader.integer("jobs", atLeast: 1)
        try reader.endObject()
    }
}

extension CellCounts: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("done", done)
        writer.field("failed", failed)
        writer.field("skipped", skipped)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        done = try reader.integer("done", atLeast: 0)
        failed = try reader.integer("failed", atLeast: 0)
        skipped = try reader.integer("skipped", atLeast: 0)
        try reader.endObject()
    }
}

extension RunFinished {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("cells", cells)
        writer.field("outcome", outcome)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        cells = try reader.field("cells")
        outcome = try reader.field("outcome")
        try reader.endObject()
    }
}

extension RunReopened {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("jobs", jobs)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        jobs = try reader.integer("jobs", atLeast: 1)
        try reader.endObject()
    }
}

extension RunDrained {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("outstanding", outstanding)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        outstanding = try reader.integer("outstanding", atLeast: 0)
        try reader.endObject()
    }
}
