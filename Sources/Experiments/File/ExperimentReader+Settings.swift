import Calls
import CanonicalJSON
import Providers

/// What a run may use up and how it is worked on.
extension ExperimentReader {
    mutating func budget(_ file: YAMLMapping) -> Budget? {
        let keys = ["max_cost", "max_tokens", "max_calls"]
        guard let value = file["budget"], let mapping = yaml.mapping(value, keys: keys) else { return nil }
        let largest = Int(JSONValue.largestInteger)
        var budget = Budget()
        if let value = mapping["max_cost"], let text = yaml.text(value) {
            budget.maxCost = Budget.nanoDollars(text)
            if budget.maxCost == nil {
                yaml.note(
                    "“\(text.prefix(40))” isn't an amount of dollars", at: value,
                    remedy: "give one from 0 to 9007199, as in 12.50")
            }
        }
        budget.maxTokens = yaml.integer("max_tokens", in: mapping, 0...largest)
        budget.maxCalls = yaml.integer("max_calls", in: mapping, 0...largest)
        if mapping.members.isEmpty {
            yaml.note("a budget bounds something", at: value, remedy: "give " + keys.joined(separator: ", "))
        }
        return budget.isUnbounded ? nil : budget
    }

    /// What can't be bounded is told where the budget stands.
    mutating func checkBudget(_ budget: Budget?, of definition: ExperimentDefinition, _ file: YAMLMapping) {
        guard let budget, let value = file["budget"] else { return }
        for objection in SpendingBounds(definition).objections(to: budget) { yaml.note(objection, at: value) }
    }

    mutating func reuse(_ file: YAMLMapping) -> ReusePolicy {
        guard let value = file["reuse"],
            let word = yaml.word(value, of: ReusePolicy.allCases.map(\.rawValue), named: "rule of reuse")
        else { return .never }
        return ReusePolicy(rawValue: word) ?? .never
    }

    mutating func readPrices(_ file: YAMLMapping) {
        guard let value = file["prices"], let name = yaml.text(value) else { return }
        do {
            prices = try PriceTable(liteLLM: surroundings.file(name)).replacing(by: surroundings.prices)
        } catch {
            yaml.note("“\(name)” can't be read: \(error)", at: value)
        }
    }

    mutating func rates(_ file: YAMLMapping) -> RateSettings {
        var settings = RateSettings()
        guard let value = file["limits"], value.isMapping, let rates = yaml.mapping(value)?["rates"],
            let mapping = yaml.mapping(rates)
        else { return settings }
        for member in mapping.members {
            let provider = String(member.key.prefix { $0 != "/" })
            let names = ModelCatalogue.providers.map(\.name)
            guard names.contains(provider), !member.key.hasSuffix("/") else {
                yaml.note(
                    "“\(member.key)” is neither a provider nor provider/model", line: member.mark?.line,
                    column: member.mark?.column, path: mapping.path(of: member.key),
                    remedy: Suggestion.remedy(for: provider, among: names))
                continue
            }
            settings.limits[member.key] = limits(member.value)
        }
        return settings
    }

    private mutating func limits(_ value: YAMLValue) -> RateLimits {
        let keys = ["requests_per_minute", "input_tokens_per_minute", "output_tokens_per_minute", "concurrency"]
        guard let mapping = yaml.mapping(value, keys: keys) else { return .none }
        let most = 1_000_000_000_000
        return RateLimits(
            requestsPerMinute: yaml.integer(keys[0], in: mapping, 1...most),
            inputTokensPerMinute: yaml.integer(keys[1], in: mapping, 1...most),
            outputTokensPerMinute: yaml.integer(keys[2], in: mapping, 1...most),
            concurrency: yaml.integer(keys[3], in: mapping, 1...100_000))
    }
}

extension YAMLReader {
    /// `true` or `false`.
    mutating func flag(_ key: String, in mapping: YAMLMapping) -> Bool? {
        guard let value = mapping[key] else { return nil }
        guard case .bool(let flag)? = json(value) else {
            note("true or false was expected", at: value)
            return nil
        }
        return flag
    }
}

extension PriceTable {
    /// The same, with the prices of another table where it has them.
    func replacing(by other: PriceTable) -> PriceTable {
        var table = self
        for model in other.models { table[model] = other[model] }
        return table
    }
}
