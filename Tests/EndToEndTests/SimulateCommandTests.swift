import CanonicalJSON
import Foundation
import Glibc
import SimulatedProviders
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct SimulateCommandTests {
        @Test func `it serves an experiment of another process until it is interrupted`() async throws {
            let place = try Workplace()
            try place.write("{latency_ms: 1, faults: [{kind: 503, every: 3}]}", "script.yaml")
            let serving = try ChildProcess(
                place.program, ["simulate", "serve", "--json", "--script", "script.yaml"],
                environment: place.environment, directory: place.directory.path)
            defer { serving.killNow() }
            try #require(serving.wait(forLines: 1), "\(serving.errorsSoFar)")
            let served = try JSONParser.parse(Array(serving.outputSoFar.utf8))
            let base = try #require(served["base_urls"]?["openai"]?.string)
            #expect(served["base_urls"]?.object?.count == 7)
            try place.write(Experiment(provider: "openai-compatible", baseURL: base).text, "experiment.yaml")
            let run = try await place.cairn("run", place.experiment)
            #expect(run.status == 0, "\(run.errorText)")
            #expect(try await !place.events("llm.callFailed").isEmpty)
            serving.send(SIGINT)
            let result = serving.result()
            #expect(result.status == 0 && result.errors.isEmpty, "no word about calls of a run: \(result.errorText)")
        }

        @Test func `a port that another program has is told with the remedy`() async throws {
            try await SimulatedServer.run { server in
                let place = try Workplace()
                let result = try await place.cairn("simulate", "serve", "--port", "\(server.port)")
                #expect(result.status == 1 && result.output.isEmpty)
                #expect(result.errorText.contains("can't serve on port \(server.port): another program listens there"))
                #expect(result.errorText.contains("--port"))
            }
        }

        @Test func `a script that is wrong is told and serves nothing`() async throws {
            let place = try Workplace()
            try place.write("simulation: {faults: [{kind: fire}]}", "script.yaml")
            let result = try await place.cairn("simulate", "serve", "--script", "script.yaml")
            #expect(result.status == 2 && result.output.isEmpty)
            #expect(result.errorText.contains("1:30: simulation.faults[0].kind: must be one or a list of 400, "))
            let absent = try await place.cairn("simulate", "serve", "--script", "absent.yaml")
            #expect(absent.status == 2 && absent.errorText.contains("can't read absent.yaml"))
            let port = try await place.cairn("simulate", "serve", "--port", "70000")
            #expect(port.status == 2 && port.errorText.contains("--port takes a number from 0 to 65535"))
        }
    }
}
