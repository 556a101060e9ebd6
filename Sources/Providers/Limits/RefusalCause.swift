import Determinism

/// Tells refusals that hit by chance from those of a limit.
///
/// Providers that share their capacity refuse a few per cent of the calls, however slow the client is: lowering its rate
/// helps nobody. A limit that is met refuses most of what comes next, and is kept to once the rate is below it.
struct RefusalCause: Sendable {
    /// The numbers of the refused calls among the latest that were sent.
    private var refused: [Int] = []
    private var chanceUntil: (moment: Timestamp, sent: Int)?

    /// A call was refused, the so-and-so-many-th of those that were sent.
    mutating func add(_ number: Int, of sent: Int) {
        refused.removeAll { $0 <= sent - Self.latest }
        if number > sent - Self.latest { refused.append(number) }
    }

    /// Whether so many were refused, or all of the latest, that a limit is met; `sent` were sent by now.
    func isLimit(of sent: Int) -> Bool {
        refused.count >= Self.many || refused.count { $0 > sent - Self.inARow } == Self.inARow
    }

    func isChance(of sent: Int, at now: Timestamp) -> Bool {
        chanceUntil.map { now < $0.moment || sent < $0.sent } ?? false
    }

    /// So few that they say nothing by themselves.
    var areFew: Bool { refused.count <= Self.few }

    /// Calls were refused far below a rate that was accepted: so will others be, at any rate.
    mutating func foundChance(of sent: Int, at now: Timestamp) {
        chanceUntil = (now + Self.believed, sent + Self.believedCalls)
    }

    mutating func foundLimit() { chanceUntil = nil }

    private static let latest = 64
    private static let many = 12
    private static let few = 6
    private static let inARow = 3
    /// A limit may come later.
    private static let believed = Microseconds.minutes(10)
    private static let believedCalls = 500
}

/// The most that was let through in a minute, of the last five to ten, or more if they had few calls.
struct BestMinute: Equatable, Sendable {
    private var latest = LimitedUnits.zero
    private var earlier = LimitedUnits.zero
    private var began: Timestamp = .epoch
    private var calls = 0

    var units: LimitedUnits { pointwiseMax(latest, earlier) }

    /// Another call was let through; this is what was let through in the minute before it.
    mutating func add(_ minute: LimitedUnits, at now: Timestamp) {
        if now - began >= Self.length, calls >= Self.fewest {
            earlier = latest
            latest = .zero
            began = now
            calls = 0
        }
        latest = pointwiseMax(latest, minute)
        calls += 1
    }

    private static let length = Microseconds.minutes(5)
    /// Refusals of a per cent are found out in as many.
    private static let fewest = 1_000
}
