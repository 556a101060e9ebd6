package import Determinism

/// The outside world as one value: live it acts, in replay it answers from the record.
package struct Effects: Sendable {
    /// The time of the event about to be written at a place.
    ///
    /// Keyed by the place, so that a replay gets the recorded time whatever the interleaving of streams.
    /// Once it is replaced there is no common time.
    package var time: @Sendable (Place) async throws -> Timestamp {
        didSet { commonTime = nil }
    }
    /// The time of whatever is written now, at any place; nil where each place has a time of its own, as in a replay.
    ///
    /// With it the commands of a batch are one question and one append. Without it each is a task of its own, since the
    /// record may hold one and not its neighbour.
    package private(set) var commonTime: (@Sendable () -> Timestamp)?
    /// Waits before another attempt; returns at once in replay.
    package var pause: @Sendable (Microseconds) async throws -> Void

    package init(
        time: @escaping @Sendable (Place) async throws -> Timestamp,
        pause: @escaping @Sendable (Microseconds) async throws -> Void,
        commonTime: (@Sendable () -> Timestamp)? = nil
    ) {
        self.time = time
        self.commonTime = commonTime
        self.pause = pause
    }
}
