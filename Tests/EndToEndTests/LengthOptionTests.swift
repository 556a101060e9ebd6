import CanonicalJSON
import TestSupport
import Testing

extension EndToEndTests {
    /// Options that take a length of time.
    @Suite struct LengthOptionTests {
        @Test(arguments: [
            (["work", "--lease", "500ms"], "--lease takes a length of time from 1s to 1d; found 500ms"),
            (["work", "--grace", "soon"], "a number of seconds, or a whole number with ms, s, m, h, d or w"),
            (["work", "--until-idle", "1.5h"], "as in 90, 250ms or 2h"),
            (["submit", "--kind", "noop", "--delay", "-1"], "as in 90, 250ms or 2h"),
            (["submit", "--kind", "noop", "--unique", "k", "--hold", "2 h"], "found 2 h"),
            (["top", "--every", "2h"], "--every takes a length of time from 100ms to 1h"),
            (["run", "x.yaml", "--grace", "2d"], "--grace takes a length of time from 0s to 1d"),
        ])
        func `a length that an option doesn't take is told with what it takes`(
            arguments: [String], message: String
        ) async throws {
            let place = try Workplace()
            let result = try await place.start(arguments).result
            #expect(result.status == 2 && result.errorText.contains(message), "\(result.errorText)")
        }

        @Test func `lengths of options are seconds, or have their unit`() async throws {
            let place = try Workplace()
            for (delay, seconds) in [("7200", 7_200), ("2h", 7_200), ("90.5", 90)] {
                let receipt = try await place.json("submit", "--kind", "noop", "--delay", delay)
                let job = try await place.json("query", "job", try #require(receipt["jobs"]?[0]?.string))
                let wait = try #require(job["notBefore"]?.int) - (try #require(job["submitted"]?.int))
                #expect((seconds - 60...seconds + 1).contains(wait / 1_000_000), "\(delay): \(wait)")
            }
            let idle = try await place.json("work", "--until-idle", "0", "--lease", "2m", "--grace", "100ms")
            #expect(idle["outcome"] == "idle", "\(idle)")
        }
    }
}
