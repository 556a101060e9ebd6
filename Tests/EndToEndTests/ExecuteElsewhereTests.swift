import CanonicalJSON
import Determinism
import Foundation
import SimulatedProviders
import TestSupport
import Testing

extension EndToEndTests {
    /// A run that went as badly as it may is executed again wherever somebody brings its store.
    @Suite struct ExecuteElsewhereTests {
        private static let calls = EndToEndTests.isLong ? 5_000 : 200
        private static let kills = EndToEndTests.isLong ? 10 : 3

        private static let simulation = Simulation(
            latency: Microseconds(2_000), latencyJitter: Microseconds(4_000), faults: [refusals, troubles])

        /// Not for ever: a provider that refuses whatever the rate is asked less and less.
        private static var refusals: FaultRule {
            var rule = FaultRule(rate: 0.02, kinds: [.rateLimit])
            rule.times = 20
            return rule
        }
        /// Few enough for the retry budget, which one in ten would use up.
        private static let troubles = FaultRule(rate: 0.05, kinds: Fault.usual.filter { $0 != .rateLimit })

        @Test func `a run with faults, killed again and again, executes to the same head here and elsewhere`()
            async throws
        {
            try await SimulatedServer.run(Self.simulation) { server in
                let place = try Workplace(
                    Experiment(
                        provider: "openai-compatible", baseURL: server.baseURL, scenarios: Self.calls / 10, turns: 4,
                        concurrency: 32))
                // An undisturbed run has four events for each call, and the last kill comes at four fifths of these.
                let kills = try await KillTests.kill(place, times: Self.kills, before: UInt64(Self.calls * 4))
                let last = try await place.cairn("run", place.experiment)
                try #require([0, 3].contains(last.status), "\(last.errorText.suffix(2_000))")
                let head = try await place.json("audit", "verify")["head"]
                for _ in 1...2 {
                    let report = try await place.json("replay", "execute")
                    #expect(report["identical"]?.bool == true && report["head"] == head, "\(kills) kills: \(report)")
                    #expect((report["sessions"]?.int ?? 0) > kills / 2)
                }
                let elsewhere = try await Self.executeElsewhere(place)
                #expect(elsewhere["identical"]?.bool == true && elsewhere["head"] == head, "\(elsewhere)")
            }
        }

        /// In another directory, locale and time zone, on one core, and as another user where this one may become one.
        private static func executeElsewhere(_ place: Workplace) async throws -> JSONValue {
            let copy = try TemporaryDirectory("elsewhere")
            let isRoot = geteuid() == 0
            let copied = try await place.start("/bin/cp", ["-r", place.store, copy.path("store")]).result
            try #require(copied.status == 0, "\(copied.errorText)")
            var command = ["taskset", "--cpu-list", "0"]
            if isRoot {
                let owned = try await place.start("/bin/chown", ["-R", "65534:65534", copy.path]).result
                try #require(owned.status == 0, "\(owned.errorText)")
                command += ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
            }
            command += [place.program, "replay", "execute", "--store", copy.path("store"), "--json"]
            let result = try await place.start(
                "/usr/bin/env", command,
                environment: [
                    "LC_ALL": "ar_EG.UTF-8", "LANG": "ar_EG.UTF-8", "TZ": "Pacific/Chatham", "TMPDIR": copy.path,
                ]
            ).result
            try #require(result.status == 0, "\(result.errorText.suffix(2_000))")
            return try JSONParser.parse(result.output)
        }
    }
}
