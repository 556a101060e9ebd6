package import CanonicalJSON
package import Determinism
package import EventLog

/// Does the jobs of one kind in a queue: a program of the user's, or code of an embedding program.
///
/// One handler serves many jobs at once.
package protocol QueueHandler: Sendable {
    /// Looks whether its jobs can be done at all; asked before the first of them.
    ///
    /// What is wrong is told by a `HandlerProblem`, for people. The verdict holds for the life of the handler, so asking
    /// again is cheap.
    func check() async throws

    /// How many of its jobs may run at once in a worker with some slots; nil for as many as there are slots, at once.
    func limits(slots: Int) -> KindPools.Limits?

    /// Whose calls its jobs make, so that they share a budget of retries; nil for none.
    var provider: ProviderID? { get }

    /// Does one job; throws `CancellationError`, and nothing else, when cancelled, and then leaves nothing running.
    ///
    /// A failure of the work is a result. What else it throws counts as one that is tried again.
    func run(_ task: QueueTask) async throws -> QueueResult
}

extension QueueHandler {
    package func check() async throws {}

    package func limits(slots: Int) -> KindPools.Limits? { nil }

    package var provider: ProviderID? { nil }
}

/// One attempt at a job, as its handler sees it.
package struct QueueTask: Sendable {
    package let id: JobID
    /// From 1.
    package let attempt: Int
    package let kind: String
    package let input: JSONValue
    /// The job's tags.
    package let labels: [String: String]
    /// The submission that it belongs to.
    package let run: RunID
    /// How long the attempt may take, by the job's terms; nil leaves it to the handler.
    package let timeout: Microseconds?
    /// What came of the jobs that this one waited for, in the order of its terms; read from the log when asked.
    package let parents: @Sendable () async throws -> [ParentResult]
    /// Tells how far the work has come, in thousandths, and what it does; cheap, and any number of times.
    package let report: @Sendable (Int, String?) -> Void

    package init(
        id: JobID, attempt: Int, kind: String, input: JSONValue, labels: [String: String] = [:], run: RunID,
        timeout: Microseconds? = nil, parents: @escaping @Sendable () async throws -> [ParentResult] = { [] },
        report: @escaping @Sendable (Int, String?) -> Void = { _, _ in }
    ) {
        self.id = id
        self.attempt = attempt
        self.kind = kind
        self.input = input
        self.labels = labels
        self.run = run
        self.timeout = timeout
        self.parents = parents
        self.report = report
    }
}

/// What came of a job that another waited for.
package struct ParentResult: Equatable, Sendable {
    package let id: JobID
    /// What the submission called it.
    package let name: String?
    /// Nil unless it was completed.
    package let result: JSONValue?

    package init(id: JobID, name: String? = nil, result: JSONValue?) {
        self.id = id
        self.name = name
        self.result = result
    }
}

/// What came of an attempt at a job of a queue.
///
/// The evidence is kept beside the event: what the program wrote to its standard error, for one.
package enum QueueResult: Equatable, Sendable {
    /// Done; a small object.
    case completed(JSONValue, evidence: [Blob] = [])
    /// The work failed: the class is a word in camel case, and `after` the least wait before another attempt.
    case failed(
        class: String, message: String, retryable: Bool, after: Microseconds? = nil, evidence: [Blob] = [])
    /// It ended without an answer, by a signal or a limit; spends no attempt, but the third time is the last.
    case crashed(message: String, evidence: [Blob] = [])
    /// It can't be done now, through no fault of its own; nothing is spent.
    case deferred(for: Microseconds, reason: String)
    /// Cut short, for another worker to go on; nothing is spent.
    case interrupted
}

/// Why jobs of a kind can't be done here.
package struct HandlerProblem: Error, Equatable, Sendable, CustomStringConvertible {
    package let kind: String
    /// The program or file at fault; nil where there is none.
    package let path: String?
    /// What was found.
    package let message: String
    /// What to do about it.
    package let remedy: String

    package init(kind: String, path: String? = nil, message: String, remedy: String) {
        self.kind = kind
        self.path = path
        self.message = message
        self.remedy = remedy
    }

    /// One line: `jobs of kind “analyse” can't be done: /opt/analyse: it isn't executable; chmod +x /opt/analyse`.
    package var description: String {
        let parts = ["jobs of kind “\(kind)” can't be done", path, message].compactMap { $0 }
        return parts.joined(separator: ": ") + "; " + remedy
    }
}

/// Completes every job at once with `{}`: for health checks, joins that do nothing themselves, and benches.
package struct NoopHandler: QueueHandler {
    /// The kind that every worker knows.
    package static let kind = "noop"

    package init() {}

    package func run(_ task: QueueTask) async -> QueueResult { .completed(.object([:])) }
}
