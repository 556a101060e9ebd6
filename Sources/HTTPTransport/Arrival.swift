/// When a piece of a response's body came.
package struct Arrival: Sendable, Equatable {
    /// Bytes of the body that had come with this piece, itself included.
    package let offset: Int
    /// Since the transfer was taken up, as in `TransferTimings.firstByteMicroseconds`.
    package let microseconds: Int64

    /// Most arrivals that are noted of one body; the last of them then stands for all that followed.
    package static let limit = 10_000

    package init(offset: Int, microseconds: Int64) {
        self.offset = offset
        self.microseconds = microseconds
    }
}

/// The arrivals of one body, bounded.
struct ArrivalLog: Equatable {
    private(set) var arrivals: [Arrival] = []

    mutating func note(_ arrival: Arrival) {
        if arrivals.count == Arrival.limit { arrivals.removeLast() }
        arrivals.append(arrival)
    }
}
