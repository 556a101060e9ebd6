import Calls
import Experiments
import Foundation
import Jobs
import TestSupport
import Testing

@Suite("ExperimentLoader")
struct ExperimentLoaderTests {
    private static let examples = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("tools/examples").path

    private func example(_ name: String) throws -> ExperimentDefinition {
        try ExperimentLoader.load(Self.examples + "/" + name)
    }

    private func plan(_ definition: ExperimentDefinition) -> JobPlan {
        JobPlan(definition, run: JobPlan.runID(of: definition.digest))
    }

    @Test("the examples can be read and planned, and each says what it promises")
    func examples() throws {
        let haiku = try example("haiku.yaml")
        #expect(haiku.models.map(\.id) == ["careful", "average", "hasty"])
        #expect(haiku.turns.count == 3)
        #expect(plan(haiku).cells == 18)
        let probes = try example("probe-1000.yaml")
        #expect(plan(probes).jobs.count * probes.turns.count == 1_000)
        let letters = try example("dataset.yaml")
        #expect(letters.scenarios.map(\.id) == ["ines", "tomas", "aiko"])
        #expect(letters.scenario("tomas")?.variables["name"] == "Tomáš \"Tom\" Novák")
        #expect(letters.dataset?.rows == 3)
        for bounded in [haiku, try example("budget.yaml")] {
            let budget = Budget(maxCost: 1, maxTokens: 1)
            #expect(SpendingBounds(bounded).objections(to: budget).isEmpty, "a budget can be kept to")
        }
        let local = try example("local-model.yaml")
        #expect(local.models.map(\.baseURL) == ["http://localhost:11434/v1"])
        #expect(local.slots == PoolState.Limits(total: 32, lanes: ["openai-compatible/small": 1]))
    }

    @Test("a dataset is found beside its experiment, and a change of it is another run")
    func dataset() throws {
        let directory = try TemporaryDirectory("loader")
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: directory.path(name)))
        }
        try write(
            """
            name: rows
            models: [{id: a, provider: openai, model: gpt-4o}]
            dataset: {file: rows.csv}
            turns: [{prompt: "{{x}}"}]
            """, "rows.yaml")
        try write("x\n1\n", "rows.csv")
        let first = try ExperimentLoader.load(directory.path("rows.yaml"))
        try write("x\n2\n", "rows.csv")
        let second = try ExperimentLoader.load(directory.path("rows.yaml")) {
            $0 == "OPENAI_BASE_URL" ? "http://h/v1" : nil
        }
        #expect(first.scenarios.map(\.id) == ["row-1"])
        #expect(first.digest != second.digest)
        #expect(first.models[0].baseURL == "https://api.openai.com/v1")
        #expect(second.models[0].baseURL == "http://h/v1")
    }

    @Test("what isn't there or isn't text is an error that says so")
    func failures() throws {
        let directory = try TemporaryDirectory("loader")
        #expect(throws: ExperimentLoader.Failure.self) { try ExperimentLoader.load(directory.path("none.yaml")) }
        #expect(throws: ExperimentLoader.Failure.self) { try ExperimentLoader.load(directory.path) }
        try Data([0xFF, 0xFE, 0x00]).write(to: URL(fileURLWithPath: directory.path("bytes.yaml")))
        #expect(throws: ExperimentProblems.self) { try ExperimentLoader.load(directory.path("bytes.yaml")) }
    }
}
