/// A moment: whole microseconds since 1970-01-01T00:00:00Z, without leap seconds (as POSIX counts).
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Microseconds since the start of 1970 UTC.
    public let microseconds: Int64

    /// The moment this many microseconds after the start of 1970 UTC.
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// The start of 1970 UTC.
    public static let epoch = Timestamp(microseconds: 0)

    /// Whether the left moment is earlier.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    /// The moment a length of time later.
    public static func + (moment: Timestamp, length: Microseconds) -> Timestamp {
        Timestamp(microseconds: moment.microseconds + length.count)
    }

    /// The moment a length of time earlier.
    public static func - (moment: Timestamp, length: Microseconds) -> Timestamp {
        Timestamp(microseconds: moment.microseconds - length.count)
    }

    /// How long it is from the right moment to the left one.
    public static func - (left: Timestamp, right: Timestamp) -> Microseconds {
        Microseconds(left.microseconds - right.microseconds)
    }
}
