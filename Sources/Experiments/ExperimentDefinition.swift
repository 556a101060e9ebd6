package import Calls
package import CanonicalJSON
package import Determinism
package import Jobs
package import Scoring

/// A whole experiment as one value: everything that decides what is asked, judged and ranked.
///
/// Its canonical JSON is kept as a blob with the run, so a run never depends on a file that may change. Data sets are
/// unrolled into scenarios, and base URLs are resolved.
package struct ExperimentDefinition: Equatable, Sendable {
    /// The version of this form.
    package static let format = 1

    package var name: String
    /// The models that are compared, in the order of the file.
    package var models: [ModelDefinition]
    package var scenarios: [Scenario]
    /// Where some of the scenarios came from; nil when all are in the file.
    package var dataset: DatasetReference?
    /// A template for the system message; nil means none.
    package var preamble: String?
    /// Templates of what is asked, one for each turn.
    package var turns: [String]
    /// How often each model is asked the same scenario.
    package var samples: Int
    package var judges: [JudgeDefinition]
    package var ranking: RankingMethod
    package var limits: RunLimits
    /// How judges' answers are read.
    package var reading: JudgeAnswer.Reading
    /// Which earlier answers may stand for calls that ask the same.
    package var reuse: ReusePolicy
    /// What the simulated provider is told, passed on as it is; nil without one.
    package var simulation: JSONValue?

    package init(
        name: String, models: [ModelDefinition], scenarios: [Scenario], dataset: DatasetReference? = nil,
        preamble: String? = nil, turns: [String], samples: Int = 1, judges: [JudgeDefinition] = [],
        ranking: RankingMethod = .mean, limits: RunLimits = RunLimits(), reading: JudgeAnswer.Reading = .exact,
        reuse: ReusePolicy = .never, simulation: JSONValue? = nil
    ) {
        self.name = name
        self.models = models
        self.scenarios = scenarios
        self.dataset = dataset
        self.preamble = preamble
        self.turns = turns
        self.samples = samples
        self.judges = judges
        self.ranking = ranking
        self.limits = limits
        self.reading = reading
        self.reuse = reuse
        self.simulation = simulation
    }

    /// The name of the definition: the hash of its canonical JSON.
    package var digest: Digest { Digest(of: canonicalBytes()) }

    package func scenario(_ id: String) -> Scenario? { scenarios.first { $0.id == id } }
    package func model(_ id: String) -> ModelDefinition? { models.first { $0.id == id } }
    package func judge(_ id: String) -> JudgeDefinition? { judges.first { $0.id == id } }
}

/// One situation that every model is put into.
package struct Scenario: Equatable, Sendable {
    package var id: String
    /// What the templates' variables stand for.
    package var variables: [String: String]
    /// Replaces the experiment's preamble; nil keeps it.
    package var preamble: String?

    package init(id: String, variables: [String: String] = [:], preamble: String? = nil) {
        self.id = id
        self.variables = variables
        self.preamble = preamble
    }
}

/// The file that scenarios were read from; its content is part of the definition, its place isn't.
package struct DatasetReference: Equatable, Sendable {
    /// SHA-256 of the file's bytes.
    package var digest: Digest
    package var rows: Int

    package init(digest: Digest, rows: Int) {
        self.digest = digest
        self.rows = rows
    }
}

/// One judge: a model, and the rubric that it applies.
package struct JudgeDefinition: Equatable, Sendable {
    package var id: String
    package var model: ModelDefinition
    package var rubric: Rubric

    package init(id: String, model: ModelDefinition, rubric: Rubric) {
        self.id = id
        self.model = model
        self.rubric = rubric
    }
}

/// How much may run at once and how long; how often something is tried.
package struct RunLimits: Equatable, Sendable {
    /// Jobs at work at once in all, but for those that can only wait for their provider.
    package var concurrency: Int
    /// Jobs in flight for each provider that is named; others are bounded by `concurrency` alone.
    package var perProvider: [String: Int]
    /// A whole call, from sending to the last byte.
    package var timeout: Microseconds
    /// How often a judge is asked when its answers can't be used.
    package var judgeRounds: Int
    /// How often one call is tried, and how long to wait in between.
    package var retry: RetryPolicy
    /// What counts as an attempt; a run keeps the rule that it was submitted with.
    package var retryRule: CallPolicy.Rule

    package init(
        concurrency: Int = 32, perProvider: [String: Int] = [:], timeout: Microseconds = .seconds(120),
        judgeRounds: Int = 2, retry: RetryPolicy = .standard, retryRule: CallPolicy.Rule = .refusalsAreFree
    ) {
        self.concurrency = concurrency
        self.perProvider = perProvider
        self.timeout = timeout
        self.judgeRounds = judgeRounds
        self.retry = retry
        self.retryRule = retryRule
    }
}
