internal import Determinism
internal import Glibc
internal import Synchronization

/// The time of requests; the text of a date is made once a second.
final class ServerClock: Sendable {
    private let date = Mutex<(second: Int64, text: String)>((-1, ""))

    var now: Moment {
        let wall = Self.microseconds(CLOCK_REALTIME)
        let text = date.withLock { cached in
            let second = wall / 1_000_000
            if cached.second != second { cached = (second, HTTPDate.text(wall)) }
            return cached.text
        }
        return Moment(
            monotonic: Microseconds(Self.microseconds(CLOCK_MONOTONIC)), wall: Timestamp(microseconds: wall), date: text
        )
    }

    private static func microseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}
