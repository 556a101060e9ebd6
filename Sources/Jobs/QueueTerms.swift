package import CanonicalJSON
package import Determinism

/// What a queue needs to know of a job beyond what it is: when it may run, after which others, and with what input.
///
/// Jobs of an experiment's run have none: their plan says it all.
package struct QueueTerms: Equatable, Sendable {
    /// How the ends of several parents are put together.
    package enum Join: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
        /// Runs when all have succeeded.
        case allSuccess
        /// Runs when all have ended, however they ended.
        case allDone
        /// Runs as soon as one has failed.
        case anyFailed
    }

    /// The highest and, negated, the lowest priority.
    package static let highestPriority = 100
    /// The most bytes of input that a submission carries; a larger one is a blob.
    package static let longestInput = 32_768

    /// When it must have ended; what hasn't is cancelled.
    package let deadline: Timestamp?
    /// What the handler is given: any JSON value of at most `longestInput` bytes.
    package var input: JSONValue { canonicalInput.value }
    package let canonicalInput: CanonicalValue
    package let join: Join
    /// What the submission called it; unique within a submission.
    package let name: String?
    /// Before this it isn't begun.
    package let notBefore: Timestamp?
    /// The jobs that it waits for; empty when it may begin at once.
    package let parents: [ParentRange]
    /// From −100 to 100, the higher first.
    package let priority: Int
    /// When a failed attempt is made again.
    package let retry: RetryPolicy
    /// How long one attempt may take; nil for no limit but the lease's.
    package let timeout: Microseconds?
    /// The key that no other job under way may have; nil for none.
    package let unique: Unique?

    package init(
        deadline: Timestamp? = nil, input: JSONValue = .object([:]), join: Join = .allSuccess, name: String? = nil,
        notBefore: Timestamp? = nil, parents: [ParentRange] = [], priority: Int = 0, retry: RetryPolicy = .standard,
        timeout: Microseconds? = nil, unique: Unique? = nil
    ) {
        self.deadline = deadline
        canonicalInput = CanonicalValue(input)
        self.join = join
        self.name = name
        self.notBefore = notBefore
        self.parents = parents
        self.priority = priority
        self.retry = retry
        self.timeout = timeout
        self.unique = unique
    }
}

/// Parents with consecutive ids: one job, or many of the same submission.
///
/// A job that waits for a hundred thousand others names them in a few bytes.
package struct ParentRange: Equatable, Sendable {
    /// What the failure of a parent does to a child that needs the success of all.
    ///
    /// For the other joins it doesn't matter: they ask how the parents themselves ended.
    package enum OnFailure: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
        /// The child is skipped, and its own children count that as a failure.
        case fail
        /// It counts as a success.
        case `continue`
        /// The child is skipped, and its own children count that as a success.
        case skip
    }

    package let first: JobID
    /// How many, `first` included.
    package let count: Int
    package let onFailure: OnFailure

    /// Traps on a range whose ids can't be counted on from the first.
    package init(_ first: JobID, count: Int = 1, onFailure: OnFailure = .fail) {
        precondition(count == 1 || first.following(count - 1) != nil, "only ids of one submission follow each other")
        precondition(count >= 1, "an empty range names nobody")
        self.first = first
        self.count = count
        self.onFailure = onFailure
    }

    /// The parents in order.
    package var jobs: some Sequence<JobID> {
        (0..<count).lazy.map { first.following($0) ?? first }
    }
}

extension JobID {
    /// The id of a job of a submission: the first half is the submission's, the second the job's place in it.
    ///
    /// So the jobs of a submission follow each other in every table, and ranges of them are short.
    package init(of run: RunID, ordinal: Int) {
        precondition(ordinal >= 0, "places begin at 0")
        self.init(text: run.text.half(followedBy: UInt64(ordinal)))
    }

    /// The id that many places on; nil for an id that isn't of that form, or at the end of what it can count.
    package func following(_ distance: Int) -> JobID? {
        if distance == 0 { return self }
        return text.following(distance).map { JobID(text: $0) }
    }
}

extension QueueTerms: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("deadline", deadline)
        writer.field("input", canonicalInput)
        writer.field("join", join)
        writer.optionalField("name", name)
        writer.optionalField("notBefore", notBefore)
        writer.field("parents", parents)
        writer.field("priority", priority)
        writer.field("retry", retry)
        writer.optionalField("timeout", timeout)
        writer.optionalField("unique", unique)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        deadline = try reader.optionalField("deadline")
        canonicalInput = try reader.field("input")
        join = try reader.field("join")
        name = try reader.optionalText("name", atMost: 200)
        notBefore = try reader.optionalField("notBefore")
        parents = try reader.field("parents")
        let start = reader.offset
        priority = try reader.field("priority")
        guard abs(priority) <= Self.highestPriority else {
            throw reader.error(at: start, expected: "a priority from -100 to 100", found: "\(priority)")
        }
        retry = try reader.field("retry")
        timeout = try reader.optionalLength("timeout")
        unique = try reader.optionalField("unique")
        try reader.endObject()
    }
}

extension ParentRange: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("count", count)
        writer.field("first", first)
        writer.field("onFailure", onFailure)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        (count, first) = try JobRange.fields(from: &reader)
        onFailure = try reader.field("onFailure")
        try reader.endObject()
    }
}
