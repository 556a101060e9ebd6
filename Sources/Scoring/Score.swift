import Deciders

/// The rules of a judge job's scores: rounds go up, and what was computed stands.
package enum Score: Decider {
    package indirect enum State: Equatable, Sendable {
        case absent
        /// The last answer couldn't be used.
        case refused(ScoreRefused)
        case computed(ScoreComputed)

        /// The round in which the judge is to be asked next, or nil when a score stands.
        package var nextRound: Int? {
            switch self {
            case .absent: 0
            case .refused(let refused): refused.round + 1
            case .computed: nil
            }
        }
    }

    package enum Command: Equatable, Sendable {
        case compute(ScoreComputed)
        case refuse(ScoreRefused)
    }

    package enum Refusal: Error, Equatable, Sendable {
        /// A score already stands, and it isn't this one.
        case alreadyComputed(round: Int)
        /// The command isn't about the round that is due.
        case otherRound(due: Int)
    }

    package static let category = "score"
    package static let initial = State.absent

    package static func evolve(_ state: State, _ event: ScoreEvent) -> State {
        switch event {
        case .computed(let computed): .computed(computed)
        case .refused(let refused): .refused(refused)
        }
    }

    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [ScoreEvent] {
        switch (command, state) {
        case (.compute(let score), .computed(let standing)) where score == standing: return []
        case (.refuse(let refused), .refused(let standing)) where refused == standing: return []
        case (_, .computed(let standing)): throw .alreadyComputed(round: standing.round)
        case (.compute(let score), .absent), (.compute(let score), .refused):
            try check(score.round, state)
            return [.computed(score)]
        case (.refuse(let refused), .absent), (.refuse(let refused), .refused):
            try check(refused.round, state)
            return [.refused(refused)]
        }
    }

    private static func check(_ round: Int, _ state: State) throws(Refusal) {
        guard let due = state.nextRound, round != due else { return }
        throw .otherRound(due: due)
    }
}
