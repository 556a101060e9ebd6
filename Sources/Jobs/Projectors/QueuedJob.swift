package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog

/// A job that isn't completed, with all that the pool needs to work on it without reading its stream.
package struct QueuedJob: Equatable, Sendable {
    /// Why a job can never run: one that it waits for failed or was skipped.
    package var doom: Doom?
    /// Where its last event stands; the cause of what follows from that.
    package private(set) var lastPosition: Position
    /// Where its submission stands.
    package let position: Position
    package private(set) var progress: Job.Progress
    package private(set) var revision: Revision
    /// The jobs that it waits for and that aren't completed.
    package var unmet: [JobID]

    /// Where a job stands; each is in exactly one place.
    package enum Place: Equatable, Sendable {
        case waiting
        case ready
        case retrying(notBefore: Timestamp)
        /// Failed, and a retry must be decided.
        case undecided
        /// A skip must be recorded.
        case doomed
        case running(WorkerID)
        case failed
        case skipped
    }

    init(submission: JobSubmitted, at event: EventLog.Event) {
        lastPosition = event.position
        position = event.position
        progress = Job.Progress(submission: submission)
        revision = event.revision
        unmet = submission.after
    }

    /// The same job at another stage.
    init(_ job: QueuedJob, _ stage: Job.Stage, _ revision: Revision) {
        self = job
        progress.stage = stage
        self.revision = revision
    }

    mutating func take(_ happened: JobEvent, at event: EventLog.Event) {
        if case .known(let next) = Job.evolve(.known(progress), happened) { progress = next }
        lastPosition = event.position
        revision = event.revision
    }

    package var run: RunID { progress.submission.run }
    package var lane: String { progress.submission.lane }

    /// What the tables are kept by.
    struct Standing {
        let run: RunID
        let lane: String
        let ordinal: Int
        let position: Position
        let place: Place

        var laneKey: LaneKey { LaneKey(run, lane, ordinal, position) }
    }

    /// Where it stands; nil once it is completed.
    var standing: Standing? {
        if case .completed = progress.stage { return nil }
        return Standing(
            run: run, lane: lane, ordinal: progress.submission.ordinal, position: position, place: place)
    }

    package var place: Place {
        switch progress.stage {
        case .ready where doom != nil: .doomed
        case .ready where !unmet.isEmpty: .waiting
        case .ready: .ready
        case .undecided: .undecided
        case .retrying(let notBefore), .deferred(let notBefore): .retrying(notBefore: notBefore)
        case .leased(let lease): .running(lease.worker)
        case .completed: preconditionFailure("a completed job is in no queue")
        case .failed: .failed
        case .skipped, .cancelled: .skipped
        }
    }

    /// The stream as the decider has it, to go on from without reading it.
    package var loaded: Loaded<Job> {
        Loaded(state: .known(progress), revision: revision, lastPosition: lastPosition)
    }
}

/// Why a job can never run.
package struct Doom: Equatable, Sendable, CanonicalCodable {
    /// Where the parent's final failure, or its skip, stands.
    package let cause: Position
    package let rootCause: JobID
    package let rootClass: String

    init(cause: Position, rootCause: JobID, rootClass: String) {
        self.cause = cause
        self.rootCause = rootCause
        self.rootClass = rootClass
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("cause", cause)
        writer.field("rootCause", rootCause)
        writer.field("rootClass", rootClass)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        cause = try reader.field("cause")
        rootCause = try reader.field("rootCause")
        rootClass = try reader.field("rootClass")
        try reader.endObject()
    }
}

extension QueuedJob: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("crashes", progress.crashes)
        writer.optionalField("doom", doom)
        writer.field("failures", progress.failures)
        writer.field("hangs", progress.hangs)
        writer.field("lastPosition", lastPosition)
        writer.field("position", position)
        writer.field("revision", revision)
        writer.field("spent", progress.spent)
        writer.field("stage", progress.stage)
        writer.field("submission", progress.submission)
        writer.field("unmet", unmet)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let crashes: Int = try reader.field("crashes")
        doom = try reader.optionalField("doom")
        let failures: Int = try reader.field("failures")
        let hangs: Int = try reader.field("hangs")
        lastPosition = try reader.field("lastPosition")
        position = try reader.field("position")
        revision = try reader.field("revision")
        let spent: Int = try reader.field("spent")
        let stage: Job.Stage = try reader.field("stage")
        progress = Job.Progress(submission: try reader.field("submission"))
        unmet = try reader.field("unmet")
        try reader.endObject()
        progress.crashes = crashes
        progress.failures = failures
        progress.hangs = hangs
        progress.spent = spent
        progress.stage = stage
    }
}

extension Job.Stage: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        switch self {
        case .ready: writer.field("name", "ready")
        case .undecided: writer.field("name", "undecided")
        case .retrying(let notBefore):
            writer.field("name", "retrying")
            writer.field("notBefore", notBefore)
        case .leased(let lease):
            writer.field("attempt", lease.attempt)
            writer.field("deadline", lease.deadline)
            writer.field("name", "leased")
            writer.field("worker", lease.worker)
        case .completed: writer.field("name", "completed")
        case .cancelled(let reason):
            writer.field("name", "cancelled")
            writer.field("reason", reason)
        case .deferred(let notBefore):
            writer.field("name", "deferred")
            writer.field("notBefore", notBefore)
        case .failed(let kind):
            writer.field("class", kind)
            writer.field("name", "failed")
        case .skipped(let skipped):
            writer.field("name", "skipped")
            if skipped.isQuiet { writer.field("quiet", true) }
            writer.field("rootCause", skipped.rootCause)
            writer.field("rootClass", skipped.rootClass)
        }
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let attempt: Int? = try reader.optionalField("attempt")
        let kind: String? = try reader.optionalField("class")
        let deadline: Timestamp? = try reader.optionalField("deadline")
        let start = reader.offset
        let name: String = try reader.field("name")
        let notBefore: Timestamp? = try reader.optionalField("notBefore")
        let isQuiet: Bool? = try reader.optionalField("quiet")
        let reason: JobCancelled.Reason? = try reader.optionalField("reason")
        let rootCause: JobID? = try reader.optionalField("rootCause")
        let rootClass: String? = try reader.optionalField("rootClass")
        let worker: WorkerID? = try reader.optionalField("worker")
        try reader.endObject()
        switch (name, attempt, deadline, worker, notBefore, kind, rootCause, rootClass) {
        case ("ready", nil, nil, nil, nil, nil, nil, nil): self = .ready
        case ("undecided", nil, nil, nil, nil, nil, nil, nil): self = .undecided
        case ("completed", nil, nil, nil, nil, nil, nil, nil): self = .completed
        case ("retrying", nil, nil, nil, let notBefore?, nil, nil, nil): self = .retrying(notBefore: notBefore)
        case ("deferred", nil, nil, nil, let notBefore?, nil, nil, nil): self = .deferred(notBefore: notBefore)
        case ("cancelled", nil, nil, nil, nil, nil, nil, nil):
            guard let reason else {
                throw reader.error(at: start, expected: "the reason of a cancellation", found: "none")
            }
            self = .cancelled(reason)
        case ("leased", let attempt?, let deadline?, let worker?, nil, nil, nil, nil):
            self = .leased(Job.Lease(attempt: attempt, deadline: deadline, worker: worker))
        case ("failed", nil, nil, nil, nil, let kind?, nil, nil): self = .failed(class: kind)
        case ("skipped", nil, nil, nil, nil, nil, let rootCause?, let rootClass?):
            self = .skipped(JobSkipped(rootCause: rootCause, rootClass: rootClass, isQuiet: isQuiet ?? false))
        default: throw reader.error(at: start, expected: "a stage of a job with its fields", found: "«\(name)»")
        }
    }
}
