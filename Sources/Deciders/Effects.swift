package import Determinism

/// The outside world as one value: live it acts, in replay it answers from the record.
package struct Effects: Sendable {
    /// The time of the event about to be written at a place.
    ///
    /// Keyed by the place, so that a replay gets the recorded time whatever the interleaving of streams.
    package var time: @Sendable (Place) async throws -> Timestamp
    /// Waits before another attempt; returns at once in replay.
    package var pause: @Sendable (Microseconds) async throws -> Void

    package init(
        time: @escaping @Sendable (Place) async throws -> Timestamp,
        pause: @escaping @Sendable (Microseconds) async throws -> Void
    ) {
        self.time = time
        self.pause = pause
    }
}
