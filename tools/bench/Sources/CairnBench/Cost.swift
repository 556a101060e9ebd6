import CanonicalJSON
import Glibc

/// A point in this process's life.
struct Moment {
    let wall: Double
    let user: Double
    let system: Double

    static var now: Moment {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Moment(wall: clock(), user: seconds(usage.ru_utime), system: seconds(usage.ru_stime))
    }

    /// Seconds of the monotonic clock.
    static func clock() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
    }

    /// Microseconds since 1970, as the machine's clock has them.
    static func time() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
}

/// What appending some events cost this process, from a moment until now.
struct Cost: CanonicalEncodable {
    let events: Int
    let wall: Double
    let user: Double
    let system: Double

    init(since start: Moment, events: Int) {
        let end = Moment.now
        self.events = events
        wall = end.wall - start.wall
        user = end.user - start.user
        system = end.system - start.system
    }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("events", events)
        writer.field("system", system)
        writer.field("user", user)
        writer.field("wall", wall)
        writer.endObject()
    }
}

/// Prints a value as one line of JSON.
func report(_ value: some CanonicalEncodable) {
    print(String(decoding: value.canonicalBytes(), as: UTF8.self))
}

/// A reason to stop that the driver prints.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
