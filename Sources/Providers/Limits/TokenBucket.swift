package import Determinism

/// Room for so many units per minute, gained evenly and kept for a moment only.
///
/// The bucket holds a second's worth, so that what is taken in any 60 seconds stays within 1.7 % of the rate, whether
/// the provider counts in fixed windows, sliding windows or buckets. What is larger than that is let through into debt:
/// waiting for a full bucket it would starve.
package struct TokenBucket: Equatable, Sendable {
    package private(set) var perMinute: Double
    package private(set) var capacity: Double
    /// What may be taken at `filled`; below zero after a large amount, or when more was used than was reserved.
    package private(set) var level: Double
    private var filled: Timestamp

    /// A full bucket.
    package init(perMinute rate: Double, at now: Timestamp) {
        precondition(rate > 0, "a bucket that never fills is a stop, not a pace")
        perMinute = rate
        capacity = Self.capacity(of: rate)
        level = capacity
        filled = now
    }

    /// Changes the pace from now on.
    package mutating func setPace(perMinute rate: Double, at now: Timestamp) {
        precondition(rate > 0, "a bucket that never fills is a stop, not a pace")
        guard rate != perMinute else { return }
        refill(at: now)
        perMinute = rate
        capacity = Self.capacity(of: rate)
        level = min(level, capacity)
    }

    package mutating func refill(at now: Timestamp) {
        guard now > filled else { return }
        let gained = Double((now - filled).count) * perMinute / Self.minute
        filled = now
        // Units that were given back may lie above the capacity; they are no reason to gain, and none to lose them.
        if level < capacity { level = min(capacity, level + gained) }
    }

    package func hasRoom(for amount: Double) -> Bool { level + Self.tolerance >= needed(for: amount) }

    package mutating func take(_ amount: Double) { level -= amount }

    /// Returns what was reserved and not used; a negative amount takes what was used beyond the reservation.
    package mutating func giveBack(_ amount: Double) { level += amount }

    /// Believes a provider that says there is less.
    package mutating func lower(to level: Double) { self.level = min(self.level, level) }

    /// When there will be room, if nothing else is taken; the bucket was refilled at `now`.
    package func moment(for amount: Double, after now: Timestamp) -> Timestamp {
        let missing = needed(for: amount) - level
        guard missing > 0 else { return now }
        let wait = (missing * Self.minute / perMinute).rounded(.up)
        return now + Microseconds(Int64(min(wait, Self.longestWait)) + 1)
    }

    private func needed(for amount: Double) -> Double { min(amount, max(1, capacity / 2)) }

    private static func capacity(of rate: Double) -> Double { max(1, rate / 60) }
    private static let minute = 60_000_000.0
    private static let longestWait = 86_400_000_000.0
    /// Far less than a unit, far more than what rounding adds up to.
    private static let tolerance = 1e-6
}
