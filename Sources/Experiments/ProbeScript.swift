package import Calls
import Determinism
import HTTPTransport
import Jobs
import Providers
package import Scoring

/// What each probe of an experiment asks, with the templates read once.
package struct ProbeScript: Sendable {
    /// One probe: whom to ask, and what.
    package struct Probe: Sendable {
        package let model: AskedModel
        package let conversation: Conversation
    }

    /// A job that the definition doesn't know, or one that this program can't ask.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    private let models: [String: AskedModel]
    private let scenarios: [String: Scenario]
    private let preamble: PromptTemplate?
    private let turns: [PromptTemplate]

    package init(_ definition: ExperimentDefinition) throws {
        let pairs = try definition.models.map { ($0.id, try $0.asked(definition.limits)) }
        models = Dictionary(pairs) { first, _ in first }
        scenarios = Dictionary(definition.scenarios.map { ($0.id, $0) }) { first, _ in first }
        preamble = try definition.preamble.map { (text) throws(PromptTemplateError) in try PromptTemplate(text) }
        turns = try definition.turns.map { (text) throws(PromptTemplateError) in try PromptTemplate(text) }
    }

    /// The probe with these labels.
    package func probe(_ labels: [String: String]) throws -> Probe {
        guard let model = labels["model"].flatMap({ models[$0] }),
            let scenario = labels["scenario"].flatMap({ scenarios[$0] })
        else { throw Failure(description: "the job's labels name no model and scenario of this experiment") }
        let own = try scenario.preamble.map { (text) throws(PromptTemplateError) in try PromptTemplate(text) }
        let system = try (own ?? preamble).map { (template) throws(PromptTemplateError) in
            try template.render(scenario.variables)
        }
        let prompts = try turns.map { (template) throws(PromptTemplateError) in
            try template.render(scenario.variables)
        }
        return Probe(model: model, conversation: Conversation(preamble: system, prompts: prompts))
    }
}

extension ModelDefinition {
    /// How a run with these limits asks the model.
    func asked(_ limits: RunLimits) throws(ProbeScript.Failure) -> AskedModel {
        guard let facts = ModelCatalogue.provider(named: provider),
            let adapter = ModelCatalogue.adapter(named: (wire ?? facts.wire).adapter, streams: streams),
            var endpoint = facts.endpoint(baseURL: baseURL)
        else { throw ProbeScript.Failure(description: "this program has no provider “\(provider)”") }
        endpoint.limits.totalTimeout = limits.timeout.duration
        endpoint.limits.firstByteTimeout = limits.timeout.duration
        return AskedModel(
            provider: provider, adapter: adapter, endpoint: endpoint, keyVariable: keyVariable, model: model,
            parameters: parameters, streams: streams,
            terms: CallTerms(policy: CallPolicy(retry: limits.retry, rule: limits.retryRule), price: price))
    }
}
