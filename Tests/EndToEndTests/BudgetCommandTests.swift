import CanonicalJSON
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct BudgetCommandTests {
        private static let prices = "{input_cost_per_token: 0.000001, output_cost_per_token: 0.000005}"

        private static func experiment(_ budget: String) -> Experiment {
            var experiment = Experiment(scenarios: 4, simulation: ["faults: {rate: 0.3, kinds: [500]}"])
            experiment.modelFields = ", parameters: {max_tokens: 200}, prices: \(prices)"
            experiment.settings = ["budget: \(budget)"]
            return experiment
        }

        @Test(arguments: [
            ("{max_calls: 5}", ["--max-calls"]), ("{max_cost: 0.003}", ["--max-cost"]),
            ("{max_tokens: 3000}", ["--max-tokens"]),
            ("{max_calls: 4, max_cost: 0.01}", ["--max-cost", "--max-calls"]),
        ])
        func `the command that a stopped run advises brings it to its end at once`(
            budget: String, options: [String]
        ) async throws {
            let experiment = Self.experiment(budget)
            let place = try Workplace(experiment)
            let words = try await advice(place)
            #expect(words.filter { $0.hasPrefix("--") } == options, "\(words)")
            let resumed = try await place.start(words).result
            #expect(resumed.status == 0, "\(words): \(resumed.errorText.suffix(1_000))")
            #expect(try await place.cells(of: experiment.cells)["done"] == experiment.cells)
        }

        /// What a run that stops at its budget advises, as words behind `cairn`.
        private func advice(_ place: Workplace) async throws -> [String] {
            let stopped = try await place.cairn("run", "experiment.yaml")
            #expect(stopped.status == 3 && stopped.errorText.contains("its budget is used up"), "\(stopped.errorText)")
            let advice = try #require(
                stopped.errorText.split(separator: "\n").first { $0.contains("cairn run ") }, "\(stopped.errorText)")
            return try #require(advice.split(separator: "cairn ").last).split(separator: " ").map(String.init)
        }

        /// Statuses that cost nothing, one that spends no attempt, and one that may be charged for.
        @Test(arguments: [
            ("{max_calls: 2}", "500"), ("{max_calls: 2}", "429-none"), ("{max_tokens: 500}", "504"),
            ("{max_cost: 0.0005}", "504"),
        ])
        func `the advised budget is enough though every call fails as often as it may`(
            budget: String, fault: String
        ) async throws {
            let isRefused = fault.hasPrefix("429")
            var experiment = Experiment(
                scenarios: 3, turns: 1, hasJudge: false, maxAttempts: 3,
                simulation: ["faults: {rate: 1, kinds: [\"\(fault)\"], first_attempts: \(isRefused ? 7 : 1_000)}"])
            experiment.modelFields = ", parameters: {max_tokens: 200}, prices: \(Self.prices)"
            experiment.settings = ["budget: \(budget)"]
            let place = try Workplace(experiment)
            let resumed = try await place.start(try await advice(place)).result
            #expect(!resumed.errorText.contains("its budget is used up"), "\(resumed.errorText.suffix(1_000))")
            let cells = try await place.cells(of: experiment.cells)
            #expect(cells[isRefused ? "done" : "failed"] == experiment.cells, "\(cells)")
        }

        @Test func `the advised budget is enough for turns and judges that each fail four times`() async throws {
            var experiment = Self.experiment("{max_cost: 0.003, max_tokens: 2000}")
            experiment.maxAttempts = 6
            experiment.simulation = ["faults: {rate: 1, kinds: [\"504\"], first_attempts: 4}"]
            let place = try Workplace(experiment)
            let resumed = try await place.start(try await advice(place)).result
            #expect(resumed.status == 0, "\(resumed.errorText.suffix(1_000))")
            #expect(try await place.cells(of: experiment.cells)["done"] == experiment.cells)
        }

        @Test func `a run that stopped and went on can be asked what other budgets would have done`() async throws {
            let place = try Workplace(Self.experiment("{max_calls: 5}"))
            #expect(try await place.start(try await advice(place)).result.status == 0)
            let large = try await place.json("replay", "what-if", "--budget", "calls=1000,cost=1")
            let result = try #require(large["runs"]?[0])
            #expect(result["after"]?["entries"] == result["before"]?["entries"], "\(large)")
            let small = try await place.json("replay", "what-if", "--budget", "calls=8", "-o", "small")
            #expect(small["calls"] == 0 && small["runs"]?[0]?["after"]?["entries"] != result["before"]?["entries"])
            let verified = try await place.cairn("replay", "verify", "--store", "small")
            #expect(verified.status == 0, "\(verified.text)")
        }

        @Test func `with --json a used up budget is a problem object with its remedy, and no drain`() async throws {
            let place = try Workplace(Self.experiment("{max_calls: 3}"))
            let stopped = try await place.cairn("run", "experiment.yaml", "--json")
            #expect(stopped.status == 3)
            let summary = try JSONParser.parse(stopped.output)
            #expect(summary["drained"] == false && summary["stage"] == "stopped")
            #expect(summary["need"]?["spent"]?["calls"] == 3 && summary["need"]?["sufficient"]?["maxCalls"] != nil)
            let problem = try #require(try stopped.problem())
            #expect(problem["code"] == "incomplete")
            #expect(problem["message"]?.string?.contains("made 3 of 3 calls") == true, "\(problem)")
            #expect(problem["remedy"]?.string?.contains("--max-calls") == true, "\(problem)")
        }

        @Test func `a dry run tells worst calls, repetitions and missing keys, and sends nothing`() async throws {
            var experiment = Experiment(provider: "google", models: ["gemini-2.5-flash"], hasJudge: false)
            experiment.modelFields = ", parameters: {max_tokens: 200}, prices: \(Self.prices)"
            let place = try Workplace(
                experiment, environment: ["GEMINI_API_KEY": nil, "GOOGLE_API_KEY": nil, "CAIRN_KEYS_FILE": nil])
            let told = try await place.cairn("run", "experiment.yaml", "--dry-run")
            #expect(told.status == 0, "\(told.errorText)")
            #expect(told.text.contains("WORST CALLS") && told.text.contains("asked up to 5 times"), "\(told.text)")
            #expect(told.text.contains("neither GOOGLE_API_KEY nor GEMINI_API_KEY is set"), "\(told.text)")
            let answer = try await place.json("run", "experiment.yaml", "--dry-run")
            #expect(answer["repeated"]?["worstCalls"] == 30 && answer["total"]?["worstCalls"] == 6)
            #expect(answer["missingKeys"]?[0]?["variables"] == ["GOOGLE_API_KEY", "GEMINI_API_KEY"])
            let keyed = try await place.json(
                "run", "experiment.yaml", "--dry-run", environment: ["GEMINI_API_KEY": "x"])
            #expect(keyed["missingKeys"] == [])
            let refused = try await place.cairn("run", "experiment.yaml")
            #expect(refused.status == 2 && refused.errorText.contains("nor GEMINI_API_KEY is set"))
        }

        @Test func `a dry run counts what is left of a run that is in the store, beside the whole`() async throws {
            var experiment = Experiment(hasJudge: false, concurrency: 1)
            experiment.modelFields = ", parameters: {max_tokens: 200}, prices: \(Self.prices)"
            experiment.settings = ["budget: {max_calls: 5}"]
            let place = try Workplace(experiment)
            let before = try await place.cairn("run", "experiment.yaml", "--dry-run")
            #expect(before.text.contains("has no run of this: it is counted whole"), "\(before.text)")
            #expect(try await place.json("run", "experiment.yaml", "--dry-run")["stored"] == nil)
            #expect(try await place.cairn("run", "experiment.yaml").status == 3)
            let stopped = try await place.json("run", "experiment.yaml", "--dry-run")
            let (whole, stored) = (stopped["total"], try #require(stopped["stored"]))
            let done = try #require(stored["cells"]?["done"]?.int)
            #expect(stored["stage"] == "stopped" && done > 0 && whole?["calls"]?.int == experiment.calls, "\(stopped)")
            #expect(stored["total"]?["calls"]?.int == (experiment.cells - done) * experiment.turns, "\(stored)")
            let costs = try #require([whole?["cost"]?.int, stored["total"]?["cost"]?.int] as? [Int])
            #expect(costs[0] > costs[1] && costs[1] > 0)
            let words = try await place.cairn("run", "experiment.yaml", "--dry-run")
            #expect(words.text.contains("is stopped: \(done) of 6 cells done; left,"), "\(words.text)")
            let other = try await place.json("run", "experiment.yaml", "--dry-run", "--label", "second")
            #expect(other["stored"] == nil, "another run")
            #expect(try await place.cairn("run", "experiment.yaml", "--max-calls", "99").status == 0)
            let finished = try await place.cairn("run", "experiment.yaml", "--dry-run")
            #expect(finished.text.contains("6 of 6 cells done; nothing is left to send"), "\(finished.text)")
        }

        @Test func `doctor knows each name of a key and says which one is set`() async throws {
            let place = try Workplace(environment: [
                "GEMINI_API_KEY": nil, "GOOGLE_API_KEY": nil, "CAIRN_KEYS_FILE": nil,
            ])
            let without = try await place.cairn("doctor", "--offline")
            #expect(without.text.contains("neither GOOGLE_API_KEY nor GEMINI_API_KEY is set"), "\(without.text)")
            let with = try await place.cairn("doctor", "--offline", environment: ["GEMINI_API_KEY": "x"])
            #expect(with.text.contains("GEMINI_API_KEY is set") && !with.text.contains("GOOGLE_API_KEY"))
        }
    }
}
