package import CanonicalJSON
import Deciders
package import EventLog

/// A job of a run or of a submission to a queue exists from here on; its id, the stream's, is made from what it is.
///
/// Written as version 1 when it has no terms, as the jobs of experiments have none.
package struct JobSubmitted: EventPayload {
    package static let type = EventType("job.submitted")
    package static let version = 2
    package static let readableFrom = 1

    /// Jobs of a run that must be completed before this one may begin; empty when it may begin at once.
    ///
    /// Always empty where there are terms, which have parents.
    package let after: [JobID]
    /// What kind of work it is, which decides who does it: `probe`, `judge`.
    package let kind: String
    /// What it is about, for people and for reports: model, scenario, sample, judge.
    package var labels: [String: String] { labelTexts.dictionary }
    package let labelTexts: CanonicalTexts
    /// What it competes for: jobs of one lane share a limit on how many run at once.
    ///
    /// The provider of its model, or the name of its queue.
    package let lane: String
    /// How often it may fail before it is given up, the first attempt included.
    package let maxAttempts: Int
    /// Its place in the plan; work is begun in this order.
    package let ordinal: Int
    /// The run or the submission that it belongs to.
    package let run: RunID
    /// When and after what a queue runs it; nil for a job of an experiment.
    package let terms: QueueTerms?

    package init(
        after: [JobID] = [], kind: String, labels: [String: String], lane: String, maxAttempts: Int, ordinal: Int,
        run: RunID, terms: QueueTerms? = nil
    ) {
        self.after = after
        self.kind = kind
        labelTexts = CanonicalTexts(labels)
        self.lane = lane
        self.maxAttempts = maxAttempts
        self.ordinal = ordinal
        self.run = run
        self.terms = terms
    }

    package var writtenVersion: Int { terms == nil ? 1 : 2 }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("after", after)
        writer.field("kind", kind)
        writer.field("labels", labelTexts)
        writer.field("lane", lane)
        writer.field("maxAttempts", maxAttempts)
        writer.field("ordinal", ordinal)
        writer.field("run", run)
        writer.optionalField("terms", terms)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let start = reader.offset
        after = try reader.field("after")
        kind = try reader.word("kind")
        labelTexts = try reader.field("labels")
        lane = try reader.text("lane", atMost: 100)
        maxAttempts = try reader.integer("maxAttempts", atLeast: 1)
        ordinal = try reader.integer("ordinal", atLeast: 0)
        run = try reader.field("run")
        terms = try reader.optionalField("terms")
        try reader.endObject()
        if terms != nil, !after.isEmpty {
            throw reader.error(
                at: start, expected: "no `after` beside terms, which have parents", found: "\(after.count)")
        }
    }
}

/// The job will never run, since of those that it waited for one failed, or none did where it was to be run then.
///
/// Derived by `jobs.skip`.
package struct JobSkipped: EventPayload {
    package static let type = EventType("job.skipped")
    package static let version = 2
    package static let readableFrom = 1

    /// Whether its own children count it as a success; written as version 1 where they don't.
    package let isQuiet: Bool
    /// How the root cause failed.
    package let rootClass: String
    /// The job that failed; not always one that this one waited for itself.
    package let rootCause: JobID

    package init(rootCause: JobID, rootClass: String, isQuiet: Bool = false) {
        self.isQuiet = isQuiet
        self.rootCause = rootCause
        self.rootClass = rootClass
    }

    package var writtenVersion: Int { isQuiet ? 2 : 1 }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        if isQuiet { writer.field("quiet", true) }
        writer.field("rootCause", rootCause)
        writer.field("rootClass", rootClass)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let start = reader.offset
        let quiet: Bool? = try reader.optionalField("quiet")
        if quiet == false { throw reader.error(at: start, expected: "true, or no such field", found: "false") }
        isQuiet = quiet ?? false
        rootCause = try reader.field("rootCause")
        rootClass = try reader.word("rootClass")
        try reader.endObject()
    }
}

/// An operator wants a failed or skipped job done after all; its budget of attempts begins anew.
///
/// Written as version 1 without a note.
package struct JobRetryRequested: EventPayload {
    package static let type = EventType("job.retryRequested")
    package static let version = 2
    package static let readableFrom = 1

    /// Who asked, as they call themselves.
    package let by: String
    /// Why, in that person's words.
    package let note: String?

    /// Cuts texts that are too long.
    package init(by: String, note: String? = nil) {
        self.by = by.prefix(codePoints: JobUnlocked.longestName)
        self.note = note.prefix(codePoints: JobUnlocked.longestNote)
    }

    package var writtenVersion: Int { note == nil ? 1 : 2 }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("by", by)
        writer.optionalField("note", note)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        by = try reader.text("by", atMost: 200)
        note = try reader.optionalText("note", atMost: 500)
        try reader.endObject()
    }
}
