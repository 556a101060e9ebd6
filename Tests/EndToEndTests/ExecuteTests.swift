import CanonicalJSON
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct ExecuteTests {
        @Test func `a run with 32 calls in flight executes to the same head, twice, in other locales and time zones`()
            async throws
        {
            let place = try Workplace(
                Experiment(
                    scenarios: 30, turns: 3, concurrency: 32,
                    simulation: ["latency_ms: 2", "latency_jitter_ms: 6", "faults: {rate: 0.1, kinds: [500, 429]}"]))
            let run = try await place.cairn("run", place.experiment)
            try #require(run.status == 0, "\(run.errorText.suffix(2_000))")
            let head = try await place.json("audit", "verify")["head"]
            let elsewhere: [[String: String?]] = [
                ["LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu"],
                ["LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "TZ": "America/St_Johns"],
            ]
            for environment in elsewhere {
                let report = try await place.json("replay", "execute", environment: environment)
                #expect(report["identical"]?.bool == true && report["head"] == head, "\(environment): \(report)")
                let models = try await place.json("replay", "rebuild", environment: environment)
                #expect(models["identical"]?.bool == true, "\(environment): \(models)")
            }
        }
    }
}
