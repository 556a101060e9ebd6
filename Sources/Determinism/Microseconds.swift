/// A length of time in whole microseconds, possibly negative.
///
/// An integer, so that adding in any order gives the same sum everywhere. Overflow traps; the range is ±292,000 years.
public struct Microseconds: Hashable, Comparable, Sendable {
    /// How many microseconds.
    public let count: Int64

    /// A length of this many microseconds.
    public init(_ count: Int64) { self.count = count }

    /// No time at all.
    public static let zero = Microseconds(0)

    /// A length of whole microseconds.
    public static func microseconds(_ count: Int64) -> Microseconds { Microseconds(count) }

    /// A length of whole milliseconds.
    public static func milliseconds(_ count: Int64) -> Microseconds { Microseconds(count * 1_000) }

    /// A length of whole seconds.
    public static func seconds(_ count: Int64) -> Microseconds { Microseconds(count * 1_000_000) }

    /// A length of whole minutes.
    public static func minutes(_ count: Int64) -> Microseconds { .seconds(count * 60) }

    /// A length of whole hours.
    public static func hours(_ count: Int64) -> Microseconds { .minutes(count * 60) }

    /// The length in seconds, for showing it.
    public var seconds: Double { Double(count) / 1_000_000 }

    /// The length in milliseconds, without what is less than one.
    public var wholeMilliseconds: Int64 { count / 1_000 }

    /// Whether the left length is shorter.
    public static func < (left: Microseconds, right: Microseconds) -> Bool { left.count < right.count }

    /// The sum of two lengths.
    public static func + (left: Microseconds, right: Microseconds) -> Microseconds {
        Microseconds(left.count + right.count)
    }

    /// The difference of two lengths.
    public static func - (left: Microseconds, right: Microseconds) -> Microseconds {
        Microseconds(left.count - right.count)
    }

    /// A multiple of a length.
    public static func * (length: Microseconds, factor: Int64) -> Microseconds { Microseconds(length.count * factor) }

    /// A part of a length, rounded towards zero.
    public static func / (length: Microseconds, divisor: Int64) -> Microseconds { Microseconds(length.count / divisor) }

    /// Adds a length.
    public static func += (left: inout Microseconds, right: Microseconds) { left = left + right }

    /// Subtracts a length.
    public static func -= (left: inout Microseconds, right: Microseconds) { left = left - right }

    /// The length with the other sign.
    public static prefix func - (length: Microseconds) -> Microseconds { Microseconds(-length.count) }
}

extension Microseconds {
    /// The same length for the standard library's clocks.
    public var duration: Duration { .microseconds(count) }

    /// A duration, without what is less than a microsecond.
    public init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        count = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}

extension Microseconds: CustomStringConvertible {
    /// The length in the largest unit that keeps it whole: `250 ms`, `1500 µs`, `30 s`.
    public var description: String {
        if count % 1_000_000 == 0 { return "\(count / 1_000_000) s" }
        if count % 1_000 == 0 { return "\(count / 1_000) ms" }
        return "\(count) µs"
    }
}
