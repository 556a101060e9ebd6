import CanonicalJSON
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct ProviderFaultTests {
        @Test(arguments: [
            ("500", "serverError"), ("429", "rateLimit"), ("hang", "timeout"), ("close", "network"),
            ("invalidJSON", "malformedResponse"), ("huge", "malformedResponse"),
        ])
        func `a provider's fault is tried again, or is a hole with its reason`(
            fault: String, errorClass: String
        ) async throws {
            // What is too large once is too large again: that isn't asked for twice.
            let isRepeated = fault != "huge"
            for (attempts, status) in [(1, isRepeated ? 0 : 3), (1_000, 3)] as [(Int, Int32)] {
                let experiment = Experiment(
                    models: ["sim-careful"], scenarios: 6, turns: 1, hasJudge: false, timeoutSeconds: 1, maxAttempts: 2,
                    simulation: ["faults: {rate: 0.5, kinds: [\"\(fault)\"], first_attempts: \(attempts)}"])
                let place = try Workplace(experiment)
                let run = try await place.cairn("run", place.experiment)
                #expect(run.status == status, "\(run.errorText)")
                let cells = try await place.cells(of: experiment.cells)
                let failures = try await place.events("llm.callFailed")
                #expect(!failures.isEmpty)
                for failure in failures {
                    #expect(failure["data"]?["class"]?.string == errorClass, "\(failure["data"] ?? "")")
                }
                let missing = try #require(try await place.json("query", "cells", "--missing").array)
                #expect(missing.count == experiment.cells - cells["done", default: 0])
                #expect(missing.isEmpty == (status == 0))
                for cell in missing { #expect(cell["class"]?.string == errorClass, "\(cell)") }
                try await place.expectSoundStore()
            }
        }
    }
}
