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
    }
}
