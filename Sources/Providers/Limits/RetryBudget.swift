package import Determinism

/// How often a provider's calls may be repeated: one repetition for ten calls, and ten in each minute.
///
/// It bounds what a provider in trouble gets on top, which a limit of attempts per call can't: that multiplies with the
/// calls. The minutes are counted from the first question; what a minute leaves isn't kept.
package struct RetryBudget: Equatable, Sendable {
    package static let perMinute = 10
    /// The share of calls, as tenths that one call brings.
    private static let tenthsPerCall = 1
    /// No more repetitions than these are ever saved up from calls.
    private static let mostSaved = 100

    private var tenths = 0
    private var minuteBegan: Timestamp?
    private var takenInMinute = 0

    package init() {}

    /// A call that isn't a repetition.
    package mutating func countCall() { tenths = min(tenths + Self.tenthsPerCall, Self.mostSaved * 10) }

    package mutating func hasRoom(at now: Timestamp) -> Bool {
        turnMinute(at: now)
        return takenInMinute < Self.perMinute || tenths >= 10
    }

    /// Spends one repetition; there must be room.
    package mutating func take(at now: Timestamp) {
        let isAllowed = hasRoom(at: now)
        precondition(isAllowed, "a repetition beyond the budget")
        if takenInMinute < Self.perMinute { takenInMinute += 1 } else { tenths -= 10 }
    }

    /// When there will be room even if no further call is made.
    package mutating func nextRoom(at now: Timestamp) -> Timestamp {
        hasRoom(at: now) ? now : (minuteBegan ?? now) + .minutes(1)
    }

    private mutating func turnMinute(at now: Timestamp) {
        guard let began = minuteBegan else {
            minuteBegan = now
            return
        }
        let passed = (now - began).count / Microseconds.minutes(1).count
        guard passed > 0 else { return }
        minuteBegan = began + .minutes(passed)
        takenInMinute = 0
    }
}
