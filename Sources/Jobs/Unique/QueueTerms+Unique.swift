package import CanonicalJSON
package import Determinism

extension QueueTerms {
    /// That of all jobs with a key one at a time may be under way, and what becomes of a second.
    package struct Unique: Equatable, Sendable {
        /// Among which jobs a key is unique.
        package enum Scope: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
            /// Those of the same kind, whatever their queues.
            case kind
            /// Those of the same queue.
            case queue
            /// All.
            case store
        }

        /// How long a job has its key.
        package enum Hold: Equatable, Sendable {
            /// Whenever no worker has it, until it has ended.
            ///
            /// While it runs the key is free; to be tried again it has the key again, unless another took it meanwhile.
            case whileWaiting
            /// Until it is first begun.
            case untilStarted
            /// Until it has ended, however.
            case untilFinished
            /// For a time from its submission, whatever becomes of it.
            case lasting(Microseconds)

            /// Nil for a text that is no hold, or one with a length.
            package init?(word: String) {
                switch word {
                case "whileWaiting": self = .whileWaiting
                case "untilStarted": self = .untilStarted
                case "untilFinished": self = .untilFinished
                default: return nil
                }
            }
        }

        /// What becomes of a job whose key another has.
        package enum Conflict: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
            /// The other is given in its place.
            case existing
            /// It takes the place of one that hasn't been begun, and waits for the end of one that has.
            case keepLatest
            /// The submission is refused.
            case reject
            /// It takes the place of one that hasn't been begun; one that has is given in its place.
            case replaceWaiting
        }

        /// The most code points of a key.
        package static let longestKey = 200

        package let hold: Hold
        package let key: String
        package let onConflict: Conflict
        package let scope: Scope

        package init(
            _ key: String, scope: Scope = .queue, hold: Hold = .untilFinished, onConflict: Conflict = .reject
        ) {
            self.hold = hold
            self.key = key
            self.onConflict = onConflict
            self.scope = scope
        }
    }

    /// The same, after a job that isn't among the parents yet: it must have ended, however it ends.
    func waiting(for job: JobID) -> QueueTerms {
        if parents.contains(where: { $0.contains(job) }) { return self }
        return with(parents: parents + [ParentRange(job, onFailure: .continue)])
    }

    /// The same with other jobs in the place of some parents.
    func replacingParents(_ others: [JobID: JobID]) -> QueueTerms {
        guard !others.isEmpty, parents.contains(where: { $0.jobs.contains { others[$0] != nil } }) else { return self }
        var seen: Set<JobID> = []
        var each: [ParentRange] = []
        for range in parents {
            for parent in range.jobs.lazy.map({ others[$0] ?? $0 }) where seen.insert(parent).inserted {
                each.append(ParentRange(parent, onFailure: range.onFailure))
            }
        }
        return with(parents: ParentRange.joined(each.map { ($0.first, $0.onFailure) }))
    }

    private func with(parents: [ParentRange]) -> QueueTerms {
        QueueTerms(
            deadline: deadline, input: input, join: join, name: name, notBefore: notBefore, parents: parents,
            priority: priority, retry: retry, timeout: timeout, unique: unique)
    }
}

extension ParentRange {
    /// Parents as few ranges: those with consecutive ids and the same rule together.
    static func joined(_ parents: [(JobID, OnFailure)]) -> [ParentRange] {
        var ranges: [ParentRange] = []
        for (id, onFailure) in parents.sorted(by: { $0.0 < $1.0 }) {
            if let last = ranges.last, last.onFailure == onFailure, last.first.following(last.count) == id {
                ranges[ranges.count - 1] = ParentRange(last.first, count: last.count + 1, onFailure: onFailure)
            } else {
                ranges.append(ParentRange(id, onFailure: onFailure))
            }
        }
        return ranges
    }
}

extension QueueTerms.Unique: CanonicalCodable {
    private enum Word: String, CanonicalCodable {
        case duration, untilFinished, untilStarted, whileWaiting
    }

    package func encode(to writer: inout CanonicalWriter) {
        let (word, length): (Word, Microseconds?) =
            switch hold {
            case .whileWaiting: (.whileWaiting, nil)
            case .untilStarted: (.untilStarted, nil)
            case .untilFinished: (.untilFinished, nil)
            case .lasting(let length): (.duration, length)
            }
        writer.beginObject()
        writer.field("hold", word)
        writer.field("key", key)
        writer.optionalField("length", length)
        writer.field("onConflict", onConflict)
        writer.field("scope", scope)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let word: Word = try reader.field("hold")
        key = try reader.text("key", atMost: Self.longestKey)
        let start = reader.offset
        let length = try reader.optionalLength("length")
        switch (word, length) {
        case (.whileWaiting, nil): hold = .whileWaiting
        case (.untilStarted, nil): hold = .untilStarted
        case (.untilFinished, nil): hold = .untilFinished
        case (.duration, let length?): hold = .lasting(length)
        case (.whileWaiting, _), (.untilStarted, _), (.untilFinished, _), (.duration, nil):
            throw reader.error(
                at: start, expected: "a length beside the hold duration, and no other", found: "otherwise")
        }
        onConflict = try reader.field("onConflict")
        scope = try reader.field("scope")
        try reader.endObject()
    }
}
