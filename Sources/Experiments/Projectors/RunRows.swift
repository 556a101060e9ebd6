package import Calls
package import CanonicalJSON
package import Determinism
package import EventLog
package import Jobs
package import Projections

/// One run.
package struct RunRow: Equatable, Sendable {
    package enum Stage: String, Equatable, Sendable, CaseIterable, CanonicalCodable {
        /// Its jobs are being put into the log.
        case submitting
        /// There is work left.
        case working
        /// Work stopped on request, and nobody began again.
        case drained
        /// The budget is used up.
        case stopped
        /// Every cell has its result.
        case complete
        /// Nothing is left to do, and at least one cell has no result.
        case incomplete

        /// Whether there is work left that somebody may do.
        package var isUnfinished: Bool {
            switch self {
            case .submitting, .working, .drained, .stopped: true
            case .complete, .incomplete: false
            }
        }
    }

    /// Nil without one.
    package var budget: Budget?
    package var cells: CellProgress
    package var definition: Digest
    package var experiment: String
    /// When it was finished; nil before, and after it was reopened.
    package var finished: Timestamp?
    /// Jobs of the plan.
    package var jobs: Int
    package var stage = Stage.submitting
    /// Why it stopped; nil if it didn't, or was given another budget since.
    package var stop: RunStopped?
    package var submitted: Timestamp
    /// Cells whose job is in the log.
    package var submittedCells = 0
    /// Jobs that are in the log.
    package var submittedJobs = 0

    /// Whether results are scored: without judges each cell is a job of its own.
    package var hasJudges: Bool { jobs > cells.total }

    init(_ event: RunSubmitted, at time: Timestamp) {
        cells = CellProgress(total: event.cells)
        definition = event.definition
        experiment = event.experiment
        jobs = event.jobs
        submitted = time
    }
}

/// How far the cells of a run have come; the five counts add up to the total.
package struct CellProgress: Equatable, Sendable {
    package private(set) var done = 0
    package private(set) var failed = 0
    /// Without a result so far, and not given up; those whose job isn't submitted yet are among them.
    package private(set) var outstanding: Int
    package private(set) var skipped = 0
    /// A call was under way when its worker was lost, and nothing has come after it.
    package private(set) var unknown = 0

    package init(total: Int) { outstanding = total }

    package var total: Int { done + failed + outstanding + skipped + unknown }

    /// Cells that have no result.
    package var missing: Int { total - done }

    mutating func add(_ status: CellStatus) { self[keyPath: Self.count(of: status)] += 1 }
    mutating func remove(_ status: CellStatus) { self[keyPath: Self.count(of: status)] -= 1 }

    private static func count(of status: CellStatus) -> WritableKeyPath<CellProgress, Int> {
        switch status {
        case .done: \.done
        case .failed: \.failed
        case .outstanding: \.outstanding
        case .skipped: \.skipped
        case .unknown: \.unknown
        }
    }
}

package enum CellStatus: String, Equatable, Sendable, CaseIterable, CanonicalCodable {
    case done, failed, outstanding, skipped, unknown
}

/// A cell by its run and its place in the plan.
package struct CellKey: ViewKey, Equatable {
    package let run: RunID
    package let ordinal: Int

    package init(run: RunID, ordinal: Int) {
        self.run = run
        self.ordinal = ordinal
    }

    package func encode(to key: inout KeyWriter) {
        key.append(run)
        key.append(ordinal)
    }

    package func mix(into hash: inout KeyHash) {
        run.mix(into: &hash)
        ordinal.mix(into: &hash)
    }

    package init(from key: inout KeyReader) throws(KeyError) {
        run = try key.read()
        ordinal = try key.read()
    }
}

/// One result that is wanted, and why it isn't there if it isn't.
package struct CellRow: Equatable, Sendable {
    /// How the job, or the one that it waited for, failed; nil unless it did.
    package var `class`: String?
    /// The job whose result it is.
    package var job: JobID
    /// Model, scenario, sample, judge.
    package var labels: [String: String] { labelTexts.dictionary }
    private var labelTexts: CanonicalTexts
    /// What was reported about the failure; nil unless there was one.
    package var message: String?
    /// The job that failed, where it isn't the cell's own.
    package var rootCause: JobID?
    /// The event that ended the job; nil while it isn't ended.
    package var settled: Position?
    package var status = CellStatus.outstanding

    init(job: JobID, labels: CanonicalTexts) {
        self.job = job
        labelTexts = labels
    }

    /// Back to how it was before anything had come of it.
    mutating func reopen() { self = CellRow(job: job, labels: labelTexts) }
}

/// What the events of a job have to be known by.
package struct RunJobRow: Equatable, Sendable {
    package enum Call: String, Equatable, Sendable, CanonicalCodable {
        case idle, open, lost
    }

    /// The job's latest call.
    var call = Call.idle
    /// Cells whose jobs wait for this one.
    var dependents: [CellKey] = []
    /// The message of the last failed attempt.
    var failure: String?
    /// The cell whose result is this job's; nil for a probe that is judged.
    var own: CellKey?
}

/// A worker of a run.
package struct RunWorkerRow: Equatable, Sendable {
    package let run: RunID

    init(run: RunID) { self.run = run }
}

extension RunWorkerRow: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("run", run)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        run = try reader.field("run")
        try reader.endObject()
    }
}

extension CellProgress: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("done", done)
        writer.field("failed", failed)
        writer.field("outstanding", outstanding)
        writer.field("skipped", skipped)
        writer.field("unknown", unknown)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        done = try reader.field("done")
        failed = try reader.field("failed")
        outstanding = try reader.field("outstanding")
        skipped = try reader.field("skipped")
        unknown = try reader.field("unknown")
        try reader.endObject()
    }
}

extension RunRow: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("budget", budget)
        writer.field("cells", cells)
        writer.field("definition", definition)
        writer.field("experiment", experiment)
        writer.optionalField("finished", finished)
        writer.field("jobs", jobs)
        writer.field("stage", stage)
        writer.optionalField("stop", stop)
        writer.field("submitted", submitted)
        writer.field("submittedCells", submittedCells)
        writer.field("submittedJobs", submittedJobs)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        budget = try reader.optionalField("budget")
        cells = try reader.field("cells")
        definition = try reader.field("definition")
        experiment = try reader.field("experiment")
        finished = try reader.optionalField("finished")
        jobs = try reader.field("jobs")
        stage = try reader.field("stage")
        stop = try reader.optionalField("stop")
        submitted = try reader.field("submitted")
        submittedCells = try reader.field("submittedCells")
        submittedJobs = try reader.field("submittedJobs")
        try reader.endObject()
    }
}

extension CellKey: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("ordinal", ordinal)
        writer.field("run", run)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        ordinal = try reader.field("ordinal")
        run = try reader.field("run")
        try reader.endObject()
    }
}

extension CellRow: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("class", `class`)
        writer.field("job", job)
        writer.field("labels", labelTexts)
        writer.optionalField("message", message)
        writer.optionalField("rootCause", rootCause)
        writer.optionalField("settled", settled)
        writer.field("status", status)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        `class` = try reader.optionalField("class")
        job = try reader.field("job")
        labelTexts = try reader.field("labels")
        message = try reader.optionalField("message")
        rootCause = try reader.optionalField("rootCause")
        settled = try reader.optionalField("settled")
        status = try reader.field("status")
        try reader.endObject()
    }
}

extension RunJobRow: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("call", call)
        writer.optionalField("dependents", dependents.isEmpty ? nil : dependents)
        writer.optionalField("failure", failure)
        writer.optionalField("own", own)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        call = try reader.field("call")
        dependents = try reader.optionalField("dependents") ?? []
        failure = try reader.optionalField("failure")
        own = try reader.optionalField("own")
        try reader.endObject()
    }
}
