import CanonicalJSON
import Determinism
import Experiments
import Jobs
import Providers
import Scoring
import Testing

@Suite("ExperimentFile")
struct ExperimentFileTests {
    struct NoSuchFile: Error, CustomStringConvertible {
        let description = "no such file"
    }

    static func surroundings(_ files: [String: String] = [:]) -> ExperimentFile.Surroundings {
        ExperimentFile.Surroundings { name in
            guard let text = files[name] else { throw NoSuchFile() }
            return Array(text.utf8)
        }
    }

    static func problems(_ text: String, files: [String: String] = [:]) -> [String] {
        do throws(ExperimentProblems) {
            _ = try ExperimentFile.read(text, surroundings: surroundings(files))
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    static let minimal = """
        name: tiny
        models:
          - {id: a, provider: simulated, model: sim-a}
        scenarios:
          - id: one
        turns:
          - prompt: Hello
        """

    static func minimal(_ found: String, becomes replaced: String) throws -> String {
        var text = minimal
        text.replaceSubrange(try #require(text.firstRange(of: found)), with: replaced)
        return text
    }

    @Test(
        "what the simulated provider finds wrong is told at its place",
        arguments: [
            ("simulation.faults[1].kind", "hagn", "8:41: simulation.faults[1].kind: no; did you mean “hang”?"),
            ("simulation.faults[1].kind", "fire", "8:41: simulation.faults[1].kind: no"),
            ("simulation.faults[1].nothing", nil, "8:34: simulation.faults[1].nothing: no"),
            ("simulation.faults[7]", nil, "8:22: simulation.faults[7]: no"),
            ("simulation", nil, "8:13: simulation: no"),
        ] as [(String, String?, String)])
    func simulation(path: String, word: String?, expected: String) throws {
        let text = Self.minimal + "\nsimulation: {faults: [{kind: 1}, {kind: 2}]}\n"
        let surroundings = ExperimentFile.Surroundings(
            simulation: { _ in SimulationProblem(path: path, message: "no", word: word, known: ["hang", "close"]) },
            file: { _ in [] })
        let problems = try #require(
            #expect(throws: ExperimentProblems.self) { try ExperimentFile.read(text, surroundings: surroundings) })
        #expect(problems.description == expected)
    }

    @Test("the smallest file has sensible defaults")
    func defaults() throws {
        let definition = try ExperimentFile.read(Self.minimal, surroundings: Self.surroundings())
        #expect(definition.samples == 1)
        #expect(definition.limits == RunLimits())
        #expect(definition.limits.retry == RetryPolicy.standard)
        #expect(definition.judges.isEmpty)
        #expect(
            definition.models == [
                ModelDefinition(id: "a", provider: "simulated", model: "sim-a", baseURL: "http://simulated/v1")
            ])
        #expect(definition.turns == ["Hello"])
    }

    @Test("every field is read")
    func everything() throws {
        let definition = try ExperimentFile.read(
            Self.full, surroundings: Self.surroundings(["people.csv": "id,season\nx,winter\n"]))
        let careful = try #require(definition.model("careful"))
        #expect(careful.baseURL == "http://localhost:11434/v1")
        #expect(careful.keyVariable == "MY_KEY")
        #expect(
            careful.parameters
                == ChatParameters(
                    temperature: 0.2, topP: 0.9, maxTokens: 200, seed: 7, stop: ["END"],
                    extra: ["top_k": 40, "think": false]))
        #expect(careful.price?.rates.input == PicoDollars(rawValue: 2_500_000))
        #expect(careful.price?.rates.output == PicoDollars(rawValue: 10_000_000))
        #expect(careful.maxInFlight == 16)
        #expect(definition.models.map(\.id) == ["careful", "quick"])
        #expect(
            definition.scenarios == [
                Scenario(id: "spring", variables: ["season": "spring"], preamble: "Rhyme."),
                Scenario(id: "x", variables: ["id": "x", "season": "winter"]),
            ])
        #expect(definition.dataset == DatasetReference(digest: Digest(of: "id,season\nx,winter\n"), rows: 1))
        #expect(definition.preamble == "You are a poet.")
        #expect(definition.turns == ["Write a haiku about {{season}}.", "Now make it sadder."])
        #expect(definition.samples == 3)
        let quality = try #require(definition.judge("quality"))
        #expect(quality.model.id == "critic")
        #expect(quality.rubric.instructions == "Be strict.")
        #expect(quality.rubric.criteria.map(\.id) == ["imagery", "form"])
        #expect(quality.rubric.criteria.map(\.weight) == [2, 1])
        #expect(
            definition.limits
                == RunLimits(
                    concurrency: 8, perProvider: ["simulated": 4], timeout: .seconds(30), judgeRounds: 3,
                    retry: RetryPolicy(attempts: 4, base: .milliseconds(10), cap: .milliseconds(100))))
        #expect(definition.simulation == ["faults": ["kinds": ["500", 429], "rate": 0.1], "latency_ms": 5])
        #expect(try ExperimentDefinition(canonicalBytes: definition.canonicalBytes()) == definition)
    }

    static let full = """
        name: haiku
        models:
          - id: careful
            provider: openai-compatible
            model: llama3
            base_url: http://localhost:11434/v1
            api_key_env: MY_KEY
            parameters: {temperature: 0.2, top_p: 0.9, max_tokens: 200, seed: 7, stop: [END], extra: {top_k: 40, think: false}}
            prices: {input_cost_per_token: 2.5e-06, output_cost_per_token: 1.0e-05}
            max_in_flight: 16
          - {id: quick, provider: simulated, model: sim-quick}
          - {id: critic, provider: simulated, model: sim-critic, role: judge}
        scenarios:
          - id: spring
            variables: {season: spring}
            preamble: Rhyme.
        dataset: {file: people.csv, id_column: id}
        preamble: You are a poet.
        turns:
          - prompt: Write a haiku about {{season}}.
          - prompt: Now make it sadder.
        samples: 3
        judges:
          - id: quality
            model: critic
            instructions: Be strict.
            criteria:
              - {id: imagery, description: Vivid, weight: 2, min: 1, max: 5}
              - {id: form, description: 5-7-5}
        ranking: {method: mean}
        limits: {concurrency: 8, per_provider: {simulated: 4}, timeout_seconds: 30, max_attempts: 4, judge_rounds: 3}
        retry: {base_ms: 10, cap_ms: 100}
        simulation: {latency_ms: 5, faults: {rate: 0.1, kinds: ["500", 429]}}
        """

    @Test(
        "a problem names its line, column and field, and what to do",
        arguments: [
            (
                "provider: simulated", "provider: simulatd",
                "3:23: models[0].provider: there is no provider “simulatd”; did you mean “simulated”?"
            ),
            (
                "provider: simulated", "provider: zzz",
                "3:23: models[0].provider: there is no provider “zzz”; "
                    + "known here: openai, anthropic, google, xai, deepseek, mistral, openai-compatible, simulated"
            ),
            ("turns:", "truns:", "6:1: truns: there is no field “truns”; did you mean “turns”?"),
            ("name: tiny", "name:", "1:6: name: text was expected, found nothing"),
            ("name: tiny", "samples: 2", "1:1: name: “name” is missing"),
            ("prompt: Hello", "prompt: [Hello]", "7:13: turns[0].prompt: text was expected, found a list"),
            (
                "prompt: Hello", "prompt: Hello {{who}}",
                "7:13: turns[0].prompt: {{who}} has no value in the scenario “one”"
            ),
            (
                "- id: one", "- {id: one, variables: {woh: me}}\nsamples: 0",
                "6:10: samples: a whole number from 1 to 100000 was expected, found “0”"
            ),
            (
                "- id: one", "- id: one two",
                "5:9: scenarios[0].id: “one two” can't be an id; use letters, digits, “_”, “-” and “.”, at most 80 of them"
            ),
            ("- id: one", "- id: one\n  - id: one", "6:5: scenarios[1]: two scenarios have the id “one”"),
            (
                "model: sim-a}", "model: sim-a, api_key_env: sk-123}",
                "3:61: models[0].api_key_env: this isn't the name of an environment variable; give a name such as OPENAI_API_KEY here, and never the key itself"
            ),
            (
                "provider: simulated", "provider: openai-compatible",
                "3:5: models[0].base_url: “base_url” is missing; openai-compatible has no default; a local Ollama's is http://localhost:11434/v1"
            ),
            (
                "model: sim-a}", "model: sim-a, prices: {input_cost_per_token: cheap, output_cost_per_token: 1}}",
                "3:79: models[0].prices.input_cost_per_token: “cheap” isn't a price; give dollars for one token, as in 2.5e-06"
            ),
            ("name: tiny", "name: tiny\nname: again", "1:1: “name” is given twice"),
            (
                "  - prompt: Hello", "\t- prompt: Hello",
                "7:1: this isn't YAML: found character that cannot start any token"
            ),
            (
                "provider: simulated, model: sim-a}",
                "provider: anthropic, model: claude-opus-5-5, parameters: {temperature: 0.2}}",
                "3:70: models[0].parameters: claude-opus-5-5 takes no temperature: leave it out"
            ),
            (
                "- prompt: Hello", "- prompt: Hello\ndataset: {file: people.csv}",
                "8:17: dataset.file: “people.csv” can't be read: no such file"
            ),
            (
                "- prompt: Hello", "- prompt: Hello\njudges: [{id: q, model: a, criteria: []}]",
                "8:38: judges[0].criteria: there must be at least one criterion"
            ),
            (
                "- prompt: Hello", "- prompt: Hello\njudges: [{id: q, model: b, criteria: [{id: c, description: d}]}]",
                "8:25: judges[0].model: there is no model “b”; did you mean “a”?"
            ),
            (
                "model: sim-a}", "model: sim-a, role: judge}",
                "3:3: models: there is no model to ask; list at least one without “role: judge”"
            ),
        ])
    func problem(found: String, replaced: String, expected: String) throws {
        let text = try Self.minimal(found, becomes: replaced)
        #expect(Self.problems(text).first { $0 == expected } != nil, "\(Self.problems(text))")
    }

    @Test("all problems are reported at once, in the order of their lines")
    func all() {
        let text = """
            name: tiny
            colour: red
            models:
              - {id: a b, provider: opnai, model: [x]}
            scenarios: []
            turns:
              - promt: Hello
            limits: {concurrency: many}
            """
        #expect(
            Self.problems(text) == [
                "2:1: colour: there is no field “colour”; known here: name, models, scenarios, dataset, preamble, turns, "
                    + "samples, judges, ranking, limits, retry, simulation, budget, reuse, stream, prices",
                "4:10: models[0].id: “a b” can't be an id; use letters, digits, “_”, “-” and “.”, at most 80 of them",
                "4:25: models[0].provider: there is no provider “opnai”; did you mean “openai”?",
                "4:39: models[0].model: text was expected, found a list",
                "5:12: scenarios: there must be at least one scenario",
                "7:5: turns[0].promt: there is no field “promt”; did you mean “prompt”?",
                "7:5: turns[0].prompt: “prompt” is missing",
                "8:23: limits.concurrency: a whole number from 1 to 100000 was expected, found “many”",
            ])
    }

    @Test(arguments: [
        ("model: claude-opus-5", "anthropic", "claude-opus-5"), ("model: xai/some-model", "xai", "some-model"),
        ("model: sim-a", "simulated", "sim-a"),
    ])
    func `a model's id says whose it is where no provider is named`(
        model: String, provider: String, id: String
    ) throws {
        let text = try Self.minimal("provider: simulated, model: sim-a", becomes: model)
        let found = try ExperimentFile.read(text, surroundings: Self.surroundings()).models[0]
        #expect(found.provider == provider && found.model == id)
    }

    @Test func `a model that may be anybody's must say whose it is`() throws {
        let problems = try ["gemma-3", "some-model"].map { id in
            Self.problems(try Self.minimal("provider: simulated, model: sim-a", becomes: "model: \(id)"))
        }
        #expect(problems[0].first?.contains("google/gemma-3 or openai-compatible/gemma-3") == true, "\(problems)")
        #expect(problems[1].first?.hasPrefix("3:20: models[0].model: no provider is known") == true, "\(problems)")
    }

    @Test("a base URL from the surroundings stands in for the provider's own, and the file's wins")
    func baseURLs() throws {
        var surroundings = Self.surroundings()
        surroundings.baseURLs = ["openai": "http://localhost:1/v1"]
        let text = try Self.minimal("provider: simulated, model: sim-a", becomes: "provider: openai, model: gpt-4o")
        #expect(try ExperimentFile.read(text, surroundings: surroundings).models[0].baseURL == "http://localhost:1/v1")
        #expect(
            try ExperimentFile.read(text, surroundings: Self.surroundings()).models[0].baseURL
                == "https://api.openai.com/v1")
    }

    @Test("YAML's old truth values and octal numbers are text")
    func norway() throws {
        let text = try Self.minimal(
            "- id: one", becomes: "- {id: no, variables: {country: no, code: 0123, year: 2020}}")
        let scenario = try ExperimentFile.read(text, surroundings: Self.surroundings()).scenarios[0]
        #expect(scenario == Scenario(id: "no", variables: ["code": "0123", "country": "no", "year": "2020"]))
    }
}
