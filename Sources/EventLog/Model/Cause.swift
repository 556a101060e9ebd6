public import Determinism

/// The name and version of a pure function, such as `retry.decide` version 1.
///
/// A log cites it, so a version is kept for as long as a log cites it.
public struct FunctionReference: Hashable, Sendable {
    /// The function's name.
    public let name: String
    /// The version of its rules; a change of any result is a new version.
    public let version: Int

    /// A function's name and version.
    public init(name: String, version: Int) {
        self.name = name
        self.version = version
    }
}

/// What an event was derived from.
public struct Cause: Equatable, Sendable {
    /// Hashes of the blobs that were read; empty when none were.
    public let blobs: [Digest]
    /// The pure function that derived the event; nil when the event records an effect.
    public let function: FunctionReference?
    /// Positions of the earlier events that were read, in the order in which the function takes them.
    public let positions: [Position]

    /// What an event was derived from; every part may be absent.
    public init(blobs: [Digest] = [], function: FunctionReference? = nil, positions: [Position] = []) {
        self.blobs = blobs
        self.function = function
        self.positions = positions
    }
}

/// What accompanies an event's data: why it exists and for whom it was recorded.
public struct EventMetadata: Equatable, Sendable {
    /// What the event was derived from; nil when it stands for itself.
    public let cause: Cause?
    /// The job that it was recorded for; nil outside jobs.
    public let job: String?
    /// The run that it was recorded for; nil outside runs.
    public let run: String?
    /// The worker that recorded it; nil when no worker did.
    public let worker: String?

    /// Metadata of which every part may be absent; a cause of nothing is none.
    public init(cause: Cause? = nil, job: String? = nil, run: String? = nil, worker: String? = nil) {
        self.cause = cause == Cause() ? nil : cause
        self.job = job
        self.run = run
        self.worker = worker
    }

    /// No metadata: `{}`.
    public static let none = EventMetadata()
}
