import Calls
import CanonicalJSON
import Determinism
import Experiments
import Providers
import Testing

@Suite("Settings of an experiment")
struct ExperimentSettingsTests {
    private func experiment(_ more: String, model: String = "", files: [String: String] = [:]) throws -> Experiment {
        try ExperimentFile.experiment(
            text(more, model: model), surroundings: ExperimentFileTests.surroundings(files))
    }

    private func text(_ more: String, model: String = "") -> String {
        """
        name: tiny
        models:
          - {id: a, provider: simulated, model: sim-a\(model)}
        scenarios:
          - id: one
        turns:
          - prompt: Hello
        \(more)
        """
    }

    private let priced =
        ", parameters: {max_tokens: 9}, prices: {input_cost_per_token: 1e-06, output_cost_per_token: 2e-06}"

    @Test("a budget and rates are read, and are no part of what the run is")
    func settings() throws {
        let plain = try experiment("", model: priced)
        let bounded = try experiment(
            """
            budget: {max_cost: 12.50, max_tokens: 7, max_calls: 3}
            limits: {rates: {simulated: {requests_per_minute: 60}, simulated/sim-a: {concurrency: 2}}}
            """, model: priced)
        #expect(bounded.settings.budget == Budget(maxCalls: 3, maxCost: 12_500_000_000, maxTokens: 7))
        #expect(bounded.settings.rates.limits(of: "simulated").requestsPerMinute == 60)
        #expect(bounded.settings.rates.limits(of: "simulated", model: "sim-a").concurrency == 2)
        #expect(bounded.definition.digest == plain.definition.digest)
        #expect(plain.settings.budget == nil)
    }

    @Test("streams, formats and reuse are part of the run, and change nothing where they aren't given")
    func definition() throws {
        let plain = try experiment("").definition
        let other = try experiment("reuse: same-run\nstream: true", model: ", wire: anthropic").definition
        #expect(other.reuse == .sameRun && other.models[0].streams)
        #expect(other.models[0].wire == .anthropic && other.models[0].baseURL == "http://simulated/anthropic")
        #expect(try ExperimentDefinition(canonicalBytes: other.canonicalBytes()) == other)
        let unsaid = String(decoding: plain.canonicalBytes(), as: UTF8.self)
        #expect(!unsaid.contains("reuse") && !unsaid.contains("streams") && !unsaid.contains("wire"))
        #expect(try !experiment("stream: true", model: ", stream: false").definition.models[0].streams)
    }

    @Test("a table of prices serves models that have none of their own")
    func prices() throws {
        let table = #"{"sim-a": {"input_cost_per_token": 3e-06, "output_cost_per_token": 4e-06}}"#
        let files = ["prices.json": table]
        let read = try experiment("prices: prices.json", files: files).definition.models[0].price
        #expect(read?.rates.input == PicoDollars(dollars: "0.000003"))
        let own = try experiment("prices: prices.json", model: priced, files: files).definition.models[0].price
        #expect(own?.rates.input == PicoDollars(dollars: "0.000001"))
    }

    @Test(
        "what can't be is told with its line",
        arguments: [
            ("budget: {max_cost: 1}", "8:9: budget: the model a has no price, so its cost can't be bounded"),
            ("budget: {max_tokens: 1}", "8:9: budget: the model a has no max_tokens, so its answers can't be bounded"),
            ("budget: {max_cost: ten}", "“ten” isn't an amount of dollars"),
            ("budget: {}", "a budget bounds something"),
            ("reuse: always", "there is no rule of reuse “always”"),
            ("stream: maybe", "true or false was expected"),
            ("prices: nowhere.json", "“nowhere.json” can't be read: no such file"),
            ("limits: {rates: {opnai: {}}}", "did you mean “openai”?"),
            ("limits: {rates: {openai: {requests_per_minute: 0}}}", "a whole number from 1"),
        ])
    func problems(more: String, expected: String) {
        let found = ExperimentFileTests.problems(text(more))
        #expect(found.contains { $0.contains(expected) }, "\(found)")
    }
}
