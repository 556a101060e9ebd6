import Synchronization

/// Where the time comes from: the system's clock, a recording, or a test.
///
/// A value that is passed in, so that pure code can't find a clock and a replay can bring its own.
public struct TimeSource: Sendable {
    private let read: @Sendable () -> Timestamp

    /// Makes a source from a function that may be called from any thread.
    public init(_ read: @escaping @Sendable () -> Timestamp) { self.read = read }

    /// The time now, as this source has it.
    public func time() -> Timestamp { read() }

    /// The times of a recording, one for each question, in order; asking for more than there are is a programming error.
    public static func recorded(_ times: [Timestamp]) -> TimeSource {
        let recording = Recording(times)
        return TimeSource { recording.next() }
    }

    /// A clock that moves only when it is told to.
    public static func virtual(_ clock: VirtualClock) -> TimeSource {
        TimeSource { clock.time }
    }
}

/// A clock that stands still until somebody moves it.
public final class VirtualClock: Sendable {
    /// The lock makes reading and moving from several threads one step each.
    private let current: Mutex<Timestamp>

    /// A clock that stands at a moment.
    public init(_ start: Timestamp) { current = Mutex(start) }

    /// Where the clock stands.
    public var time: Timestamp { current.withLock { $0 } }

    /// Moves the clock forward.
    public func advance(by length: Microseconds) {
        precondition(length >= .zero, "a clock never goes back")
        current.withLock { $0 = $0 + length }
    }

    /// Moves the clock to a moment, if that is later than where it stands.
    public func advance(to moment: Timestamp) {
        current.withLock { $0 = max($0, moment) }
    }
}

/// Recorded times, handed out one by one.
private final class Recording: Sendable {
    private let times: [Timestamp]
    /// How many were handed out; the lock makes taking one a single step.
    private let taken = Mutex(0)

    init(_ times: [Timestamp]) { self.times = times }

    func next() -> Timestamp {
        taken.withLock { taken in
            precondition(taken < times.count, "the recording has no more times than were asked for when it was made")
            defer { taken += 1 }
            return times[taken]
        }
    }
}
