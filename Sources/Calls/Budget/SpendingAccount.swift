import Deciders
package import EventLog

/// What a run's calls have spent, event by event.
///
/// The same fold says at the start of a process what is left of the budget, and again later why the run had to stop.
package struct SpendingAccount: Sendable {
    /// The events that count.
    package static let types = [
        CallStarted.type, CallCompleted.type, CallFailed.type, CallOutcomeUnknown.type,
    ]

    package private(set) var spent = Spending.zero
    /// Of that: attempts whose outcome will never be known, with their worst case.
    package private(set) var unknown = Spending.zero
    /// Attempts that nothing has come of so far, with what they may cost.
    private var open: [String: Reservation] = [:]

    package init() {}

    /// The worst case of the attempts under way.
    package var reserved: Spending { open.values.reduce(.zero) { $0 + SpendingRules.worst($1) } }

    /// `bound` gives the worst case of an attempt that was made when the run had no budget.
    package mutating func take(
        _ event: EventLog.Event, bound: (CallStarted) throws -> Reservation
    ) throws {
        let call = event.stream.id
        if event.hasType(CallStarted.type) {
            let started = try event.decode(CallStarted.self)
            open[call] = try started.reserved ?? bound(started)
        } else if let reservation = open.removeValue(forKey: call) {
            if event.hasType(CallCompleted.type) {
                spent += SpendingRules.spent(try event.decode(CallCompleted.self), reservation)
            } else if event.hasType(CallFailed.type) {
                spent += SpendingRules.spent(try event.decode(CallFailed.self), reservation)
            } else {
                spent += SpendingRules.worst(reservation)
                unknown += SpendingRules.worst(reservation)
            }
        }
    }
}
