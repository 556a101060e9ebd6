package import Determinism
package import EventLog

/// One of many commands that are handled together, with what ``CommandHandler/handle(_:run:job:blobs:cause:from:_:)``
/// takes.
package struct BatchCommand<D: Decider>: Sendable {
    /// Which stream of the decider's category.
    package let id: String
    package let run: String?
    package let job: String?
    package let blobs: [Blob]
    package let cause: @Sendable (D.Event) -> Cause?
    /// The state that the caller holds, `.empty` of a stream without events; nil reads the stream.
    package let loaded: Loaded<D>?
    /// The command, from the time at which its events will be recorded.
    package let command: @Sendable (Timestamp) -> D.Command

    package init(
        _ id: String, run: String? = nil, job: String? = nil, blobs: [Blob] = [],
        cause: @escaping @Sendable (D.Event) -> Cause? = { _ in nil }, from loaded: Loaded<D>? = nil,
        _ command: @escaping @Sendable (Timestamp) -> D.Command
    ) {
        self.id = id
        self.run = run
        self.job = job
        self.blobs = blobs
        self.cause = cause
        self.loaded = loaded
        self.command = command
    }
}
