package import Deciders
package import Determinism

/// A step of a random history at which a decider broke a rule.
package struct Violation<D: Decider>: CustomStringConvertible {
    package let seed: UInt64
    package let history: [D.Event]
    package let command: D.Command
    package let rule: String

    package var description: String {
        "seed \(seed), after \(history.count) events (\(history.suffix(5))), at \(command): \(rule)"
    }
}

/// Gives a decider random commands and checks after each accepted one that the same command again gives no events.
///
/// `command` draws the next command, fitting to the state or not. `holds` may check more of each step: state before,
/// command, events, state after; it returns the rule that was broken. Nil means that nothing was.
package func randomWalk<D: Decider>(
    _: D.Type, seed: UInt64, steps: Int,
    command: (inout SeededGenerator, D.State) -> D.Command,
    holds: (D.State, D.Command, [D.Event], D.State) -> String? = { _, _, _, _ in nil }
) -> Violation<D>? {
    var generator = SeededGenerator(seed: seed)
    var history: [D.Event] = []
    var state = D.initial
    for _ in 0..<steps {
        let next = command(&generator, state)
        guard case .success(let events) = decision(D.self, in: state, when: next) else { continue }
        let after = D.fold(events, from: state)
        func violation(_ rule: String) -> Violation<D> {
            Violation(seed: seed, history: history, command: next, rule: rule)
        }
        switch decision(D.self, in: after, when: next) {
        case .success(let again) where again.isEmpty: break
        case .success(let again): return violation("repeated, it gives \(again)")
        case .failure(let refusal): return violation("repeated, it is refused: \(refusal)")
        }
        if let rule = holds(state, next, events, after) { return violation(rule) }
        history += events
        state = after
    }
    return nil
}
