import Deciders
package import Determinism

/// The retries that jobs which call one provider may make, over all processes; the stream's id is the provider's name.
package enum RetryBudget: Decider {
    package typealias Event = RetryBudgetEvent

    package struct State: Equatable, Sendable {
        /// The last event, which has the whole budget.
        package var last: RetryBudgetSpent?
        /// The retries that the last events allowed, newest last.
        ///
        /// Who asks for one of these again gets the same answer: several may see a failure whose retry isn't decided.
        package var recent: [RetryBudgetSpent.Retry] = []
    }

    /// A failed attempt whose retry is to be decided.
    package struct Asked: Hashable, Sendable {
        /// The attempt to come.
        package let attempt: Int
        package let job: JobID

        package init(attempt: Int, job: JobID) {
            self.attempt = attempt
            self.job = job
        }
    }

    package enum Command: Equatable, Sendable {
        /// Allow retries, in this order; `calls` are those that were answered since the asker's last event.
        ///
        /// Those that are remembered have their answer, and spend nothing.
        case spend([Asked], calls: Int, at: Timestamp)
        /// The same for retries that come later than they were let go, and so together: each spends anew.
        case spendAgain([Asked], calls: Int, at: Timestamp)
    }

    /// Nothing is refused: what exceeds the budget waits.
    package enum Refusal: Error, Equatable, Sendable {}

    /// The most retries of one event, which the size of a record allows.
    package static let mostRetries = 256
    /// How many retries are remembered.
    package static let mostRecent = 4_096

    package static let category = "retryBudget"
    package static let initial = State()

    package static func evolve(_ state: State, _ event: RetryBudgetEvent) -> State {
        switch event {
        case .spent(let spent):
            State(last: spent, recent: (state.recent + spent.retries).suffix(mostRecent))
        }
    }

    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [RetryBudgetEvent] {
        switch command {
        case .spend(let asked, let calls, let now):
            let new = asked.filter { state.retry($0) == nil }
            return new.isEmpty ? [] : [.spent(spend(new, calls, at: now, after: state.last))]
        case .spendAgain(let asked, let calls, let now):
            return asked.isEmpty ? [] : [.spent(spend(asked, calls, at: now, after: state.last))]
        }
    }

    /// What `jobs.retryBudget` derives.
    static func spend(
        _ asked: [Asked], _ calls: Int, at now: Timestamp, after last: RetryBudgetSpent?
    ) -> RetryBudgetSpent {
        var allowance = RetryAllowance(after: last, at: now, calls: calls)
        let retries = asked.map { asked in
            RetryBudgetSpent.Retry(attempt: asked.attempt, job: asked.job, wait: allowance.spend())
        }
        return RetryBudgetSpent(
            at: now, calls: calls, debt: allowance.debt, retries: retries, saved: allowance.saved)
    }
}

extension RetryBudgetSpent.Retry {
    /// What it answers.
    package var asked: RetryBudget.Asked { RetryBudget.Asked(attempt: attempt, job: job) }
}

extension RetryBudget.State {
    /// What was allowed for a failed attempt, if it is remembered.
    package func retry(_ asked: RetryBudget.Asked) -> RetryBudgetSpent.Retry? { recent.last { $0.asked == asked } }
}
