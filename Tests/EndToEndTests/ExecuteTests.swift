import CanonicalJSON
import Foundation
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

        @Test func `a process that ended before its run was in the log doesn't keep the others from being executed`()
            async throws
        {
            let place = try Workplace(Experiment(models: ["sim-careful"], scenarios: 2, hasJudge: false))
            try #require(try await place.cairn("run", place.experiment).status == 0)
            try #require(try await place.cairn("store", "encrypt").status == 0)
            let files = FileManager.default
            try files.moveItem(atPath: place.store + "/keys", toPath: place.directory.path("keys"))
            try place.write(Experiment(models: ["sim-hasty"], scenarios: 2, hasJudge: false).text, "other.yaml")
            let keyless = try await place.cairn("run", place.directory.path("other.yaml"))
            #expect(keyless.status != 0 && keyless.errorText.contains("its keys aren't here"), "\(keyless.errorText)")
            try files.moveItem(atPath: place.directory.path("keys"), toPath: place.store + "/keys")
            #expect(try await place.events("worker.started").count == 2)
            let report = try await place.json("replay", "execute")
            #expect(report["identical"]?.bool == true, "\(report)")
        }
    }
}
