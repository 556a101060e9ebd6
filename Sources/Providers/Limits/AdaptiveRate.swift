package import Determinism

/// A limit that nobody told, found by being refused: multiplicative decrease, additive increase.
///
/// The increase follows CUBIC's curve (RFC 9438 §4.2): back towards the rate that was refused, flat near it, and faster
/// again the longer nothing is refused there. How long the way back takes grows while refusals come at about the same
/// rate, so that a settled run is refused once in hundreds of calls; a limit that moved is found in seconds to minutes.
/// Only time in which the rate was made use of counts.
package struct AdaptiveRate: Equatable, Sendable {
    /// The rate at the last refusal that counted.
    package private(set) var ceiling: Double
    /// What was kept of it.
    private var kept: Double
    /// From the decrease until the curve is back at the ceiling.
    private var period: Microseconds
    /// Time of use since the decrease.
    private var age = Microseconds.zero
    private var decreased: Timestamp
    private var decreasesInARow = 0

    /// After the first refusal, at this rate.
    package init(refusedAt rate: Double, at now: Timestamp, period: Microseconds = Self.shortestPeriod) {
        ceiling = rate
        kept = Self.kept[0]
        self.period = period
        decreased = now
    }

    /// The rate that is used.
    package var rate: Double {
        let distance = Double((age - period).count) / Double(period.count)
        return ceiling * (1 + (1 - kept) * distance * distance * distance)
    }

    package mutating func grow(by used: Microseconds) { age = min(age + used, period * Self.longestAge) }

    /// Further refusals of calls that were sent before the decrease say nothing new.
    package func isNews(sentAt moment: Timestamp) -> Bool { moment >= decreased }

    /// The rate was refused; `accepted` is what the last minute took, which is about what a minute has.
    package mutating func refuse(at now: Timestamp, accepted: Double, longestPeriod: Microseconds) {
        // After a pause the last minute took little; and a rate that grew far above the ceiling while little was sent
        // doesn't raise it.
        let refused = max(min(rate, accepted * 1.1), min(rate / 4, ceiling))
        let isNear = refused > ceiling * 0.6 && refused < ceiling * 1.4
        decreasesInARow = now - decreased < Self.soon ? min(decreasesInARow + 1, Self.kept.count - 1) : 0
        if refused >= ceiling * 1.4 {
            period = max(period / 2, Self.shortestPeriod)
        } else if isNear, age >= period / 2 {
            period = min(period * 4, max(longestPeriod, period))
        }
        // A refusal on the way back may be one of bad luck; half-way, the ceiling doesn't sink by noise.
        ceiling = isNear ? (ceiling + refused) / 2 : refused
        kept = Self.kept[decreasesInARow]
        age = .zero
        decreased = now
    }

    /// Lowers the ceiling, as after a count of what was accepted.
    package mutating func lower(to rate: Double) { ceiling = min(ceiling, rate) }

    /// What one decrease keeps: more of them soon after one another cut deeper.
    private static let kept = [0.9, 0.8, 0.65, 0.5]
    private static let soon = Microseconds.minutes(2)
    package static let shortestPeriod = Microseconds.seconds(5)
    /// In periods; by then the curve is at seven hundred ceilings.
    private static let longestAge: Int64 = 20
}
