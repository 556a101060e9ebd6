package import CanonicalJSON
package import Deciders
package import EventLog

/// A process began to work on a run, or on queues; its lock file exists from before this event until it ends.
///
/// Written as version 1 for a run. The fields of a worker of queues are all there, or none is.
package struct WorkerStarted: EventPayload {
    package static let type = EventType("worker.started")
    package static let version = 2
    package static let readableFrom = 1

    /// How many jobs it works on at once, at most.
    package let concurrency: Int
    /// The name of its machine; nil for a run.
    package let host: String?
    /// The number of its process there; nil for a run.
    package let process: Int?
    /// The queues that it works on; nil for a run, empty for all of them.
    package let queues: [String]?
    /// Nil for a worker of queues.
    package let run: RunID?

    package init(concurrency: Int, run: RunID) {
        self.concurrency = concurrency
        host = nil
        process = nil
        queues = nil
        self.run = run
    }

    package init(concurrency: Int, queues: [String], host: String, process: Int) {
        self.concurrency = concurrency
        self.host = host.prefix(codePoints: 200)
        self.process = process
        self.queues = queues
        run = nil
    }

    package var writtenVersion: Int { run == nil ? 2 : 1 }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("concurrency", concurrency)
        writer.optionalField("host", host)
        writer.optionalField("process", process)
        writer.optionalField("queues", queues)
        writer.optionalField("run", run)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        concurrency = try reader.integer("concurrency", atLeast: 1)
        let start = reader.offset
        host = try reader.optionalText("host", atMost: 200)
        process = try reader.optionalCount("process")
        queues = try reader.optionalField("queues")
        run = try reader.optionalField("run")
        try reader.endObject()
        let ofQueues = [host != nil, process != nil, queues != nil]
        guard ofQueues.allSatisfy({ $0 == (run == nil) }) else {
            throw reader.error(at: start, expected: "a run, or else queues with host and process", found: "otherwise")
        }
    }
}

/// The worker will take no more jobs; recorded before it acts on that.
package struct WorkerDrainRequested: EventPayload {
    package static let type = EventType("worker.drainRequested")
    package static let version = 1

    package enum Reason: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
        /// The process was asked to end.
        case signal
        /// The program that embeds it asked.
        case stopRequested
    }

    package let reason: Reason

    package init(reason: Reason) { self.reason = reason }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("reason", reason)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        reason = try reader.field("reason")
        try reader.endObject()
    }
}

/// The worker ended on its own; a worker that was killed has no such event.
package struct WorkerStopped: EventPayload {
    package static let type = EventType("worker.stopped")
    package static let version = 1

    package enum Reason: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
        /// Nothing was left to do.
        case finished
        /// It was asked to end and gave back what it hadn't finished.
        case drained
        /// Something outside of any job went wrong, such as a full disk.
        case failed
    }

    package let reason: Reason

    package init(reason: Reason) { self.reason = reason }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("reason", reason)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        reason = try reader.field("reason")
        try reader.endObject()
    }
}

/// The worker begins no more jobs of a kind, as its program kept crashing; others may.
package struct WorkerKindPaused: EventPayload {
    package static let type = EventType("worker.kindPaused")
    package static let version = 1
    /// In code points.
    package static let longestReason = 500

    /// How often it crashed within a minute.
    package let crashes: Int
    package let kind: String
    /// For people: in how long, and how the last one ended.
    package let reason: String

    /// Cuts a reason that is too long.
    package init(crashes: Int, kind: String, reason: String) {
        self.crashes = crashes
        self.kind = kind
        self.reason = reason.prefix(codePoints: Self.longestReason)
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("crashes", crashes)
        writer.field("kind", kind)
        writer.field("reason", reason)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        crashes = try reader.integer("crashes", atLeast: 1)
        kind = try reader.word("kind")
        reason = try reader.text("reason", atMost: Self.longestReason)
        try reader.endObject()
    }
}

/// Somebody wants the worker to begin jobs of a paused kind again; in its own stream, from another process.
package struct WorkerKindResumed: EventPayload {
    package static let type = EventType("worker.kindResumed")
    package static let version = 1

    /// Who asked, as they call themselves.
    package let by: String
    package let kind: String
    /// Why, in that person's words.
    package let note: String?

    /// Cuts texts that are too long.
    package init(by: String, kind: String, note: String?) {
        self.by = by.prefix(codePoints: JobUnlocked.longestName)
        self.kind = kind
        self.note = note.prefix(codePoints: JobUnlocked.longestNote)
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("by", by)
        writer.field("kind", kind)
        writer.optionalField("note", note)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        by = try reader.text("by", atMost: 200)
        kind = try reader.word("kind")
        note = try reader.optionalText("note", atMost: 500)
        try reader.endObject()
    }
}

/// The events of a `worker` stream.
package enum WorkerEvent: EventFamily {
    case started(WorkerStarted)
    case drainRequested(WorkerDrainRequested)
    case stopped(WorkerStopped)
    case kindPaused(WorkerKindPaused)
    case kindResumed(WorkerKindResumed)

    package static let types: [any EventPayload.Type] = [
        WorkerStarted.self, WorkerDrainRequested.self, WorkerStopped.self, WorkerKindPaused.self,
        WorkerKindResumed.self,
    ]

    package var payload: any EventPayload {
        switch self {
        case .started(let payload): payload
        case .drainRequested(let payload): payload
        case .stopped(let payload): payload
        case .kindPaused(let payload): payload
        case .kindResumed(let payload): payload
        }
    }

    package init?(_ payload: any EventPayload) {
        switch payload {
        case let payload as WorkerStarted: self = .started(payload)
        case let payload as WorkerDrainRequested: self = .drainRequested(payload)
        case let payload as WorkerStopped: self = .stopped(payload)
        case let payload as WorkerKindPaused: self = .kindPaused(payload)
        case let payload as WorkerKindResumed: self = .kindResumed(payload)
        default: return nil
        }
    }
}
