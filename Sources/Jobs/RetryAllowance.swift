package import Determinism

/// How many retries all jobs that call one provider may make: ten a minute, and one more for each ten calls.
///
/// It bounds what a provider in trouble gets on top of its calls, which a limit of attempts per job can't: that multiplies
/// with the jobs. Each retry fills six seconds of a minute that runs down with time. One that finds the minute full takes
/// what calls have earned, and where that is used up too, it waits until there is room: it is held back, never refused.
///
/// What is kept is a debt and not a time until which the minute is full, so a clock that jumps neither frees the budget nor
/// locks it for good.
package struct RetryAllowance: Equatable, Sendable {
    /// The time that is filled.
    package static let window = Microseconds.minutes(1)
    /// The time that one retry fills.
    package static let each = Microseconds.seconds(6)
    /// What a retry costs of what calls have earned; each call earns 1.
    package static let callsPerRetry = 10
    /// No more than this is ever kept of what calls have earned: a hundred retries.
    package static let mostSaved = 1_000

    /// How much of the window is filled; more than all of it while retries wait.
    package private(set) var debt = Microseconds.zero
    /// What calls have earned, in tenths of a retry.
    package private(set) var saved = 0

    /// What a provider begins with.
    package init() {}

    /// What an event left, some time and some calls later.
    package init(after event: RetryBudgetSpent?, at now: Timestamp, calls: Int) {
        if let event {
            debt = max(event.debt - max(now - event.at, .zero), .zero)
            saved = event.saved
        }
        saved = min(saved + min(calls, Self.mostSaved), Self.mostSaved)
    }

    /// Spends one retry; how long it is held back.
    package mutating func spend() -> Microseconds {
        if debt + Self.each > Self.window, saved >= Self.callsPerRetry {
            saved -= Self.callsPerRetry
            return .zero
        }
        debt = debt + Self.each
        return max(debt - Self.window, .zero)
    }
}
