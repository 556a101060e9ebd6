import CanonicalJSON
import Foundation
import SimulatedProviders
import TestSupport
import Testing

@testable import Experiments

/// What the program reads as an experiment and what `schemas/experiment.json` says are the same, as far as a schema can
/// say it.
@Suite("Experiment schema", .enabled(if: SchemaJudge.python != nil, SchemaJudge.remedy))
struct ExperimentSchemaTests {
    private static let schema = "experiment.json"
    private static let examples = SchemaJudge.repository.appendingPathComponent("tools/examples")

    /// What is wrong with a file, fields of the simulated provider included.
    private static func problems(_ text: String, beside directory: URL? = nil) -> [String] {
        let surroundings = ExperimentFile.Surroundings { name in
            guard let directory else { return Array("id,place\nrow,here\n".utf8) }
            return [UInt8](try Data(contentsOf: directory.appendingPathComponent(name)))
        }
        do throws(ExperimentProblems) {
            let definition = try ExperimentFile.read(text, surroundings: surroundings)
            guard let simulation = definition.simulation else { return [] }
            do throws(SimulationError) {
                _ = try Simulation(simulation)
                return []
            } catch {
                return ["\(error)"]
            }
        } catch {
            return error.problems.map { "\($0.path): \($0.message)" }
        }
    }

    /// A YAML file as the JSON that the schema judges.
    private static func json(_ yaml: String) throws -> JSONValue {
        var reader = YAMLReader()
        let document = reader.document(yaml)
        let json = document.flatMap { reader.json($0) }
        return try #require(json)
    }

    @Test("the examples are accepted by both")
    func examplesAreValid() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.examples.path).filter {
            $0.hasSuffix(".yaml") && $0 != "handlers.yaml"
        }
        #expect(names.count >= 4)
        var cases: [SchemaJudge.Case] = []
        for name in names.sorted() {
            let text = try String(contentsOf: Self.examples.appendingPathComponent(name), encoding: .utf8)
            #expect(Self.problems(text, beside: Self.examples) == [], "\(name)")
            cases.append(.init(schema: Self.schema, document: try Self.json(text)))
        }
        #expect(try SchemaJudge.verdicts(on: cases) == names.map { _ in true })
    }

    @Test("a file with every field is accepted by both")
    func fullDocumentIsValid() throws {
        let document = try Self.json(Self.full)
        #expect(Self.problems(Self.full) == [])
        #expect(try SchemaJudge.verdicts(on: [.init(schema: Self.schema, document: document)]) == [true])
    }

    @Test("what the schema refuses, the program refuses, and what only the program refuses needs to know more")
    func agreement() throws {
        let documents = [Self.full, Self.small].map { try? Self.json($0) }.compactMap(\.self)
        let variants = documents.flatMap { [$0] + Mutations().of($0) }
        #expect(variants.count > 5_000)
        let verdicts = try SchemaJudge.verdicts(on: variants.map { .init(schema: Self.schema, document: $0) })
        for (variant, verdict) in zip(variants, verdicts) {
            let text = String(decoding: variant.canonicalBytes(), as: UTF8.self)
            let problems = Self.problems(text)
            let unexplained = problems.filter { problem in !Self.beyondSchemas.contains { problem.contains($0) } }
            if problems.isEmpty, !verdict { Issue.record("only the schema refuses \(text)") }
            if !unexplained.isEmpty, verdict { Issue.record("only the program refuses (\(unexplained)) \(text)") }
        }
    }

    /// Problems that follow from two fields together, from another file, from a template's text, or from how a number is
    /// written.
    private static let beyondSchemas = [
        "two models have the id", "two scenarios have the id", "two judges have the id", "two criteria have the id",
        "is the id of a model under", "there is no model “", "no judge uses the model", "there is no model to ask",
        "has no value in the scenario", "in the template", "is less than “base_ms”", "must be less than “max”",
        "are more than", "the dataset has a scenario", "isn't a known kind of dataset", "dataset", "isn't a price",
        "“base_url” is missing", "“1e+", "no provider is known for the model", "may be of several providers",
    ]

    @Test("the usual mistakes are refused by both", arguments: mistakes)
    func mistake(_ mistake: (name: String, from: String, to: String)) throws {
        var text = Self.full
        text.replaceSubrange(try #require(text.firstRange(of: mistake.from), "\(mistake.name)"), with: mistake.to)
        #expect(!Self.problems(text).isEmpty, "the program accepts it")
        let document = try Self.json(text)
        #expect(try SchemaJudge.verdicts(on: [.init(schema: Self.schema, document: document)]) == [false])
    }

    private static let mistakes: [(name: String, from: String, to: String)] = [
        ("a misspelt field", "samples: 2", "sampels: 2"), ("no name", "name: full", ""),
        ("no turns", "turns:", "turn:"),
        ("an unknown provider", "provider: openai\n", "provider: opnai\n"), ("no samples", "samples: 2", "samples: 0"),
        ("half a sample", "samples: 2", "samples: 1.5"), ("samples in words", "samples: 2", "samples: two"),
        ("an id with a space", "id: careful", "id: very careful"), ("an unknown role", "role: judge", "role: referee"),
        ("a key where its name belongs", "api_key_env: MY_KEY", "api_key_env: sk-abc"),
        ("a name that begins with a digit", "api_key_env: MY_KEY", "api_key_env: 2ND_KEY"),
        ("a URL with credentials", "http://localhost:11434/v1", "http://user:secret@localhost/v1"),
        ("a URL without a scheme", "http://localhost:11434/v1", "localhost:11434/v1"),
        ("a warm temperature", "temperature: 0.2", "temperature: hot"),
        ("a negative temperature", "temperature: 0.2", "temperature: -1"),
        ("an unknown parameter", "temperature: 0.2", "temprature: 0.2"),
        ("an unknown price", "input_cost_per_token: 2.5e-06", "input_cost: 2.5e-06"),
        ("an unknown ranking", "method: mean", "method: elo"),
        ("a limit of nothing", "concurrency: 16", "concurrency: 0"),
        ("a limit for nobody", "openai-compatible: 2", "nobody: 2"),
        ("a wait of nothing", "base_ms: 50", "base_ms: 0"),
        ("an unknown fault", "kinds: [\"500\", \"429\"]", "kinds: [\"418\"]"),
        ("too many faults", "rate: 0.1", "rate: 2"),
        ("a weight of nothing", "weight: 2", "weight: 0"),
        ("a criterion without description", "description: Fresh, ", ""),
        ("a turn as text", "- prompt: Shorter.", "- Shorter."),
        ("a prompt of nothing", "- prompt: Shorter.", "- prompt:"),
        ("a list of variables", "variables: {place: here}", "variables: [here]"),
    ]

    private static let small = """
        name: tiny
        models:
          - {id: a, provider: simulated, model: sim-a}
        scenarios:
          - id: one
        turns:
          - prompt: Hello
        """

    /// Every field that there is.
    private static let full = """
        name: full
        models:
          - id: careful
            provider: openai
            model: m-1
            role: compared
            api_key_env: MY_KEY
            parameters: {temperature: 0.2, top_p: 0.9, max_tokens: 200, seed: 7, stop: [END], extra: {user: x}}
            prices:
              input_cost_per_token: 2.5e-06
              output_cost_per_token: 1.0e-05
              cache_read_input_token_cost_above_200k_tokens: "0.000001"
            max_in_flight: 3
          - {id: local, provider: openai-compatible, model: m-2, base_url: "http://localhost:11434/v1"}
          - {id: detected, model: anthropic/claude-opus-5}
          - {id: critic, role: judge, provider: simulated, model: sim-judge}
        preamble: You are in {{place}}.
        scenarios:
          - id: first
            variables: {place: here}
            preamble: You are far from {{place}}.
        dataset: {file: places.csv, id_column: id}
        turns:
          - prompt: Where is {{place}}?
          - prompt: Shorter.
        samples: 2
        judges:
          - id: quality
            model: critic
            instructions: Be fair.
            criteria:
              - {id: a, description: Fresh, weight: 2, min: 0, max: 10}
              - {id: b, description: Right}
          - id: second
            model: {id: own, provider: simulated, model: sim-judge, parameters: {seed: 1}}
            criteria:
              - {id: c, description: Short, min: -1.5, max: 1.5}
        ranking: {method: mean}
        limits:
          concurrency: 16
          per_provider: {openai: 1, openai-compatible: 2, simulated: 3}
          timeout_seconds: 30
          max_attempts: 4
          judge_rounds: 3
        retry: {base_ms: 50, cap_ms: 2000}
        simulation:
          latency_ms: 60
          latency_jitter_ms: 5
          faults: {rate: 0.1, kinds: ["500", "429"], first_attempts: 1}
        """
}
