package import Deciders

/// Given–when–then: what a decider answers to a command after a history.
package func decision<D: Decider>(
    _: D.Type, given history: [D.Event], when command: D.Command
) -> Result<[D.Event], D.Refusal> {
    decision(D.self, in: D.fold(history, from: D.initial), when: command)
}

/// What a decider answers to the same command once more, after the events of the first time.
///
/// `.success([])` for a command that applies: repeating it is harmless.
package func repeatedDecision<D: Decider>(
    _: D.Type, given history: [D.Event], when command: D.Command
) -> Result<[D.Event], D.Refusal> {
    let state = D.fold(history, from: D.initial)
    switch decision(D.self, in: state, when: command) {
    case .failure(let refusal): return .failure(refusal)
    case .success(let events): return decision(D.self, in: D.fold(events, from: state), when: command)
    }
}

/// The state after a history.
package func state<D: Decider>(of _: D.Type, given history: [D.Event]) -> D.State {
    D.fold(history, from: D.initial)
}

func decision<D: Decider>(
    _: D.Type, in state: D.State, when command: D.Command
) -> Result<[D.Event], D.Refusal> {
    do throws(D.Refusal) {
        return .success(try D.decide(command, state))
    } catch {
        return .failure(error)
    }
}
