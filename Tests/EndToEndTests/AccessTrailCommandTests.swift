import CanonicalJSON
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct AccessTrailCommandTests {
        private static func finished() async throws -> Workplace {
            let place = try Workplace(Experiment(models: ["sim-careful"], scenarios: 2, turns: 1))
            let run = try await place.cairn("run", place.experiment)
            try #require(run.status == 0, "\(run.errorText.suffix(2_000))")
            return place
        }

        @Test func `an export that can't have its name fails and isn't in the trail`() async throws {
            let place = try await Self.finished()
            try FileManager.default.createDirectory(
                atPath: place.directory.path("taken"), withIntermediateDirectories: false)
            let run = try #require(try await place.json("query", "runs").array?.first?["run"]?.string)
            let exports = [
                ["export", "jsonl"], ["export", "jsonl", "--blobs", "beside"], ["export", "cloudevents"],
                ["export", "otel"], ["export", "sqlite"], ["bundle", "create", run],
                ["bundle", "prove-sample", run, "--model", "sim-careful", "--scenario", "s0"],
            ]
            for arguments in exports {
                let result = try await place.start(arguments + ["-o", "taken"]).result
                #expect(result.status == 1, "\(arguments): \(result.errorText)")
                #expect(result.errorText.contains("can't write taken: Is a directory"), "\(result.errorText)")
            }
            let trail = try await place.cairn("audit", "trail").text
            #expect(!trail.contains("export of"), "\(trail)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: place.directory.path("taken")).isEmpty)
        }

        @Test func `a limit of nothing doesn't say that nothing was recorded`() async throws {
            let place = try await Self.finished()
            let none = try await place.cairn("audit", "trail", "--limit", "0")
            #expect(none.errorText.contains("nothing was taken out"), "\(none.errorText)")
            try #require(try await place.cairn("export", "jsonl", "-o", "events.jsonl").status == 0)
            let some = try await place.cairn("audit", "trail", "--limit", "0")
            #expect(some.status == 0 && some.errorText.contains("1 in all"), "\(some.errorText)")
            #expect(!some.errorText.contains("nothing was taken out"), "\(some.errorText)")
        }

        @Test func `the digest of a text is told from the hash of a blob`() async throws {
            let place = try await Self.finished()
            let answer = try #require(try await place.events("llm.callCompleted").first?["data"])
            let digest = try #require(answer["answer"]?.string)
            let refused = try await place.cairn("audit", "redact", "--blob", digest, "--dry-run")
            #expect(refused.status == 2 && refused.errorText.contains("digest of a text"), "\(refused.errorText)")
            let body = try #require(answer["exchange"]?["body"]?.string)
            #expect(refused.errorText.contains("data.exchange.body"), "\(refused.errorText)")
            let plan = try await place.json("audit", "redact", "--blob", body, "--dry-run")
            #expect(plan["blobs"]?.array?.count == 1, "\(plan)")
        }
    }
}
