package import CanonicalJSON
package import Determinism

/// A job as somebody asks for it, before it has an id.
package struct JobRequest: Equatable, Sendable {
    /// A job that this one waits for.
    package struct Parent: Equatable, Sendable {
        package enum Reference: Equatable, Sendable {
            /// The name of a job in the same submission.
            case name(String)
            /// A job that was submitted before.
            case id(JobID)
        }

        package let reference: Reference
        package let onFailure: ParentRange.OnFailure

        package init(_ reference: Reference, onFailure: ParentRange.OnFailure = .fail) {
            self.reference = reference
            self.onFailure = onFailure
        }
    }

    package var after: [Parent]
    package var deadline: Timestamp?
    package var input: JSONValue
    package var join: QueueTerms.Join
    package var kind: String
    /// Nil for a job that nobody refers to.
    package var name: String?
    package var notBefore: Timestamp?
    package var priority: Int
    package var queue: String
    /// How often, and how long after a failure, it is tried; the standard policy has five attempts.
    package var retry: RetryPolicy
    package var tags: [String: String]
    package var timeout: Microseconds?
    /// The key that no other job under way may have; nil for none.
    package var unique: QueueTerms.Unique?

    package init(
        kind: String, queue: String = "default", name: String? = nil, input: JSONValue = .object([:]),
        after: [Parent] = [], join: QueueTerms.Join = .allSuccess, priority: Int = 0, notBefore: Timestamp? = nil,
        deadline: Timestamp? = nil, timeout: Microseconds? = nil, retry: RetryPolicy = .standard,
        tags: [String: String] = [:], unique: QueueTerms.Unique? = nil
    ) {
        self.after = after
        self.deadline = deadline
        self.input = input
        self.join = join
        self.kind = kind
        self.name = name
        self.notBefore = notBefore
        self.priority = priority
        self.queue = queue
        self.retry = retry
        self.tags = tags
        self.timeout = timeout
        self.unique = unique
    }
}
