package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog

/// The events of the `retention` streams: what was dropped from the read models, and which blobs were erased.
package enum RetentionEvent: EventFamily {
    case pruned(QueuePruned)
    case erased(BlobsErased)

    /// The category of the streams.
    package static let category = "retention"

    package static let types: [any EventPayload.Type] = [QueuePruned.self, BlobsErased.self]

    package var payload: any EventPayload {
        switch self {
        case .pruned(let payload): payload
        case .erased(let payload): payload
        }
    }

    package init?(_ payload: any EventPayload) {
        switch payload {
        case let payload as QueuePruned: self = .pruned(payload)
        case let payload as BlobsErased: self = .erased(payload)
        default: return nil
        }
    }

    /// The stream that it is recorded in.
    package var stream: StreamName {
        get throws(LogError) {
            switch self {
            case .pruned: try StreamName(category: Self.category, id: "jobs")
            case .erased: try StreamName(category: Self.category, id: "blobs")
            }
        }
    }
}

/// Jobs with consecutive ids: one, or many of the same submission.
package struct JobRange: Equatable, Sendable {
    package let first: JobID
    /// How many, `first` included.
    package let count: Int

    /// Traps on a range whose ids can't be counted on from the first.
    package init(_ first: JobID, count: Int = 1) {
        precondition(count == 1 || first.following(count - 1) != nil, "only ids of one submission follow each other")
        precondition(count >= 1, "an empty range names nobody")
        self.first = first
        self.count = count
    }

    /// The jobs in order.
    package var jobs: some Sequence<JobID> { (0..<count).lazy.map { first.following($0) ?? first } }
}

/// Which ended jobs are dropped from the read model of queues.
package struct PrunePolicy: Equatable, Sendable {
    /// Only those that ended before this; nil for any time.
    package var finishedBefore: Timestamp?
    /// The last so many of them, by when they were submitted, stay; nil for none.
    package var keep: Int?
    package var kind: String?
    package var queue: String?
    /// The states that jobs end in.
    package var states: [QueueState]
    package var tags: [String: String]

    package init(
        states: [QueueState], finishedBefore: Timestamp? = nil, keep: Int? = nil, queue: String? = nil,
        kind: String? = nil, tags: [String: String] = [:]
    ) {
        self.states = states
        self.finishedBefore = finishedBefore
        self.keep = keep
        self.queue = queue
        self.kind = kind
        self.tags = tags
    }
}

/// Ended jobs of queues were dropped from the read model; their events stay.
///
/// The read model drops those that have ended where this event stands and that no unfinished job waits for. What they
/// ended in stays known to it, for jobs that name them later.
package struct QueuePruned: EventPayload {
    package static let type = EventType("queue.pruned")
    package static let version = 1
    /// How many jobs one event names at most, so that a read model takes it in bounded memory.
    package static let mostJobs = 4_096
    /// How many ranges one event names at most.
    package static let mostRanges = 400

    /// Who asked, as they call themselves.
    package let by: String
    package let cancelled: Int
    package let completed: Int
    package let dead: Int
    package let jobs: [JobRange]
    package let policy: PrunePolicy
    package let skipped: Int

    package init(by: String, counts: QueueCounts, jobs: [JobRange], policy: PrunePolicy) {
        self.by = by.prefix(codePoints: JobUnlocked.longestName)
        cancelled = counts.cancelled
        completed = counts.completed
        dead = counts.dead
        skipped = counts.skipped
        self.jobs = jobs
        self.policy = policy
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("by", by)
        writer.field("cancelled", cancelled)
        writer.field("completed", completed)
        writer.field("dead", dead)
        writer.field("jobs", jobs)
        writer.field("policy", policy)
        writer.field("skipped", skipped)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        by = try reader.text("by", atMost: 200)
        cancelled = try reader.integer("cancelled", atLeast: 0)
        completed = try reader.integer("completed", atLeast: 0)
        dead = try reader.integer("dead", atLeast: 0)
        jobs = try reader.field("jobs")
        policy = try reader.field("policy")
        skipped = try reader.integer("skipped", atLeast: 0)
        try reader.endObject()
    }
}

/// Blobs were erased on purpose: their bytes are gone, and the log, which has their hashes, stays whole.
///
/// Recorded before they go. A blob that an event at `before` or behind it names is needed again and isn't erased by this.
package struct BlobsErased: EventPayload {
    package static let type = EventType("blob.erased")
    package static let version = 2
    /// Version 2 brought redaction and the note.
    package static let readableFrom = 1
    /// How many blobs one event names at most.
    package static let mostBlobs = 400

    package enum Reason: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
        /// Only jobs named them that were dropped from the read models.
        case retention
        /// Somebody asked that this content be erased.
        case redaction
    }

    /// Events before this position may have named them.
    package let before: Position
    /// The hashes.
    package let digests: [Digest]
    /// Who asked, as they call themselves.
    package let by: String
    /// Why, in that person's words; nil where they said nothing, as always in version 1.
    package let note: String?
    package let reason: Reason

    package init(_ digests: [Digest], before: Position, by: String, reason: Reason, note: String? = nil) {
        self.before = before
        self.digests = digests
        self.by = by.prefix(codePoints: JobUnlocked.longestName)
        self.note = note.prefix(codePoints: JobUnlocked.longestNote)
        self.reason = reason
    }

    package var erasure: Erasure? { Erasure(blobs: digests, before: before) }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("before", before)
        writer.field("blobs", digests)
        writer.field("by", by)
        writer.optionalField("note", note)
        writer.field("reason", reason)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        before = try reader.field("before")
        digests = try reader.field("blobs")
        by = try reader.text("by", atMost: 200)
        note = try reader.optionalText("note", atMost: 500)
        reason = try reader.field("reason")
        try reader.endObject()
    }
}

extension JobRange: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("count", count)
        writer.field("first", first)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        (count, first) = try Self.fields(from: &reader)
        try reader.endObject()
    }

    /// The fields `count` and `first` of an object; so many ids must follow the first.
    static func fields(from reader: inout CanonicalReader) throws(JSONError) -> (count: Int, first: JobID) {
        let count = try reader.integer("count", atLeast: 1)
        let start = reader.offset
        let first: JobID = try reader.field("first")
        guard count == 1 || first.following(count - 1) != nil else {
            throw reader.error(at: start, expected: "an id that \(count - 1) others follow", found: "\(first)")
        }
        return (count, first)
    }
}

extension PrunePolicy: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("finishedBefore", finishedBefore)
        writer.optionalField("keep", keep)
        writer.optionalField("kind", kind)
        writer.optionalField("queue", queue)
        writer.field("states", states)
        writer.field("tags", tags)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        finishedBefore = try reader.optionalField("finishedBefore")
        keep = try reader.optionalCount("keep")
        kind = try reader.optionalField("kind")
        queue = try reader.optionalField("queue")
        let start = reader.offset
        states = try reader.field("states")
        if let state = states.first(where: { !$0.isEnded }) {
            throw reader.error(at: start, expected: "states that jobs end in", found: "«\(state.rawValue)»")
        }
        tags = try reader.field("tags")
        try reader.endObject()
    }
}
