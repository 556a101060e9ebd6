package import Calls
import Deciders

/// The rules of a run's budget, which may change while the run is what it was: a second decider over the run's stream.
package enum RunBudget: Decider {
    package typealias Event = RunEvent

    package struct State: Equatable, Sendable {
        package var isSubmitted = false
        /// What the experiment file said last; nil if it never said anything.
        package var file: Budget?
        /// Nil without a budget.
        package var inForce: Budget?
        /// The last stop; nil if it never stopped, or was given another budget since.
        package var stop: RunStopped?
    }

    package enum Command: Equatable, Sendable {
        case change(RunBudgetChanged)
        case stop(RunStopped)
    }

    package enum Refusal: Error, Equatable, Sendable {
        case notSubmitted
        /// There is no budget that could be used up.
        case unbounded
    }

    package static let category = Run.category
    package static let initial = State()

    package static func evolve(_ state: State, _ event: RunEvent) -> State {
        var state = state
        switch event {
        case .submitted: state.isSubmitted = true
        case .budgetChanged(let changed):
            if changed.source == .file { state.file = changed.budget }
            state.inForce = changed.budget
            state.stop = nil
        case .stopped(let stopped): state.stop = stopped
        case .jobsSubmitted, .finished, .reopened, .drained: break
        }
        return state
    }

    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [RunEvent] {
        guard state.isSubmitted else { throw .notSubmitted }
        switch command {
        case .change(let changed):
            let isKnown = changed.source == .file ? state.file == changed.budget : state.inForce == changed.budget
            return isKnown ? [] : [.budgetChanged(changed)]
        case .stop(let stopped):
            guard state.inForce != nil else { throw .unbounded }
            return state.stop == stopped ? [] : [.stopped(stopped)]
        }
    }

    /// What has to be recorded when a run is begun or resumed with these budgets; the option's bounds replace the file's.
    package static func changes(file: Budget?, option: Budget?, _ state: State) -> [RunBudgetChanged] {
        var changes: [RunBudgetChanged] = []
        var inForce = state.inForce
        if let file, file != state.file {
            changes.append(RunBudgetChanged(budget: file, source: .file))
            inForce = file
        }
        if let option, !option.isUnbounded {
            let budget = (inForce ?? Budget()).replacing(by: option)
            if budget != inForce { changes.append(RunBudgetChanged(budget: budget, source: .option)) }
        }
        return changes
    }
}
