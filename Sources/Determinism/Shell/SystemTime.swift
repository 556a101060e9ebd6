import Glibc
import Synchronization

extension TimeSource {
    /// The system's clock, in UTC, strictly increasing within the process.
    ///
    /// If the system's time stands still or goes back, each question gets one microsecond more than the last, so that
    /// no two facts of one process bear the same time.
    public static let system = TimeSource {
        let now = systemMicroseconds()
        return lastSystemTime.withLock { last in
            last = max(now, last + 1)
            return Timestamp(microseconds: last)
        }
    }
}

/// The last time that was given out; the lock makes comparing and replacing one step.
private let lastSystemTime = Mutex(Int64.min)

/// `clock_gettime(2)` with `CLOCK_REALTIME`, which fails only for a bad clock or address.
private func systemMicroseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
}
