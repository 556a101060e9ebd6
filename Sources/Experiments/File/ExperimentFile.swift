import CanonicalJSON
import Determinism
import Jobs
package import Providers
import Scoring

/// Reads an experiment file: YAML text → definition, or everything that is wrong with it.
///
/// Every field is described in `schemas/experiment.json`. Unknown fields are errors, since a misspelt one would
/// otherwise silently change the experiment.
package enum ExperimentFile {
    /// What the file may refer to, brought by the caller: reading is pure.
    package struct Surroundings: Sendable {
        /// The bytes of a file named in the experiment, relative to it; a thrown error's text becomes a problem.
        package var file: @Sendable (String) throws -> [UInt8]
        /// Base URLs by provider that replace the providers' own, as from `OPENAI_BASE_URL`; what the file gives wins.
        package var baseURLs: [String: String]
        /// Prices of models that have none in the file.
        package var prices: PriceTable
        /// What is wrong with the value of `simulation`: only the simulated provider knows.
        package var simulation: SimulationCheck

        package init(
            baseURLs: [String: String] = [:], prices: PriceTable = PriceTable(),
            simulation: @escaping SimulationCheck = { _ in nil },
            file: @escaping @Sendable (String) throws -> [UInt8]
        ) {
            self.baseURLs = baseURLs
            self.prices = prices
            self.simulation = simulation
            self.file = file
        }
    }

    package static func read(
        _ text: String, surroundings: Surroundings
    ) throws(ExperimentProblems) -> ExperimentDefinition {
        try experiment(text, surroundings: surroundings).definition
    }

    /// The definition, and the settings that aren't part of it.
    package static func experiment(
        _ text: String, surroundings: Surroundings
    ) throws(ExperimentProblems) -> Experiment {
        var reader = ExperimentReader(surroundings: surroundings)
        let experiment = reader.experiment(text)
        let problems = reader.yaml.problems
        guard let experiment, problems.isEmpty else { throw ExperimentProblems(sorted(problems)) }
        return experiment
    }

    /// By place; what has none comes first.
    static func sorted(_ problems: [ExperimentProblem]) -> [ExperimentProblem] {
        problems.enumerated().sorted { first, second in
            let (a, b) = (first.element, second.element)
            return (a.line ?? 0, a.column ?? 0, first.offset) < (b.line ?? 0, b.column ?? 0, second.offset)
        }.map(\.element)
    }
}

/// The reading of one file.
struct ExperimentReader {
    var yaml = YAMLReader()
    let surroundings: ExperimentFile.Surroundings
    /// Of models that have none of their own.
    var prices: PriceTable
    /// Whether answers are streamed where a model doesn't say.
    var streams = false

    init(surroundings: ExperimentFile.Surroundings) {
        self.surroundings = surroundings
        prices = surroundings.prices
    }

    private static let keys = [
        "name", "models", "scenarios", "dataset", "preamble", "turns", "samples", "judges", "ranking", "limits",
        "retry", "simulation", "budget", "reuse", "stream", "prices",
    ]

    mutating func experiment(_ text: String) -> Experiment? {
        guard let document = yaml.document(text), let file = yaml.mapping(document, keys: Self.keys) else { return nil }
        let name = yaml.requiredText("name", in: file)
        if let value = file["name"] { yaml.check(name, at: value, atMost: 200) }
        readPrices(file)
        streams = yaml.flag("stream", in: file) ?? false
        let models = models(file)
        let (scenarios, dataset) = scenarios(file)
        let preamble = yaml.text("preamble", in: file)
        let turns = turns(file)
        let samples = yaml.integer("samples", in: file, 1...100_000) ?? 1
        let judges = judges(file, models)
        let ranking = ranking(file)
        let limits = limits(file)
        let settings = RunSettings(budget: budget(file), rates: rates(file))
        let reuse = reuse(file)
        let simulation = file["simulation"].flatMap { yaml.simulation($0, check: surroundings.simulation) }
        checkSize(file, scenarios.count, models.count { $0.isCompared }, samples, judges.count)
        checkTemplates(file, scenarios)
        guard yaml.problems.isEmpty, let name else { return nil }
        let definition = ExperimentDefinition(
            name: name, models: models.filter { $0.isCompared }.map(\.definition), scenarios: scenarios,
            dataset: dataset, preamble: preamble, turns: turns, samples: samples, judges: judges, ranking: ranking,
            limits: limits, reuse: reuse, simulation: simulation)
        checkBudget(settings.budget, of: definition, file)
        return yaml.problems.isEmpty ? Experiment(definition, settings: settings) : nil
    }

    /// More jobs than this are a slip: a run of them would take weeks.
    private static let mostJobs = 10_000_000

    private mutating func checkSize(
        _ file: YAMLMapping, _ scenarios: Int, _ models: Int, _ samples: Int, _ judges: Int
    ) {
        let (cells, overflows) = (scenarios * models).multipliedReportingOverflow(by: samples)
        guard overflows || cells > Self.mostJobs / (1 + judges) else { return }
        yaml.note(
            "these are more than \(Self.mostJobs) jobs", line: file.mark?.line, column: file.mark?.column,
            path: "samples",
            remedy: "ask for fewer samples or scenarios")
    }

    private mutating func turns(_ file: YAMLMapping) -> [String] {
        guard let value = yaml.required("turns", in: file), let elements = yaml.elements(value) else { return [] }
        if elements.isEmpty { yaml.note("there must be at least one turn", at: value) }
        var turns: [String] = []
        for element in elements {
            guard let turn = yaml.mapping(element, keys: ["prompt"]) else { continue }
            if let prompt = yaml.requiredText("prompt", in: turn) { turns.append(prompt) }
        }
        return turns
    }

    private mutating func ranking(_ file: YAMLMapping) -> RankingMethod {
        guard let value = file["ranking"], let mapping = yaml.mapping(value, keys: ["method"]),
            let method = mapping["method"],
            let word = yaml.word(method, of: [RankingMethod.mean.rawValue], named: "ranking method")
        else { return .mean }
        return RankingMethod(rawValue: word) ?? .mean
    }

    private mutating func limits(_ file: YAMLMapping) -> RunLimits {
        var limits = RunLimits()
        let keys = ["concurrency", "per_provider", "timeout_seconds", "max_attempts", "judge_rounds", "rates"]
        if let value = file["limits"], let mapping = yaml.mapping(value, keys: keys) {
            limits.concurrency = yaml.integer("concurrency", in: mapping, 1...100_000) ?? limits.concurrency
            limits.perProvider = perProvider(mapping)
            limits.timeout =
                yaml.integer("timeout_seconds", in: mapping, 1...86_400).map { .seconds(Int64($0)) } ?? limits.timeout
            let attempts = yaml.integer("max_attempts", in: mapping, 1...100)
            limits.retry = RetryPolicy(attempts: attempts ?? limits.retry.attempts)
            limits.judgeRounds = yaml.integer("judge_rounds", in: mapping, 1...100) ?? limits.judgeRounds
        }
        limits.retry = retry(file, attempts: limits.retry.attempts)
        return limits
    }

    private mutating func retry(_ file: YAMLMapping, attempts: Int) -> RetryPolicy {
        let standard = RetryPolicy(attempts: attempts)
        guard let value = file["retry"], let mapping = yaml.mapping(value, keys: ["base_ms", "cap_ms"]) else {
            return standard
        }
        let aDay = 86_400_000
        let base = yaml.integer("base_ms", in: mapping, 1...aDay).map { Microseconds.milliseconds(Int64($0)) }
        let cap = yaml.integer("cap_ms", in: mapping, 1...aDay).map { Microseconds.milliseconds(Int64($0)) }
        let policy = RetryPolicy(attempts: attempts, base: base ?? standard.base, cap: cap ?? standard.cap)
        if policy.cap < policy.base {
            yaml.note(
                "“cap_ms” is less than “base_ms”", at: value, remedy: "the first wait may already be base_ms long")
        }
        return policy
    }

    private mutating func perProvider(_ limits: YAMLMapping) -> [String: Int] {
        guard let value = limits["per_provider"],
            let mapping = yaml.mapping(value, keys: ModelCatalogue.providers.map(\.name))
        else { return [:] }
        var lanes: [String: Int] = [:]
        for member in mapping.members { lanes[member.key] = yaml.integer(member.value, in: 1...100_000) }
        return lanes
    }
}
