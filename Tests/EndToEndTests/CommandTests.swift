import CanonicalJSON
import EventLog
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct CommandTests {
        /// Commands that answer on any store, in words.
        private static let commands = [
            "query runs", "query cells", "query cells --missing", "query jobs", "query jobs --state failed",
            "query jobs --kind judge", "query transcripts", "query transcripts --model sim-careful --limit 2",
            "query scores", "query rankings", "query usage", "query usage --model sim-hasty",
            "query jobs --at 2026-01-01T00:00:00Z", "replay rebuild", "replay verify", "replay execute",
            "audit verify", "doctor --offline",
        ]

        private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

        @Test func `every command answers --json with one document on standard output and nothing else`() async throws {
            let full = try Workplace(Experiment())
            let run = try await full.cairn("run", full.experiment, "--json")
            #expect(run.status == 0, "\(run.errorText)")
            let summary = try JSONParser.parse(run.output)
            #expect(summary["stage"] == "complete" && summary["drained"] == false)
            let job = try #require(try await full.json("query", "jobs")[0]?["job"]?.string)
            let empty = try Workplace(Experiment())
            try LMDBLog.open(at: empty.store).close()
            let commands = Self.commands + ["run experiment.yaml"]
            for (place, commands) in [(full, commands + ["query job \(job)", "query runs --at 0"]), (empty, commands)] {
                for command in commands {
                    let result = try await place.start(Self.words(command) + ["--json"]).result
                    #expect(result.status == 0, "\(command): \(result.errorText)")
                    #expect(throws: Never.self, "\(command): \(result.text)") { try JSONParser.parse(result.output) }
                    #expect(result.output.count { $0 == UInt8(ascii: "\n") } == 1, "\(command): one line")
                }
            }
        }

        @Test func `without --json tables go to standard output, and that there is nothing to standard error`()
            async throws
        {
            let place = try Workplace(Experiment())
            try LMDBLog.open(at: place.store).close()
            let nothing = try await place.cairn("query", "runs")
            #expect(nothing.status == 0 && nothing.output.isEmpty && !nothing.errors.isEmpty)
            let run = try await place.cairn("run", place.experiment)
            #expect(run.text.hasPrefix("RANK  MODEL"), "\(run.text)")
            #expect(run.text.split(separator: "\n").count == 3, "a header and two models: \(run.text)")
            #expect(run.errorText.contains("6 of 6 cells done"))
            for (command, known) in [
                ("query scores --model nobody", "sim-careful"), ("query cells --scenario nowhere", "s0"),
                ("query jobs --judge none", "judge"), ("query usage --model nobody", "sim-hasty"),
                ("query transcripts --model nobody", "sim-judge"), ("query job 0123456789", "query jobs"),
            ] {
                let result = try await place.start(Self.words(command)).result
                #expect(result.status == 2 && result.errorText.contains(known), "\(command): \(result.errorText)")
            }
            for command in Self.commands where !command.contains("failed") && !command.contains("missing") {
                let result = try await place.start(Self.words(command)).result
                #expect(result.status == 0, "\(command): \(result.errorText)")
                #expect(result.output.isEmpty == command.contains("--at"), "\(command): \(result.text)")
                #expect(!result.output.contains(0x1B), "no colour but on a terminal: \(command)")
            }
        }

        @Test(arguments: [
            ("help nonsense", "there is no command 'nonsense'"), ("help audit verfy", "did you mean “verify”?"),
        ])
        func `help on a command that isn't there is a mistake`(line: String, message: String) async throws {
            let place = try Workplace()
            let result = try await place.start(line.split(separator: " ").map(String.init)).result
            #expect(result.status == 2 && result.errorText.contains(message), "\(result.errorText)")
            #expect(result.output.isEmpty)
        }

        @Test(
            arguments: [
                (["run", "missing.yaml"], 2, "missing.yaml"),
                (["run", "bad.yaml"], 2, "3:23: models[0].provider: there is no provider “simulatd”"),
                (["run", "bad.yaml"], 2, "4:8: turns"),
                (["run", "torn.yaml"], 2, "torn.yaml has problems:\n3:1: this isn't YAML"),
                (["run", "experiment.yaml", "--concurrency", "0"], 2, "--concurrency"),
                (["run"], 2, "Missing expected argument"),
                (["query", "nonsense"], 2, "Usage: cairn query"),
                (["query", "runs", "--no-such-option"], 2, "--no-such-option"),
                (["query", "runs", "--limit", "-1"], 2, "--limit"),
                (["query", "jobs", "--limit", "0"], 2, "how many is a whole number from 1"),
                (["query", "sql", "--limit=0", "SELECT 1"], 2, "how many is a whole number from 1"),
                (["query", "submissions", "--limit=-1"], 2, "how many is a whole number from 1"),
                (["audit", "trail", "--limit", "0"], 2, "how many is a whole number from 1"),
                (["run", "experiment.yaml", "--label", ""], 2, "--label takes a name"),
                (["run", "experiment.yaml", "--label", " \t"], 2, "--label takes a name"),
                (["replay", "what-if", "--ranking", "mean", "--ranking", "median"], 2, "--ranking is given twice"),
                (["query", "runs", "--at", "yesterday"], 2, "yesterday"),
                (["query", "runs", "--at", "99999999"], 2, "99999999"),
                (["query", "jobs", "--state", "faild"], 2, "skipped; found faild; did you mean “failed”?"),
                (["run", "script.yaml"], 2, "5:30: simulation.faults[0].kind: must be one or a list of 400, "),
                (["run", "script.yaml", "--dry-run"], 2, "found \"hagn\"; did you mean “hang”?"),
                (["query", "scores", "--run", "zzz"], 2, "zzz"),
                (["query", "job", "none"], 2, "none"),
                (["query", "transcripts", "--job", "none"], 2, "none"),
                (["query", "runs", "--model", "sim-hasty"], 2, "--model"),
                (["query", "runs", "--store", ""], 2, "--store"),
                (["replay", "execute", "--into", "store"], 2, "exists already"),
                (["audit", "verify", "--expect", "xyz"], 2, "xyz"),
                (["audit", "export", "--type", "Not A Type"], 2, "Not A Type"),
                (["audit", "export", "--stream", "nostream"], 2, "nostream"),
                (["audit", "export", "--from", "9", "--to", "3"], 2, "--from"),
                (["audit", "export", "-o", "no/such/directory/x"], 1, "no/such/directory/x"),
                (["query", "runs", "--store", "nowhere"], 5, "nowhere"),
                (["query", "usage", "--store", "nowhere"], 5, "`cairn run FILE.yaml` makes a store"),
                (["query", "runs", "--store", "experiment.yaml"], 5, "experiment.yaml"),
                (["replay", "verify", "--store", "nowhere"], 5, "nowhere"),
                (["audit", "verify", "--store", "nowhere"], 5, "nowhere"),
                (["run", "experiment.yaml", "--store", "experiment.yaml"], 5, "experiment.yaml"),
            ] as [([String], Int32, String)])
        func `what can't be done is said on standard error, with its exit code`(
            arguments: [String], status: Int32, message: String
        ) async throws {
            let place = try Workplace(Experiment())
            try place.write(
                "name: x\nmodels:\n  - {id: a, provider: simulatd, model: b}\nturns: 3\nscenarios: [{id: s}]\n",
                "bad.yaml")
            try place.write("name: x\nmodels: [\n", "torn.yaml")
            try place.write(
                "name: x\nmodels: [{id: a, provider: simulated, model: b}]\nturns: [{prompt: x}]\nscenarios: [{id: s}]\n"
                    + "simulation: {faults: [{kind: hagn}]}\n", "script.yaml")
            try LMDBLog.open(at: place.store).close()
            let result = try await place.start(arguments).result
            #expect(result.status == status, "\(result.errorText)")
            #expect(result.errorText.contains(message), "\(result.errorText)")
            #expect(result.output.isEmpty, "\(result.text)")
            let asJSON = try await place.start(arguments + ["--json"]).result
            #expect(asJSON.status == status && asJSON.output.isEmpty, "\(asJSON.errorText)")
            let problem = try #require(try asJSON.problem(), "\(asJSON.errorText)")
            let words = [problem["message"], problem["remedy"]].compactMap { $0?.string }.joined(separator: "\n")
            #expect(words.contains(message), "\(words)")
            #expect(problem["code"]?.string?.isEmpty == false)
            #expect(!FileManager.default.fileExists(atPath: place.directory.path("nowhere")))
        }

        @Test func `a model is known by its id in the experiment too, and those that share one are named`() async throws
        {
            let place = try Workplace()
            try place.write(
                """
                name: shared
                models:
                  - {id: cool, provider: simulated, model: sim-careful}
                  - {id: hot, provider: simulated, model: sim-careful, parameters: {temperature: 1}}
                  - {id: arbiter, provider: simulated, model: sim-judge, role: judge}
                scenarios: [{id: s, variables: {topic: trust}}]
                turns: [{prompt: "What is {{topic}}?"}, {prompt: More.}]
                judges: [{id: quality, model: arbiter, criteria: [{id: clear, description: Easy}]}]
                """, "experiment.yaml")
            #expect(try await place.cairn("run", place.experiment).status == 0)
            for name in ["cool", "hot", "sim-careful"] {
                let usage = try await place.json("query", "usage", "--model", name)
                #expect(usage.array?.count == 1 && usage[0]?["names"] == ["cool", "hot"], "\(name): \(usage)")
            }
            #expect(try await place.json("query", "usage", "--model", "arbiter")[0]?["purpose"] == "judge")
            let judged = try #require(try await place.json("query", "transcripts", "--model", "arbiter").array)
            #expect(judged.count == 2 && judged.allSatisfy { $0["purpose"] == "judge" })
            let first = try #require(
                try await place.json("query", "transcripts", "--kind", "probe", "--limit", "1").array)
            #expect(first.count == 2 && first[0]["job"] == first[1]["job"], "one conversation of two turns")
        }

        @Test func `a head that isn't ours is a difference, and help and version are none`() async throws {
            let place = try Workplace()
            try LMDBLog.open(at: place.store).close()
            let other = try await place.cairn(
                "audit", "verify", "--json", "--expect", String(repeating: "0", count: 64))
            #expect(other.status == 4)
            #expect(try JSONParser.parse(other.output)["valid"] == false)
            for arguments in ["--help", "--version", "help query", "replay execute --help"] {
                let result = try await place.start(Self.words(arguments)).result
                #expect(result.status == 0 && !result.output.isEmpty && result.errors.isEmpty, "\(arguments)")
            }
            let doctor = try await place.cairn("doctor", "--offline", "--json", "--store", "nowhere")
            #expect(doctor.status == 5)
            let bad = try JSONParser.parse(doctor.output).array?.first { $0["verdict"] == "bad" }
            let stats = try await place.cairn("store", "stats", "--json", "--store", "nowhere")
            let problem = try #require(try stats.problem())
            let words = [problem["message"]?.string, problem["remedy"]?.string].compactMap(\.self)
            #expect(bad?["message"]?.string == words.joined(separator: "; "), "the same words as of all others")
        }

        @Test func `a run with holes exits with 3, and each missing cell tells why`() async throws {
            let experiment = Experiment(
                scenarios: 10, maxAttempts: 2,
                simulation: ["faults: {rate: 0.15, kinds: [500], first_attempts: 1000}"])
            let place = try Workplace(experiment)
            let run = try await place.cairn("run", place.experiment)
            #expect(run.status == 3, "\(run.errorText.suffix(2_000))")
            #expect(run.errorText.contains("cairn query cells --missing"))
            let cells = try await place.cells(of: experiment.cells)
            let missing = try #require(try await place.json("query", "cells", "--missing").array)
            #expect(!missing.isEmpty && missing.count < experiment.cells)
            #expect(missing.count == cells["failed", default: 0] + cells["skipped", default: 0])
            for cell in missing { #expect(cell["class"] == "serverError", "\(cell)") }
            #expect(try await place.json("query", "runs")[0]?["stage"] == "incomplete")
            let again = try await place.cairn("run", place.experiment, "--retry-failed")
            #expect(again.status == 3)
            #expect(try await place.cells(of: experiment.cells) == cells)
            try await place.expectSoundStore()
        }
    }
}
