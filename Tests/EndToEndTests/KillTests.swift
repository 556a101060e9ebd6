import CanonicalJSON
import Determinism
import EventLog
import SimulatedProviders
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct KillTests {
        /// About 1,000 calls in conversations of five turns, judged.
        private static func experiment(_ server: SimulatedServer) -> Experiment {
            Experiment(provider: "openai-compatible", baseURL: server.baseURL, scenarios: 84, turns: 5)
        }

        private static let simulation = Simulation(
            latency: Microseconds(3_000), latencyJitter: Microseconds(5_000))

        @Test func `a run killed again and again pays for no answer twice, and comes to the same end`() async throws {
            let (undisturbed, size) = try await SimulatedServer.run(Self.simulation) { server in
                let place = try Workplace(Self.experiment(server))
                let result = try await place.cairn("run", place.experiment)
                try #require(result.status == 0, "\(result.errorText.suffix(2_000))")
                #expect(server.ledger.total.answered == Self.experiment(server).calls)
                let head = try await place.json("audit", "verify")
                return (try await place.outcome(), try #require(head["events"]?.int))
            }
            try await SimulatedServer.run(Self.simulation) { server in
                let place = try Workplace(Self.experiment(server))
                let kills = try await Self.kill(place, times: EndToEndTests.isLong ? 20 : 5, before: UInt64(size))
                let last = try await place.cairn("run", place.experiment)
                #expect(last.status == 0, "\(last.errorText.suffix(2_000))")
                #expect(try await place.outcome() == undisturbed)
                try await Self.expectNoAnswerPaidTwice(place, server.ledger)
                try await place.expectSoundStore()
                let workers = try await place.events("worker.started")
                // One that was killed early hadn't begun to work.
                #expect(workers.count <= kills + 2)
            }
        }

        /// Starts the run and kills it at random sizes of its log; how often it was killed.
        static func kill(_ place: Workplace, times: Int, before size: UInt64) async throws -> Int {
            var random = SeededGenerator(seed: EndToEndTests.seed(of: "killing a run"))
            let moments = (0..<times).map { _ in random.uniform(below: size * 8 / 10) }.sorted()
            let log = try LMDBLog.open(at: place.store)
            defer { log.close() }
            var kills = 0
            for moment in moments {
                let run = try place.start(["run", place.experiment])
                let isReached = try await run.runs(until: log, has: Int(moment))
                // One that ends may do so before its last events were looked at.
                let isPast = try log.head().size >= moment
                #expect(
                    isReached || isPast, "ended before event \(moment): \(run.child.errorsSoFar.suffix(2_000))")
                run.child.send(9)
                let result = await run.result
                #expect([-9, 0].contains(result.status), "\(result.errorText.suffix(2_000))")
                if result.status == -9 { kills += 1 }
            }
            // On a machine that is very busy the last signals may come after the end.
            #expect(kills > times / 2)
            return kills
        }

        /// By the server's own count, a body came once, and once more for each outcome that is listed as unknown.
        private static func expectNoAnswerPaidTwice(_ place: Workplace, _ ledger: RequestLedger) async throws {
            let started = try await place.events("llm.callStarted")
            var bodies: [String: String] = [:]
            for event in started {
                bodies[try #require(event["stream"]?.string)] = try #require(event["data"]?["request"]?.string)
            }
            let unknown = try await place.events("llm.callOutcomeUnknown")
            var allowed = bodies.values.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
            for event in unknown {
                let body = try #require(bodies[event["stream"]?.string ?? ""])
                allowed[body, default: 0] += 1
            }
            for (digest, entry) in ledger.entries {
                #expect(entry.received <= allowed[digest.hex] ?? 0, "the body \(digest.hex): \(entry)")
            }
            #expect(ledger.total.repeated <= unknown.count)
            let completed = try await place.events("llm.callCompleted")
            #expect(completed.count == ledger.entries.count, "one answer is recorded for each body")
            print("killing a run: \(unknown.count) outcomes unknown, \(ledger.total.repeated) of them answered before")
        }
    }
}
