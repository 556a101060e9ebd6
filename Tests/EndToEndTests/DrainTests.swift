import CanonicalJSON
import EventLog
import Foundation
import SimulatedProviders
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct DrainTests {
        @Test(arguments: [SIGINT, SIGTERM])
        func `a signal lets calls under way end and says how to resume; the same command finishes`(
            signal: Int32
        ) async throws {
            let experiment = Experiment(
                scenarios: 25, turns: 3, concurrency: 8, simulation: ["latency_ms: 10", "latency_jitter_ms: 10"])
            let place = try Workplace(experiment)
            let log = try LMDBLog.open(at: place.store)
            defer { log.close() }
            let run = try place.start(["run", place.experiment, "--json"])
            // After the jobs and some calls, and long before the end.
            let isUnderWay = try await run.runs(until: log, has: experiment.cells * 2 + 60)
            try #require(isUnderWay, "\(run.child.errorsSoFar)")
            run.child.send(signal)
            let stopped = await run.result
            #expect(stopped.status == 3, "\(stopped.errorText.suffix(2_000))")
            #expect(stopped.errorText.contains("resume with: cairn run \(place.experiment)"))
            #expect(try JSONParser.parse(stopped.output)["drained"] == true)
            #expect(stopped.errorText.contains(" drained: "), "the same word in both")
            let cells = try await place.cells(of: experiment.cells)
            #expect(cells["outstanding", default: 0] > 0 && cells["failed"] == 0, "\(cells)")
            #expect(try await place.events("worker.drainRequested").count == 1)
            #expect(try await place.events("llm.callOutcomeUnknown").isEmpty)
            let resumed = try await place.cairn("run", place.experiment)
            #expect(resumed.status == 0, "\(resumed.errorText.suffix(2_000))")
            #expect(try await place.cells(of: experiment.cells)["done"] == experiment.cells)
            #expect(try await place.events("llm.callCompleted").count == experiment.calls)
            try await place.expectSoundStore()
        }

        @Test func `a second signal cuts short what hangs`() async throws {
            let experiment = Experiment(
                scenarios: 4, turns: 1, hasJudge: false,
                simulation: ["faults: {rate: 1, kinds: [hang], first_attempts: 1}"])
            let place = try Workplace(experiment)
            let log = try LMDBLog.open(at: place.store)
            defer { log.close() }
            let run = try place.start(["run", place.experiment, "--grace", "600"])
            let calls = EventFilter(types: [EventType("llm.callStarted")])
            #expect(try await run.runs(until: log, has: experiment.calls, matching: calls))
            run.child.send(SIGINT)
            let requests = EventFilter(types: [EventType("worker.drainRequested")])
            #expect(try await run.runs(until: log, has: 1, matching: requests))
            run.child.send(SIGINT)
            let stopped = await run.result
            #expect(stopped.status == 3, "\(stopped.errorText)")
            #expect(stopped.errorText.contains("resume with"))
            #expect(stopped.errorText.contains("\(experiment.calls) calls were cut off"), "\(stopped.errorText)")
            // Before anybody records that their outcome isn't known, it isn't known already.
            let turns = try #require(try await place.json("query", "transcripts").array)
            #expect(turns.count == experiment.calls)
            for turn in turns { #expect(turn["state"] == "outcomeUnknown", "\(turn)") }
            let usage = try await place.cairn("query", "usage")
            #expect(usage.text.contains("PENDING"), "\(usage.text)")
            let job = try #require(turns.first?["job"]?.string)
            let history = try await place.json("query", "job", String(job.prefix(12)))
            #expect(history["job"]?.string == job && history["calls"]?[0]?["state"] == "outcomeUnknown")
            let resumed = try await place.cairn("run", place.experiment, "--max-calls", "5", "--json")
            #expect(resumed.status == 3)
            let need = try #require(try JSONParser.parse(resumed.output)["need"])
            let (unknown, reserved) = (need["unknown"]?["calls"]?.int ?? 0, need["reserved"]?["calls"]?.int ?? 0)
            #expect(unknown > 0 && unknown + reserved == experiment.calls, "\(need)")
            let words = try resumed.problem()?["message"]?.string ?? ""
            #expect(words.contains("whose outcome isn't known"), "\(words)")
            let finished = try await place.cairn("run", place.experiment, "--max-calls", "100")
            #expect(finished.status == 0, "\(finished.errorText)")
            let jobs = try #require(try await place.json("query", "jobs").array)
            #expect(jobs.count == experiment.calls)
            for job in jobs {
                let (begun, ended) = (try #require(job["firstLeased"]?.int), try #require(job["finished"]?.int))
                let worked = try #require(job["worked"]?.int)
                #expect(worked > 0 && worked < ended - begun, "the pause between two leases isn't work: \(job)")
            }
            try await place.expectSoundStore()
        }

        @Test func `a signal cancels a thousand calls that hang; they are given back and asked again`() async throws {
            let simulation = Simulation(faults: [FaultRule(kinds: [.hang])])
            try await SimulatedServer.run(simulation) { server in
                let experiment = Experiment(
                    provider: "openai-compatible", baseURL: server.baseURL, scenarios: 500, turns: 1, hasJudge: false,
                    concurrency: 1_000, timeoutSeconds: 600)
                let place = try Workplace(experiment)
                let log = try LMDBLog.open(at: place.store)
                defer { log.close() }
                let run = try place.start(["run", place.experiment])
                let calls = EventFilter(types: [EventType("llm.callStarted")])
                #expect(try await run.runs(until: log, has: 1_000, matching: calls))
                run.child.send(SIGINT)
                let stopped = await run.result
                #expect(stopped.status == 3, "\(stopped.errorText.suffix(2_000))")
                #expect(try await place.events("job.released").count == 1_000)
                let resumed = try await place.cairn("run", place.experiment)
                #expect(resumed.status == 0, "\(resumed.errorText.suffix(2_000))")
                #expect(try await place.events("llm.callOutcomeUnknown").count == 1_000)
                #expect(try await place.events("llm.callCompleted").count == experiment.calls)
                try await place.expectSoundStore()
            }
        }
    }
}
