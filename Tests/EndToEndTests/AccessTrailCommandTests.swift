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

        @Test func `exports into a store are refused, and aren't recorded`() async throws {
            let place = try await Self.finished()
            let inside = "store/taken"
            for arguments in [
                ["csv"], ["sqlite"], ["jsonl"], ["inspect"], ["every-eval-ever"],
                ["jsonl", "--blobs", "beside", "--blob-directory", "store/taken", "-o", "events.jsonl"],
            ] {
                let output = arguments.contains("-o") ? [] : ["-o", inside]
                let result = try await place.start(["export"] + arguments + output).result
                #expect(result.status == 2, "\(arguments): \(result.errorText)")
                #expect(result.errorText.contains("is in the directory of the store"), "\(result.errorText)")
            }
            let tiles = try await place.cairn("audit", "tiles", "-o", inside)
            #expect(tiles.errorText.contains("is in the directory of the store"), "\(tiles.errorText)")
            #expect(!FileManager.default.fileExists(atPath: place.directory.path(inside)))
            let trail = try await place.cairn("audit", "trail")
            #expect(trail.errorText.contains("nothing was taken out"), "\(trail.text)")
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
