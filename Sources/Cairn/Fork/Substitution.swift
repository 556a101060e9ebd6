package import Calls
import CanonicalJSON
package import Determinism
package import Experiments
import Jobs
package import Providers
package import Replay
package import Scoring

/// One thing that is changed in a fork.
package enum Substitution: Equatable, Sendable {
    /// Of a criterion: in one judge's rubric, or in all that have it.
    case weight(criterion: String, judge: String?, value: Double)
    /// How judges' answers are read.
    case reading(JudgeAnswer.Reading)
    /// What tokens cost; `name` is the digest of the table. A model that the table doesn't list has no price.
    case prices(PriceTable, name: Digest)
    case retry(RetryChange)
    /// Takes the place of all budgets that were recorded.
    case budget(Budget)
    case ranking(RankingMethod)
    case without(Part, String)

    /// What can be left out of an experiment.
    package enum Part: String, Equatable, Sendable, CaseIterable {
        case judge
        case model
        case scenario
    }

    /// What is changed of the retry policy; a part that is nil stays.
    package struct RetryChange: Equatable, Sendable {
        package var attempts: Int?
        package var base: Microseconds?
        package var cap: Microseconds?

        package init(attempts: Int? = nil, base: Microseconds? = nil, cap: Microseconds? = nil) {
            self.attempts = attempts
            self.base = base
            self.cap = cap
        }
    }

    /// Why a substitution doesn't fit an experiment.
    package struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String
    }
}

extension Substitution {
    /// As the fork records it.
    package var change: ForkCreated.Change { ForkCreated.Change(kind: kind, text: text) }

    private var kind: String {
        switch self {
        case .weight: "weights"
        case .reading: "parser"
        case .prices: "prices"
        case .retry: "retry"
        case .budget: "budget"
        case .ranking: "ranking"
        case .without: "without"
        }
    }

    private var text: String {
        switch self {
        case .weight(let criterion, let judge, let value):
            "\(judge.map { $0 + "/" } ?? "")\(criterion)=\(String(decoding: value.canonicalBytes(), as: UTF8.self))"
        case .reading(let reading): "v\(reading.rawValue)"
        case .prices(_, let name): name.hex
        case .retry(let change):
            [
                change.attempts.map { "attempts=\($0)" }, change.base.map { "base=\($0.count)us" },
                change.cap.map { "cap=\($0.count)us" },
            ].compactMap(\.self).joined(separator: ",")
        case .budget(let budget):
            [
                budget.maxCalls.map { "calls=\($0)" }, budget.maxCost.map { "cost=\($0)nanodollars" },
                budget.maxTokens.map { "tokens=\($0)" },
            ].compactMap(\.self).joined(separator: ",")
        case .ranking(let method): method.rawValue
        case .without(let part, let id): "\(part.rawValue)=\(id)"
        }
    }

    /// As in `--weights accuracy=0.5`.
    package var title: String {
        if case .prices(_, let name) = self { return "--prices \(name.hex.prefix(12))" }
        return "--\(kind) \(typed)"
    }

    /// As it can be typed: the text, but for units that the options don't take.
    private var typed: String {
        switch self {
        case .retry(let change):
            [
                change.attempts.map { "attempts=\($0)" }, change.base.map { "base=\(Self.written($0))" },
                change.cap.map { "cap=\(Self.written($0))" },
            ].compactMap(\.self).joined(separator: ",")
        case .budget(let budget):
            [
                budget.maxCalls.map { "calls=\($0)" },
                budget.maxCost.map { "cost=\(Self.decimal($0, places: 9))" },
                budget.maxTokens.map { "tokens=\($0)" },
            ].compactMap(\.self).joined(separator: ",")
        default: text
        }
    }

    private static func written(_ length: Microseconds) -> String {
        let count = Int(length.count)
        if count % 1_000_000 == 0 { return "\(count / 1_000_000)s" }
        return count % 1_000 == 0 ? "\(count / 1_000)ms" : decimal(count, places: 6)
    }

    /// A whole number of small parts, `places` of which behind the point make one.
    private static func decimal(_ count: Int, places: Int) -> String {
        let digits = String(count)
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        var fraction = padded.suffix(places)
        while fraction.last == "0" { fraction.removeLast() }
        return padded.dropLast(places) + (fraction.isEmpty ? "" : "." + fraction)
    }

    /// Whether only what is computed from recorded scores and counts changes, and not what is asked.
    package var isArithmetic: Bool {
        switch self {
        case .weight, .ranking, .without, .prices: true
        case .reading, .retry, .budget: false
        }
    }
}

// MARK: - Applying

extension Substitution {
    /// Throws for a budget that can't be kept to with the models that the runs have then.
    static func checkBudget(_ substitutions: [Substitution], of definitions: [ExperimentDefinition]) throws {
        guard let budget = budget(in: substitutions) else { return }
        var objections: [String] = []
        for definition in definitions {
            var changed = definition
            for substitution in substitutions { changed = try substitution.applied(to: changed) }
            objections += SpendingBounds(changed).objections(to: budget).filter { !objections.contains($0) }
        }
        guard objections.isEmpty else { throw BudgetProblem(objections: objections) }
    }

    /// The one that takes the place of recorded budgets; nil where those stay.
    static func budget(in substitutions: [Substitution]) -> Budget? {
        substitutions.lazy.compactMap { if case .budget(let budget) = $0 { budget } else { nil } }.last
    }

    /// The experiment with this changed; a budget isn't part of it.
    package func applied(to definition: ExperimentDefinition) throws(Problem) -> ExperimentDefinition {
        var changed = definition
        switch self {
        case .weight(let criterion, let judge, let value):
            try setWeight(of: criterion, judge, to: value, in: &changed)
        case .reading(let reading): changed.reading = reading
        case .prices(let table, _):
            for index in changed.models.indices { changed.models[index].setPrice(from: table) }
            for index in changed.judges.indices { changed.judges[index].model.setPrice(from: table) }
        case .retry(let change):
            let old = definition.limits.retry
            changed.limits.retry = RetryPolicy(
                attempts: change.attempts ?? old.attempts, base: change.base ?? old.base, cap: change.cap ?? old.cap)
        case .budget: break
        case .ranking(let method): changed.ranking = method
        case .without(let part, let id): try leaveOut(part, id, of: &changed)
        }
        return changed
    }

    /// Where substitutions fit some of the runs and not the others, the problem says which.
    static func check(
        _ substitutions: [Substitution], fit runs: [(id: RunID, definition: ExperimentDefinition)]
    ) throws(Problem) {
        var fitting: [RunID] = []
        var misfit: (id: RunID, problem: Problem)?
        for run in runs {
            do throws(Problem) {
                var changed = run.definition
                for substitution in substitutions { changed = try substitution.applied(to: changed) }
                fitting.append(run.id)
            } catch {
                misfit = misfit ?? (run.id, error)
            }
        }
        guard let misfit else { return }
        guard let first = fitting.first else { throw misfit.problem }
        throw Problem(
            description: "\(misfit.problem)\nthis is about the run \(misfit.id); "
                + (fitting.count == 1
                    ? "the run \(first) can be changed so" : "\(fitting.count) other runs can be changed so")
                + ", by itself: --run \(first)")
    }

    private func setWeight(
        of criterion: String, _ judge: String?, to value: Double, in definition: inout ExperimentDefinition
    ) throws(Problem) {
        guard value >= 0, value.isFinite else { throw Problem(description: "a weight is a number from 0") }
        if let judge { try check(judge, among: definition.judges.map(\.id), as: .judge) }
        var isKnown = false
        for index in definition.judges.indices where judge == nil || definition.judges[index].id == judge {
            let rubric = definition.judges[index].rubric
            guard rubric.criteria.contains(where: { $0.id == criterion }) else { continue }
            isKnown = true
            let criteria = rubric.criteria.map { old in
                old.id == criterion
                    ? Criterion(
                        id: old.id, description: old.description, weight: value, min: old.min, max: old.max) : old
            }
            guard criteria.contains(where: { $0.weight > 0 }) else {
                throw Problem(description: "no criterion of the judge \(definition.judges[index].id) has a weight left")
            }
            definition.judges[index].rubric = Rubric(criteria: criteria, instructions: rubric.instructions)
        }
        if !isKnown {
            let known = definition.judges.flatMap { $0.rubric.criteria.map(\.id) }
            throw Problem(
                description: "no rubric has a criterion “\(criterion)”; "
                    + (Suggestion.remedy(for: criterion, among: Array(Set(known)).sorted()) ?? "there are no judges"))
        }
    }

    private func leaveOut(
        _ part: Part, _ id: String, of definition: inout ExperimentDefinition
    ) throws(Problem) {
        switch part {
        case .model:
            try check(id, among: definition.models.map(\.id), as: part)
            definition.models.removeAll { $0.id == id }
        case .scenario:
            try check(id, among: definition.scenarios.map(\.id), as: part)
            definition.scenarios.removeAll { $0.id == id }
        case .judge:
            try check(id, among: definition.judges.map(\.id), as: part)
            definition.judges.removeAll { $0.id == id }
        }
        if definition.models.isEmpty || definition.scenarios.isEmpty || part == .judge && definition.judges.isEmpty {
            throw Problem(description: "without the \(part.rawValue) “\(id)” none is left")
        }
    }

    private func check(_ id: String, among known: [String], as part: Part) throws(Problem) {
        if known.contains(id) { return }
        throw Problem(
            description: "the experiment has no \(part.rawValue) “\(id)”; "
                + (Suggestion.remedy(for: id, among: known) ?? "it has none"))
    }
}

extension ModelDefinition {
    fileprivate mutating func setPrice(from table: PriceTable) {
        price = table.price(provider: provider, model: model)
    }
}
