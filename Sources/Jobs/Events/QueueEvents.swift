package import CanonicalJSON
package import Deciders
package import EventLog

/// The events of a `queue` stream.
package enum QueueEvent: EventFamily {
    case configured(QueueConfigured)
    case paused(QueuePaused)
    case resumed(QueueResumed)

    package static let types: [any EventPayload.Type] = [
        QueueConfigured.self, QueuePaused.self, QueueResumed.self,
    ]

    package var payload: any EventPayload {
        switch self {
        case .configured(let payload): payload
        case .paused(let payload): payload
        case .resumed(let payload): payload
        }
    }

    package init?(_ payload: any EventPayload) {
        switch payload {
        case let payload as QueueConfigured: self = .configured(payload)
        case let payload as QueuePaused: self = .paused(payload)
        case let payload as QueueResumed: self = .resumed(payload)
        default: return nil
        }
    }
}

/// How many jobs of a queue may run at once, over all processes, and whether it takes new ones.
package struct QueueConfigured: EventPayload {
    package static let type = EventType("queue.configured")
    package static let version = 1

    /// Who asked, as they call themselves.
    package let by: String
    /// Nil for no limit.
    package let concurrency: Int?
    /// Whether submissions are refused, so that the queue runs empty.
    package let isDraining: Bool

    /// Cuts a name that is too long.
    package init(by: String, concurrency: Int?, isDraining: Bool = false) {
        self.by = by.prefix(codePoints: JobUnlocked.longestName)
        self.concurrency = concurrency
        self.isDraining = isDraining
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("by", by)
        writer.optionalField("concurrency", concurrency)
        writer.field("draining", isDraining)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        by = try reader.text("by", atMost: 200)
        let start = reader.offset
        concurrency = try reader.optionalCount("concurrency")
        if concurrency == 0 {
            throw reader.error(at: start, expected: "a concurrency from 1; a queue is stopped by a pause", found: "0")
        }
        isDraining = try reader.field("draining")
        try reader.endObject()
    }
}

/// No job of the queue is begun from here on; those that run go on.
package struct QueuePaused: EventPayload {
    package static let type = EventType("queue.paused")
    package static let version = 1

    /// Who asked, as they call themselves; `cairn` where its handler kept crashing.
    package let by: String
    /// Why, in that person's words.
    package let note: String?

    /// Cuts texts that are too long.
    package init(by: String, note: String?) {
        self.by = by.prefix(codePoints: JobUnlocked.longestName)
        self.note = note.prefix(codePoints: JobUnlocked.longestNote)
    }

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

/// Jobs of the queue are begun again.
///
/// Written as version 1 without a note.
package struct QueueResumed: EventPayload {
    package static let type = EventType("queue.resumed")
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
