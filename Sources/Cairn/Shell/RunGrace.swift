import Calls
import Deciders
import Determinism
import Jobs

/// How long work goes on once its worker drains: a grace, or as long as a call takes where only the budget ended it.
struct RunGrace: Interruption {
    let gate: RunGate
    let grace: Microseconds
    /// No call takes longer.
    let timeout: Microseconds
    let effects: Effects
    let impatience: OneShot

    func moment(forStepAt place: Place) async throws {
        let length = gate.isExhausted ? max(grace, timeout) : grace
        try await GracePeriod(length, effects: effects, impatience: impatience).moment(forStepAt: place)
    }
}
