package import CanonicalJSON
import Deciders
package import Determinism
package import EventLog

/// The job will not be run, or not to its end: somebody cancelled it, or its deadline passed.
///
/// With the reason `deadline` it is derived by `jobs.deadline` from the submission.
package struct JobCancelled: EventPayload {
    package static let type = EventType("job.cancelled")
    package static let version = 1

    package enum Reason: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
        /// It hadn't ended when it was to have.
        case deadline
        /// Another job with the same unique key took its place.
        case replaced
        /// Somebody asked for it.
        case requested
    }

    /// Who asked, as they call themselves; `cairn` where nobody did.
    package let by: String
    /// Why, in that person's words.
    package let note: String?
    package let reason: Reason

    /// Cuts texts that are too long.
    package init(by: String, note: String? = nil, reason: Reason) {
        self.by = by.prefix(codePoints: JobUnlocked.longestName)
        self.note = note.prefix(codePoints: JobUnlocked.longestNote)
        self.reason = reason
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("by", by)
        writer.optionalField("note", note)
        writer.field("reason", reason)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        by = try reader.text("by", atMost: 200)
        note = try reader.optionalText("note", atMost: 500)
        reason = try reader.field("reason")
        try reader.endObject()
    }
}

/// The worker took the job down with it: its program ended without an answer, by a signal or by its limits.
///
/// Spends no attempt; after the third of a job follows a final `job.failed` in the same commit.
package struct JobCrashed: EventPayload {
    package static let type = EventType("job.crashed")
    package static let version = 1

    package let attempt: Int
    /// How many leases and programs this job lost, this one included, since an operator last asked for it.
    package let crashes: Int
    /// How it ended and the last that the program said, for people.
    package let message: String
    package let worker: WorkerID

    /// Cuts a message that is too long, keeping its end.
    package init(attempt: Int, crashes: Int, message: String, worker: WorkerID) {
        self.attempt = attempt
        self.crashes = crashes
        self.message = message.suffix(codePoints: JobFailed.longestMessage)
        self.worker = worker
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("crashes", crashes)
        writer.field("message", message)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 1)
        crashes = try reader.integer("crashes", atLeast: 1)
        message = try reader.text("message", atMost: JobFailed.longestMessage)
        worker = try reader.field("worker")
        try reader.endObject()
    }
}

/// The work can't be done now, through no fault of its own; it is tried again later and nothing is spent.
package struct JobDeferred: EventPayload {
    package static let type = EventType("job.deferred")
    package static let version = 1

    package let attempt: Int
    package let notBefore: Timestamp
    /// What it waits for, for people: "provider x: 41,000 of 40,000 tokens/min".
    package let reason: String
    package let worker: WorkerID

    /// Cuts a reason that is too long.
    package init(attempt: Int, notBefore: Timestamp, reason: String, worker: WorkerID) {
        self.attempt = attempt
        self.notBefore = notBefore
        self.reason = reason.prefix(codePoints: JobFailed.longestMessage)
        self.worker = worker
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("notBefore", notBefore)
        writer.field("reason", reason)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 1)
        notBefore = try reader.field("notBefore")
        reason = try reader.text("reason", atMost: JobFailed.longestMessage)
        worker = try reader.field("worker")
        try reader.endObject()
    }
}

/// How far the work has come; at most one each ten seconds or tenth of the way.
package struct JobProgressed: EventPayload {
    package static let type = EventType("job.progressed")
    package static let version = 1
    package static let longestMessage = 200

    package let attempt: Int
    /// What the handler says, for people.
    package let message: String?
    /// From 0 to 1,000 thousandths.
    package let thousandths: Int
    package let worker: WorkerID

    /// Cuts a message that is too long.
    package init(attempt: Int, message: String?, thousandths: Int, worker: WorkerID) {
        self.attempt = attempt
        self.message = message.prefix(codePoints: Self.longestMessage)
        self.thousandths = min(max(thousandths, 0), 1_000)
        self.worker = worker
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.optionalField("message", message)
        writer.field("thousandths", thousandths)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 1)
        message = try reader.optionalText("message", atMost: Self.longestMessage)
        let start = reader.offset
        thousandths = try reader.integer("thousandths", atLeast: 0)
        guard thousandths <= 1_000 else {
            throw reader.error(at: start, expected: "at most 1000 thousandths", found: "\(thousandths)")
        }
        worker = try reader.field("worker")
        try reader.endObject()
    }
}

/// An answer of a worker that no longer had the job: evidence that doesn't count.
package struct JobResultLate: EventPayload {
    package static let type = EventType("job.resultLate")
    package static let version = 1

    /// The attempt that it was an answer to.
    package let attempt: Int
    /// The class of the failure; nil if the work was done.
    package let `class`: String?
    /// What came of it, an object; nil if the work failed.
    package var result: JSONValue? { canonicalResult?.value }
    private let canonicalResult: CanonicalValue?
    package let worker: WorkerID

    /// Traps on an answer that is both or neither.
    package init(attempt: Int, class: String?, result: JSONValue?, worker: WorkerID) {
        precondition((`class` == nil) != (result == nil), "work is done or has failed")
        self.attempt = attempt
        self.class = `class`
        canonicalResult = result.map { CanonicalValue($0) }
        self.worker = worker
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.optionalField("class", `class`)
        writer.optionalField("result", canonicalResult)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 1)
        let start = reader.offset
        `class` = try reader.optionalWord("class")
        canonicalResult = try reader.optionalField("result")
        guard (`class` == nil) == (canonicalResult?.isObject == true), `class` == nil || canonicalResult == nil else {
            throw reader.error(at: start, expected: "a class, or else an object as the result", found: "otherwise")
        }
        worker = try reader.field("worker")
        try reader.endObject()
    }
}

/// An operator took the job from a worker, whose lease is over; nothing is spent and nothing counted.
package struct JobUnlocked: EventPayload {
    package static let type = EventType("job.unlocked")
    package static let version = 1
    /// The longest name of who asks for something, in code points.
    package static let longestName = 200
    /// The longest note, in code points.
    package static let longestNote = 500

    package let attempt: Int
    /// Who did it, as they call themselves.
    package let by: String
    package let note: String?
    /// Who had it.
    package let worker: WorkerID

    /// Cuts texts that are too long.
    package init(attempt: Int, by: String, note: String?, worker: WorkerID) {
        self.attempt = attempt
        self.by = by.prefix(codePoints: Self.longestName)
        self.note = note.prefix(codePoints: Self.longestNote)
        self.worker = worker
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("by", by)
        writer.optionalField("note", note)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 1)
        by = try reader.text("by", atMost: 200)
        note = try reader.optionalText("note", atMost: 500)
        worker = try reader.field("worker")
        try reader.endObject()
    }
}
