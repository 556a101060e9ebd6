package import Calls
package import Deciders
package import EventLog
package import Jobs

extension RunGate {
    /// The gate of a run with this budget, as its log says what was spent and what may be reused.
    package static func load(
        for run: RunID, of definition: ExperimentDefinition, budget: Budget?, from log: any Log, effects: Effects,
        inner: any CallGate
    ) throws -> RunGate {
        var ledger: BudgetLedger?
        if let budget, !budget.isUnbounded {
            let bounds = SpendingBounds(definition)
            let objections = bounds.objections(to: budget)
            guard objections.isEmpty else { throw BudgetProblem(objections: objections) }
            // What nobody answered for belongs to workers that are gone: it counts with its worst case.
            let account = try RunSpending.account(of: run, in: log, bounds: bounds).account
            ledger = BudgetLedger(budget, spent: account.spent + account.reserved)
        }
        return RunGate(
            inner: inner, log: log, effects: effects, budget: ledger,
            answers: try ReuseIndex.load(from: log, for: run, definition.reuse))
    }
}
