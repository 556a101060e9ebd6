import CanonicalJSON
import Foundation
import SimulatedProviders
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct OutputTests {
        @Test func `an export whose reader goes away ends quietly, and is JSON Lines otherwise`() async throws {
            let place = try Workplace(Experiment(scenarios: 30))
            let run = try await place.cairn("run", place.experiment)
            try #require(run.status == 0, "\(run.errorText)")
            for line in run.errorText.split(separator: "\n").dropLast() {
                #expect(throws: Never.self, "logs are JSON: \(line)") { try JSONParser.parse(Array(line.utf8)) }
            }
            let script = #"set -o pipefail; "$0" audit export --blobs inline | head -1"#
            let piped = try await place.start("/bin/bash", ["-c", script, place.program]).result
            #expect(piped.status == 0 && piped.errors.isEmpty, "\(piped.errorText)")
            #expect(piped.output.count { $0 == UInt8(ascii: "\n") } == 1)
            let whole = try await place.cairn("audit", "export", "--json")
            let lines = whole.output.split(separator: UInt8(ascii: "\n"))
            #expect(whole.errors.isEmpty && whole.output.count > 1 << 17, "more than a pipe holds")
            for line in lines { #expect(throws: Never.self) { try JSONParser.parse(Array(line)) } }
            // Each export is an event itself, which the next one would hold.
            let file = try await place.cairn("audit", "export", "-o", "events.jsonl", "--to", "\(lines.count)")
            #expect(file.status == 0 && file.output.isEmpty && file.errorText.hasSuffix("events in events.jsonl\n"))
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: place.directory.path("events.jsonl"))) == Data(whole.output))
            let told = try await place.json("export", "cloudevents", "-o", "events.ce", "--to", "9")
            #expect(told["events"] == 9 && told["file"] == "events.ce" && told["last"] == 8, "\(told)")
            #expect((told["end"]?.int ?? 0) > lines.count)
        }

        @Test func `a number of events isn't called a position`() async throws {
            let place = try Workplace(Experiment(models: ["sim-careful"], scenarios: 2, hasJudge: false))
            try #require(try await place.cairn("run", place.experiment).status == 0)
            let size = try #require(try await place.json("audit", "verify")["events"]?.int)
            let verified = try await place.cairn("replay", "verify").text
            #expect(verified.contains(" derived of \(size) events\n"), "\(verified)")
            let rebuilt = try await place.cairn("replay", "rebuild").text
            #expect(rebuilt.hasSuffix("identical as of \(size) events\n"), "\(rebuilt)")
            for answer in [try await place.json("replay", "verify"), try await place.json("replay", "rebuild")] {
                #expect(answer["events"]?.int == size && answer["position"]?.int == size, "\(answer)")
            }
            // The event at the position is included: there are ten up to position 9.
            let table = ["export", "csv", "--table", "events", "--at", "9", "-o", "tables"]
            let words = try await place.start(table).result.errorText
            #expect(words.contains("10 rows of 1 tables in tables, as of 10 events\n"), "\(words)")
            let told = try JSONParser.parse(try await place.start(table + ["--json"]).result.output)
            #expect(told["end"] == 10 && told["events"] == 10, "\(told)")
            let trail = try await place.cairn("audit", "trail").text
            #expect(trail.contains("export of csv to tables table=events as of 10 events at head \(size)"), "\(trail)")
        }

        @Test func `an answer that can't be written is a failure`() async throws {
            let place = try Workplace(Experiment())
            #expect(try await place.cairn("run", place.experiment).status == 0)
            let result = try await place.start(
                "/bin/bash", ["-c", #"exec "$0" audit export > /dev/full"#, place.program]
            ).result
            #expect(result.status == 1, "the device has no room: \(result.errorText)")
            #expect(result.errorText.contains("No space left"))
        }

        @Test func `the value of a key reaches neither the store nor any output`() async throws {
            let secret = "sk-e2e-\(String(repeating: "Zq7", count: 9))"
            try await SimulatedServer.run { server in
                var experiment = Experiment(
                    provider: "openai-compatible", baseURL: server.baseURL, keyVariable: "END_TO_END_KEY")
                let place = try Workplace(experiment, environment: ["END_TO_END_KEY": secret, "CAIRN_LOG": "trace"])
                var outputs = [try await place.cairn("run", place.experiment)]
                #expect(outputs[0].status == 0, "\(outputs[0].errorText)")
                // A port at which nobody listens: what a failure says holds no key either.
                experiment.baseURL = "http://127.0.0.1:1/v1"
                experiment.maxAttempts = 1
                try place.write(experiment.text, "refused.yaml")
                outputs.append(try await place.cairn("run", "refused.yaml", "--json"))
                #expect(outputs[1].status == 3, "\(outputs[1].errorText)")
                outputs.append(try await place.cairn("audit", "export", "--blobs", "inline"))
                outputs.append(try await place.cairn("query", "transcripts", "--json"))
                outputs.append(try await place.cairn("doctor", "--offline"))
                outputs.append(try await place.cairn("replay", "execute", "--into", "again"))
                for result in outputs {
                    #expect(!Data(result.output).contains(secret), "standard output")
                    #expect(!Data(result.errors).contains(secret), "standard error")
                }
                let files = try #require(FileManager.default.enumerator(atPath: place.directory.path))
                var count = 0
                for case let name as String in files {
                    guard let data = FileManager.default.contents(atPath: place.directory.path(name)) else { continue }
                    count += 1
                    #expect(!data.contains(secret), "\(name)")
                }
                #expect(count >= 8, "both stores were looked at")
            }
        }
    }
}

extension Data {
    fileprivate func contains(_ text: String) -> Bool { range(of: Data(text.utf8)) != nil }
}
