import CanonicalJSON
import Determinism
import Experiments
import Jobs
import Providers
import Scoring
import Testing

@Suite("JobPlan")
struct JobPlanTests {
    static func model(_ id: String, maxInFlight: Int? = nil) -> ModelDefinition {
        ModelDefinition(
            id: id, provider: "simulated", model: "sim-\(id)", baseURL: "http://simulated/v1", maxInFlight: maxInFlight)
    }

    static let judge = JudgeDefinition(
        id: "quality", model: model("judge"),
        rubric: Rubric(criteria: [Criterion(id: "c", description: "good", weight: 1, min: 1, max: 5)]))

    static func definition(judges: [JudgeDefinition] = [judge]) -> ExperimentDefinition {
        ExperimentDefinition(
            name: "haiku", models: [model("a"), model("b", maxInFlight: 2)],
            scenarios: [Scenario(id: "spring", variables: ["season": "spring"]), Scenario(id: "autumn")],
            turns: ["Write about {{season}}."], samples: 2, judges: judges)
    }

    private let run = RunID(wellFormed: "run-1")

    @Test("every scenario, model and sample is probed, and each probe is judged")
    func jobs() {
        let plan = JobPlan(Self.definition(), run: run)
        #expect(plan.jobs.count == 16)
        #expect(plan.cells == 8)
        #expect(plan.jobs.map(\.ordinal) == Array(0..<16))
        #expect(Set(plan.jobs.map(\.id)).count == 16)
        #expect(plan.jobs.prefix(4).map(\.kind) == ["probe", "judge", "probe", "judge"])
        #expect(plan.jobs[1].after == [plan.jobs[0].id])
        #expect(
            plan.jobs[3].labels == [
                "judge": "quality", "model": "b", "provider": "simulated", "sample": "1", "scenario": "spring",
            ])
        #expect(plan.jobs[2].lane == "simulated/b")
        #expect(plan.jobs[3].lane == "simulated")
    }

    @Test("goes sample by sample, then by scenario, model and judge")
    func order() {
        let second = JudgeDefinition(id: "brevity", model: Self.model("judge"), rubric: Self.judge.rubric)
        let definition = Self.definition(judges: [Self.judge, second])
        var expected: [[String?]] = []
        for sample in 1...definition.samples {
            for scenario in definition.scenarios {
                for model in definition.models {
                    for judge in [nil, "quality", "brevity"] {
                        expected.append([String(sample), scenario.id, model.id, judge])
                    }
                }
            }
        }
        let planned = JobPlan(definition, run: run).jobs.map(\.labels)
        #expect(planned.map { [$0["sample"], $0["scenario"], $0["model"], $0["judge"]] } == expected)
    }

    @Test("without judges the probes are the cells")
    func withoutJudges() {
        let plan = JobPlan(Self.definition(judges: []), run: run)
        #expect(plan.jobs.count == 8)
        #expect(plan.cells == 8)
    }

    @Test("ids are the same today and ever after")
    func golden() {
        let plan = JobPlan(Self.definition(), run: run)
        #expect(plan.jobs[0].id.rawValue == "4snj0ar3t73exd0c1dhx91exmv")
        #expect(plan.jobs[1].id.rawValue == "76m8wpca53zcdnbgcq68zqsygr")
        #expect(JobPlan.runID(of: Digest(of: "definition")).rawValue == "52apmndhr9j63jc5k9s6qnyc9y")
        #expect(JobPlan.runID(of: Digest(of: "definition"), label: "again").rawValue == "64wjkn08556x3xkwtqjs7vfk07")
    }

    @Test("a definition is read back from its canonical JSON, and any change is another run")
    func identity() throws {
        let definition = Self.definition()
        #expect(try ExperimentDefinition(canonicalBytes: definition.canonicalBytes()) == definition)
        var changed = definition
        changed.turns[0] += " "
        #expect(JobPlan.runID(of: changed.digest) != JobPlan.runID(of: definition.digest))
    }
}
