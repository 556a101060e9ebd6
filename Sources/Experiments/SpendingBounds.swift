package import Calls
import Providers

/// What the calls of an experiment can cost at most, by its models' prices and limits.
package struct SpendingBounds: Sendable {
    private let models: [ModelDefinition]

    package init(_ definition: ExperimentDefinition) { models = definition.models + definition.judges.map(\.model) }

    /// The worst case of an attempt whose request's body has so many bytes: of all models that it may be of, the greatest.
    package func reservation(of started: CallStarted, bodyBytes: Int) -> Reservation {
        let asked = models.filter {
            $0.provider == started.provider && $0.model == started.model && $0.baseURL == started.endpoint
        }
        let reservations = asked.map { model in
            let estimate = TokenEstimate(bodyBytes: bodyBytes, outputCeiling: model.parameters.maxTokens)
            return SpendingRules.reservation(estimate, price: model.price)
        }
        return Reservation(
            cost: reservations.compactMap(\.cost).max(), tokens: reservations.compactMap(\.tokens).max())
    }

    /// Why a budget can't be kept to with these models, one sentence each.
    package func objections(to budget: Budget) -> [String] {
        models.flatMap { model in
            var objections: [String] = []
            if budget.maxCost != nil, model.price == nil {
                objections.append("the model \(model.id) has no price, so its cost can't be bounded")
            }
            if budget.maxCost != nil || budget.maxTokens != nil {
                if model.parameters.maxTokens == nil {
                    objections.append("the model \(model.id) has no max_tokens, so its answers can't be bounded")
                }
                for name in Self.unbounding where model.parameters.extra[name] != nil {
                    objections.append("the model \(model.id) has extra.\(name), so its answers can't be bounded")
                }
            }
            return objections
        }
    }

    /// Members of requests that ask for more than `max_tokens` says.
    private static let unbounding = [
        "n", "best_of", "candidate_count", "candidateCount", "max_tokens", "max_completion_tokens", "max_output_tokens",
        "maxOutputTokens", "generationConfig", "thinking",
    ]
}

/// A budget that the experiment's models don't let anybody keep to; told before anything is sent.
package struct BudgetProblem: Error, Equatable, Sendable, CustomStringConvertible {
    package let objections: [String]

    package init(objections: [String]) { self.objections = objections }

    package var description: String { objections.joined(separator: "\n") }
}
