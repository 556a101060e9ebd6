internal import Determinism

/// The time of a request: one clock to measure with, one to be shown.
struct Moment: Sendable {
    /// Since some moment in the past; never goes back.
    var monotonic: Microseconds
    var wall: Timestamp
    /// The wall clock as a header says it.
    var date: String
}

/// Dates as HTTP has them (RFC 9110, section 5.6.7): `Sat, 21 Nov 2026 08:00:00 GMT`.
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The date of a time in microseconds since 1970.
    static func text(_ microseconds: Int64) -> String {
        let second = microseconds / 1_000_000
        let parts = Timestamp(microseconds: second * 1_000_000).text.prefix(19).split(whereSeparator: {
            "-T".contains($0)
        })
        let month = months[(Int(parts[1]) ?? 1) - 1]
        let day = days[Int((second / 86_400) % 7)]
        return "\(day), \(parts[2]) \(month) \(parts[0]) \(parts[3]) GMT"
    }
}

/// Durations as Go writes them, for OpenAI's headers: `17ms`, `1.5s`, `6m0s`.
enum GoDuration {
    static func text(_ duration: Microseconds) -> String {
        let milliseconds = max((duration.count + 999) / 1_000, 0)
        if milliseconds < 1_000 { return "\(milliseconds)ms" }
        let (minutes, rest) = (milliseconds / 60_000, milliseconds % 60_000)
        let seconds = RetryText.seconds(.milliseconds(rest)) + "s"
        return minutes == 0 ? seconds : "\(minutes)m\(seconds)"
    }
}

/// Seconds with as many decimals as they need.
enum RetryText {
    static func seconds(_ duration: Microseconds) -> String {
        let (whole, part) = (duration.count / 1_000_000, duration.count % 1_000_000)
        guard part > 0 else { return "\(whole)" }
        let digits = String(repeating: "0", count: 6 - String(part).count) + String(part)
        let significant = digits.utf8.count - digits.utf8.reversed().prefix { $0 == UInt8(ascii: "0") }.count
        return "\(whole).\(digits.prefix(significant))"
    }
}
