import TestSupport
import Testing

extension EndToEndTests {
    /// Where libcurl can't be loaded: a file of that name that is no library stands before it.
    @Suite struct MissingLibraryTests {
        private static func place() throws -> Workplace {
            let place = try Workplace(Experiment(scenarios: 1, turns: 1, hasJudge: false))
            try place.write("no library", "libcurl.so.4")
            return place
        }

        @Test func `the doctor says so, and what to install`() async throws {
            let place = try Self.place()
            let result = try await place.cairn(
                "doctor", "--offline", environment: ["LD_LIBRARY_PATH": place.directory.path])
            #expect(result.status == 5)
            #expect(result.text.contains("libcurl can't be loaded"))
            #expect(result.text.contains("libcurl4"))
        }

        @Test func `a run doesn't begin, and what sends nothing works`() async throws {
            let place = try Self.place()
            let broken = ["LD_LIBRARY_PATH": place.directory.path]
            let refused = try await place.cairn("run", "experiment.yaml", environment: broken)
            #expect(refused.status == 1)
            #expect(refused.errorText.contains("libcurl can't be loaded"))
            let done = try await place.cairn("run", "experiment.yaml")
            #expect(done.status == 0, "\(done.errorText)")
            let verified = try await place.cairn("replay", "verify", environment: broken)
            #expect(verified.status == 0, "\(verified.errorText)")
        }
    }
}
