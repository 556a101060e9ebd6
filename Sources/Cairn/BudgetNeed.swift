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
    /// The worst case of what is left to do.
    package let rest: Spending
    /// The bounds that there are, those that are too small replaced by sufficient ones.
    package let sufficient: Budget

    /// `usage` says how often calls had to be repeated so far: what is left gets as much room for that, and a tenth more.
    ///
    /// The call that had no room is added once: what is kept back for one may be more than its part of a forecast.
    init(_ account: SpendingAccount, rest: Spending, stop: RunStopped, usage: [UsageRow]) {
        spent = account.spent
        unknown = account.unknown
        reserved = account.reserved
        self.rest = rest
        let answers = usage.reduce(0) { $0 + $1.calls }
        let attempts = max(answers, usage.reduce(0) { $0 + $1.attempts })
        let repeated = answers > 0 ? Double(attempts) / Double(answers) : 1
        let next = stop.spent + stop.reserved + stop.wanted
        let used = account.spent + account.reserved
        func enough(_ bound: Int?, _ part: (Spending) -> Int) -> Int? {
            guard let bound else { return nil }
            let left = Double(part(rest)) * (repeated + 0.1)
            return max(bound, Self.roundedUp(max(part(next), part(used) + Int(left.rounded(.up)) + part(stop.wanted))))
        }
        sufficient = Budget(
            maxCalls: enough(stop.budget.maxCalls) { $0.calls }, maxCost: enough(stop.budget.maxCost) { $0.cost },
            maxTokens: enough(stop.budget.maxTokens) { $0.tokens })
    }

    /// To two digits that count, so that it is easily typed.
    static func roundedUp(_ number: Int) -> Int {
        var unit = 1
        while number / unit >= 100 { unit *= 10 }
        return (number + unit - 1) / unit * unit
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
            stop: stop, usage: usage)
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
        writer.field("reserved", reserved)
        writer.field("rest", rest)
        writer.field("spent", spent)
        writer.field("sufficient", sufficient)
        writer.field("unknown", unknown)
        writer.endObject()
    }
}
