package import CanonicalJSON
import Deciders
package import Determinism
package import EventLog

/// What is known about one job.
package struct JobStatusRow: Equatable, Sendable {
    /// Jobs that it waited for.
    package let after: [JobID]
    /// The number of the running or last attempt; 0 before the first.
    package private(set) var attempts = 0
    /// How many leases were lost.
    package private(set) var crashes = 0
    /// The class of the last failure, or of the root cause of a skip; nil when there was none, or it was overcome.
    package private(set) var errorClass: String?
    package private(set) var errorMessage: String?
    /// When it was completed, failed for good, or skipped; nil until then.
    package private(set) var finished: Timestamp?
    /// When it was first leased; nil until then.
    package private(set) var firstLeased: Timestamp?
    package let kind: String
    private let labelTexts: CanonicalTexts
    package var labels: [String: String] { labelTexts.dictionary }
    package let lane: String
    package let ordinal: Int
    /// Where its submission stands.
    package let position: Position
    /// What came of it; nil until it is completed.
    package var result: JSONValue? { canonicalResult?.value }
    private var canonicalResult: CanonicalValue?
    package let run: RunID
    package private(set) var state = JobStatus.State.queued
    package let submitted: Timestamp
    /// Who has it, or had it last; nil before the first lease.
    package private(set) var worker: WorkerID?

    init(_ submission: JobSubmitted, at event: EventLog.Event) {
        after = submission.after
        kind = submission.kind
        labelTexts = submission.labelTexts
        lane = submission.lane
        ordinal = submission.ordinal
        position = event.position
        run = submission.run
        submitted = event.time
    }

    var stateKey: JobStatus.StateKey {
        JobStatus.StateKey(run: run, state: state, ordinal: ordinal, position: position)
    }

    mutating func take(_ happened: JobEvent, at time: Timestamp) {
        switch happened {
        case .submitted, .leaseRenewed, .retryScheduled, .progressed, .resultLate, .keyLost: break
        case .leased(let leased): take(leased, at: time)
        case .completed(let completed): take(completed, at: time)
        case .failed(let failed): take(failed, at: time)
        case .leaseExpired:
            crashes += 1
            state = .queued
        case .released, .deferred, .unlocked: state = .queued
        case .crashed:
            crashes += 1
            state = .queued
        case .cancelled(let cancelled):
            errorClass = "cancelled"
            errorMessage = cancelled.note
            finished = time
            state = .skipped
        case .skipped(let skipped): take(skipped, at: time)
        case .retryRequested:
            state = .queued
            finished = nil
        }
    }

    private mutating func take(_ leased: JobLeased, at time: Timestamp) {
        attempts = leased.attempt
        firstLeased = firstLeased ?? time
        state = .running
        worker = leased.worker
    }

    private mutating func take(_ completed: JobCompleted, at time: Timestamp) {
        errorClass = nil
        errorMessage = nil
        finished = time
        canonicalResult = completed.canonicalResult
        state = .completed
    }

    private mutating func take(_ failed: JobFailed, at time: Timestamp) {
        errorClass = failed.class
        errorMessage = failed.message
        state = failed.final ? .failed : .retrying
        if failed.final { finished = time }
    }

    private mutating func take(_ skipped: JobSkipped, at time: Timestamp) {
        errorClass = skipped.rootClass
        errorMessage = "skipped, since job \(skipped.rootCause) failed"
        finished = time
        state = .skipped
    }
}

extension JobStatusRow: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("after", after)
        writer.field("attempts", attempts)
        writer.field("crashes", crashes)
        writer.optionalField("errorClass", errorClass)
        writer.optionalField("errorMessage", errorMessage)
        writer.optionalField("finished", finished)
        writer.optionalField("firstLeased", firstLeased)
        writer.field("kind", kind)
        writer.field("labels", labelTexts)
        writer.field("lane", lane)
        writer.field("ordinal", ordinal)
        writer.field("position", position)
        writer.optionalField("result", canonicalResult)
        writer.field("run", run)
        writer.field("state", state)
        writer.field("submitted", submitted)
        writer.optionalField("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        after = try reader.field("after")
        attempts = try reader.field("attempts")
        crashes = try reader.field("crashes")
        errorClass = try reader.optionalField("errorClass")
        errorMessage = try reader.optionalField("errorMessage")
        finished = try reader.optionalField("finished")
        firstLeased = try reader.optionalField("firstLeased")
        kind = try reader.field("kind")
        labelTexts = try reader.field("labels")
        lane = try reader.field("lane")
        ordinal = try reader.field("ordinal")
        position = try reader.field("position")
        canonicalResult = try reader.optionalField("result")
        run = try reader.field("run")
        state = try reader.field("state")
        submitted = try reader.field("submitted")
        worker = try reader.optionalField("worker")
        try reader.endObject()
    }
}
