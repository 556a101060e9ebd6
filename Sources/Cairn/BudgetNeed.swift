package import Calls
package import CanonicalJSON
package import Experiments
package import Jobs
import Projections

/// What a run that stopped at its budget has used up, and which budget lets it come to its end.
package struct BudgetNeed: Equatable, Sendable {
    package let spent: Spending
    /// Of that: calls whose outcome will never be known, with their worst case.
    package let unknown: Spending
    /// The worst case of calls that nothing has come of; they count as unknown when the run goes on.
    package let reserved: Spending
    /// The worst case of what is left to do, each call sent once.
    package let rest: Spending
    /// How often a call may fail in a way that is paid for, and so count in `sufficient`.
    package let attempts: Int
    /// How often a call may be sent, refusals for the rate included, which cost nothing and count as calls.
    package let sends: Int
    /// The bounds that there are, those that are too small replaced by ones that are enough if calls are repeated as
    /// often as so far.
    package let likely: Budget
    /// The same, enough if every call that is left fails as often as its retry policy lets it.
    ///
    /// What a kill cuts off comes on top: that is asked again, and counts with its worst case. So do refusals for the rate
    /// that come as an answer of status 200, as they may be charged for, and texts of more than 8 bytes a token.
    package let sufficient: Budget

    /// `rest` is the worst case of what is left, each call sent once; so far calls were sent `sent` times, and `answered` of
    /// them were answered.
    init(
        _ account: SpendingAccount, rest: Spending, stop: RunStopped, sent: Int, answered: Int, policy: CallPolicy
    ) {
        spent = account.spent
        unknown = account.unknown
        reserved = account.reserved
        self.rest = rest
        attempts = policy.retry.attempts
        sends = policy.mostSends
        let most = Spending(
            calls: rest.calls.times(sends), cost: rest.cost.times(attempts), tokens: rest.tokens.times(attempts))
        sufficient = Self.budget(account, most, stop)
        // A tenth more than so far, and never more than there can be; where no call was answered, all were for the first.
        let repeated = Double(max(sent, answered, 1)) / Double(max(answered, 1)) + 0.1
        let expected = Spending(
            calls: min(rest.calls.times(repeated), most.calls), cost: min(rest.cost.times(repeated), most.cost),
            tokens: min(rest.tokens.times(repeated), most.tokens))
        likely = Self.budget(account, expected, stop)
    }

    /// What is used up and what is left to use; the call that had no room is added once, as more may be kept back for it
    /// than a forecast says.
    private static func budget(_ account: SpendingAccount, _ left: Spending, _ stop: RunStopped) -> Budget {
        let next = stop.spent + stop.reserved + stop.wanted
        let used = account.spent + account.reserved
        func enough(_ bound: Int?, _ part: (Spending) -> Int) -> Int? {
            bound.map { max($0, roundedUp(max(part(next), part(used) + part(left) + part(stop.wanted)))) }
        }
        return Budget(
            maxCalls: enough(stop.budget.maxCalls) { $0.calls }, maxCost: enough(stop.budget.maxCost) { $0.cost },
            maxTokens: enough(stop.budget.maxTokens) { $0.tokens })
    }

    /// To two digits that count, so that it is easily typed, and no more than a budget can be.
    static func roundedUp(_ number: Int) -> Int {
        var unit = 1
        while number / unit >= 100 { unit *= 10 }
        return min((number + unit - 1) / unit * unit, Int.mostOfABudget)
    }
}

extension Int {
    /// What JSON keeps as an integer.
    fileprivate static let mostOfABudget = Int(JSONValue.largestInteger)

    /// No more than a budget can be, however often.
    fileprivate func times(_ count: Int) -> Int {
        let (product, overflows) = multipliedReportingOverflow(by: count)
        return overflows ? Self.mostOfABudget : Swift.min(product, Self.mostOfABudget)
    }

    fileprivate func times(_ count: Double) -> Int {
        let product = (Double(self) * count).rounded(.up)
        return product < Double(Self.mostOfABudget) ? Int(product) : Self.mostOfABudget
    }
}

extension BudgetNeed {
    /// What a run needs that stopped in a store.
    package init(of run: RunID, _ definition: ExperimentDefinition, _ stop: RunStopped, in store: Store) throws {
        let left = try JobGroup.counts(of: run, in: [.queued, .running, .retrying], store)
        let forecast = try RunForecast(definition) { model, scenario, judge in
            left[JobGroup(model: model, scenario: scenario, judge: judge)] ?? 0
        }.total
        let account = try RunSpending.account(of: run, in: store.log, bounds: SpendingBounds(definition)).account
        let usage = try store.views.query(CallUsage.self) { try $0.rows(of: run).map(\.row) }
        self.init(
            account,
            rest: Spending(
                calls: forecast.worstCalls, cost: forecast.worstCost ?? 0, tokens: forecast.worstTokens ?? 0),
            stop: stop, sent: usage.reduce(0) { $0 + $1.attempts }, answered: usage.reduce(0) { $0 + $1.calls },
            policy: CallPolicy(retry: definition.limits.retry, rule: definition.limits.retryRule))
    }
}

/// What jobs that cost the same have in common.
struct JobGroup: Hashable {
    let model: String?
    let scenario: String?
    let judge: String?

    init(model: String, scenario: String, judge: String?) {
        self.model = model
        self.scenario = scenario
        self.judge = judge
    }

    init(_ labels: [String: String]) {
        model = labels["model"]
        scenario = labels["scenario"]
        judge = labels["judge"]
    }

    /// How many jobs of a run are in one of these states, by group.
    static func counts(of run: RunID, in states: [JobStatus.State], _ store: Store) throws -> [JobGroup: Int] {
        var counts: [JobGroup: Int] = [:]
        try store.views.query(JobStatus.self) { tables in
            for state in states {
                try tables.forEach(of: run, in: state) { _, row in
                    counts[JobGroup(row.labels), default: 0] += 1
                    return true
                }
            }
        }
        return counts
    }
}

extension BudgetNeed: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempts", attempts)
        writer.field("likely", likely)
        writer.field("reserved", reserved)
        writer.field("rest", rest)
        writer.field("sends", sends)
        writer.field("spent", spent)
        writer.field("sufficient", sufficient)
        writer.field("unknown", unknown)
        writer.endObject()
    }
}
