/// Whether a budget has room for one more call: what is spent and what is kept back never exceed it.
package struct BudgetLedger: Equatable, Sendable {
    package let budget: Budget
    package private(set) var spent: Spending
    /// The worst case of all calls under way.
    package private(set) var reserved = Spending.zero

    package init(_ budget: Budget, spent: Spending = .zero) {
        self.budget = budget
        self.spent = spent
    }

    package enum Verdict: Equatable, Sendable {
        case fits
        /// Once calls under way turn out cheaper than their worst case.
        case mayFitLater
        /// Whatever becomes of the calls under way.
        case exceeds
    }

    package func verdict(on wanted: Spending) -> Verdict {
        if isWithin(spent + reserved + wanted) { return .fits }
        return isWithin(spent + wanted) ? .mayFitLater : .exceeds
    }

    private func isWithin(_ spending: Spending) -> Bool {
        spending.calls <= budget.maxCalls ?? .max && spending.cost <= budget.maxCost ?? .max
            && spending.tokens <= budget.maxTokens ?? .max
    }

    /// Keeps back what a call may need; it must fit.
    package mutating func reserve(_ wanted: Spending) {
        precondition(verdict(on: wanted) == .fits, "a call beyond the budget")
        reserved += wanted
    }

    /// A call is over: what it was given back, what it needed is spent.
    package mutating func settle(_ wanted: Spending, used: Spending) {
        reserved -= wanted
        spent += used
    }

    /// A call wasn't sent.
    package mutating func withdraw(_ wanted: Spending) { reserved -= wanted }
}
