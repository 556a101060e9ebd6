package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog

/// The events of a `uniqueKey` stream.
package enum UniqueKeyEvent: EventFamily {
    case taken(UniqueKeyTaken)

    package static let types: [any EventPayload.Type] = [UniqueKeyTaken.self]

    package var payload: any EventPayload {
        switch self {
        case .taken(let payload): payload
        }
    }

    package init?(_ payload: any EventPayload) {
        guard let payload = payload as? UniqueKeyTaken else { return nil }
        self = .taken(payload)
    }
}

/// A job has a unique key from here on; recorded before the job is submitted or asked for again.
///
/// Its cause names the last events of those who had the key before, by which they don't any more.
package struct UniqueKeyTaken: EventPayload {
    package static let type = EventType("uniqueKey.taken")
    package static let version = 1

    /// How long the job has the key, unless another takes it over.
    package enum Hold: Equatable, Sendable {
        /// Whenever no worker has it, until it has ended.
        case whileWaiting
        /// Until it is first begun.
        case untilStarted
        case untilFinished
        /// Until a time, whatever becomes of the job; at it the key is free.
        case until(Timestamp)
    }

    /// The job that had the key and goes on; this one waits for its end.
    package let behind: JobID?
    package let hold: Hold
    package let holder: JobID
    /// What the submitter called it.
    package let key: String
    /// The submission that the job belongs to.
    package let run: RunID
    /// Among which jobs the key is unique.
    package let scope: QueueTerms.Unique.Scope
    /// The queue or the kind that the scope is; nil for the whole store.
    package let scopeName: String?

    package init(
        behind: JobID? = nil, hold: Hold, holder: JobID, key: String, run: RunID, scope: QueueTerms.Unique.Scope,
        scopeName: String?
    ) {
        self.behind = behind
        self.hold = hold
        self.holder = holder
        self.key = key
        self.run = run
        self.scope = scope
        self.scopeName = scopeName
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("behind", behind)
        writer.field("hold", hold.word)
        writer.field("holder", holder)
        writer.field("key", key)
        writer.field("run", run)
        writer.field("scope", scope)
        writer.optionalField("scopeName", scopeName)
        writer.optionalField("until", hold.end)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        behind = try reader.optionalField("behind")
        let word: Hold.Word = try reader.field("hold")
        holder = try reader.field("holder")
        key = try reader.text("key", atMost: QueueTerms.Unique.longestKey)
        run = try reader.field("run")
        scope = try reader.field("scope")
        let start = reader.offset
        scopeName = try reader.optionalText("scopeName", atMost: 100)
        guard (scope == .store) == (scopeName == nil) else {
            throw reader.error(at: start, expected: "a name for any scope but the store", found: "otherwise")
        }
        let end: Timestamp? = try reader.optionalField("until")
        guard let hold = Hold(word, end) else {
            throw reader.error(at: start, expected: "until beside the hold duration, and no other", found: "otherwise")
        }
        self.hold = hold
        try reader.endObject()
    }
}

extension UniqueKeyTaken.Hold {
    fileprivate enum Word: String, CanonicalCodable {
        case duration, untilFinished, untilStarted, whileWaiting
    }

    fileprivate var word: Word {
        switch self {
        case .whileWaiting: .whileWaiting
        case .untilStarted: .untilStarted
        case .untilFinished: .untilFinished
        case .until: .duration
        }
    }

    fileprivate var end: Timestamp? {
        if case .until(let end) = self { end } else { nil }
    }

    fileprivate init?(_ word: Word, _ end: Timestamp?) {
        switch (word, end) {
        case (.whileWaiting, nil): self = .whileWaiting
        case (.untilStarted, nil): self = .untilStarted
        case (.untilFinished, nil): self = .untilFinished
        case (.duration, let end?): self = .until(end)
        case (.whileWaiting, _), (.untilStarted, _), (.untilFinished, _), (.duration, nil): return nil
        }
    }
}

/// The unique key of a job that isn't under way is another's; what was about to begin the job must decide anew.
///
/// In a stream without a submission it keeps the job from being submitted by one who hasn't seen this event.
package struct JobKeyLost: EventPayload {
    package static let type = EventType("job.keyLost")
    package static let version = 1

    package enum Reason: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
        /// The job will never be submitted: its submitter was given the holder in its place.
        case existing
        /// The job wasn't there or had ended, and the other takes the key.
        case taken
    }

    /// The other job.
    package let holder: JobID
    package let key: UniqueKeyID
    package let reason: Reason

    package init(holder: JobID, key: UniqueKeyID, reason: Reason) {
        self.holder = holder
        self.key = key
        self.reason = reason
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("holder", holder)
        writer.field("key", key)
        writer.field("reason", reason)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        holder = try reader.field("holder")
        key = try reader.field("key")
        reason = try reader.field("reason")
        try reader.endObject()
    }
}
