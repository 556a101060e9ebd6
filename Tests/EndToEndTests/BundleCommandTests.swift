import CanonicalJSON
import EventLog
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct BundleCommandTests {
        private static func place(runs: Int = 1) async throws -> Workplace {
            let place = try Workplace(Experiment(scenarios: 2))
            for number in 0..<runs {
                let run = try await place.cairn("run", place.experiment, "--label", "number \(number)")
                try #require(run.status == 0, "\(run.errorText)")
            }
            return place
        }

        private static func names(_ place: Workplace) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: place.directory.path).sorted()
        }

        @Test func `every command about a run takes it by place and as an option`() async throws {
            let place = try await Self.place(runs: 2)
            let run = try #require(try await place.json("query", "runs").array?.first?["run"]?.string)
            let commands: [(words: [String], output: String)] = [
                (["bundle", "create"], "a.zip"),
                (["bundle", "prove-sample", "--model", "sim-hasty", "--scenario", "s1"], "b.zip"),
                (["export", "inspect"], "c"), (["export", "every-eval-ever"], "d"),
            ]
            for (words, output) in commands {
                for choice in [[run], ["--run", run], ["--run", String(run.prefix(12))]] {
                    let result = try await place.start(words + choice + ["-o", output]).result
                    #expect(result.status == 0, "\(words + choice): \(result.errorText)")
                }
                let twice = try await place.start(words + [run, "--run", run, "-o", output]).result
                #expect(twice.status == 2 && twice.errorText.contains("twice"), "\(words): \(twice.errorText)")
                let open = try await place.start(words + ["-o", output]).result
                #expect(open.status == 2 && open.errorText.contains("2 runs"), "\(words): \(open.errorText)")
            }
        }

        @Test func `a file that isn't there is a mistake of usage, and one that isn't whole is not`() async throws {
            let place = try await Self.place()
            for words in [
                ["bundle", "verify", "no.zip"], ["bundle", "replay", "no.zip"],
                ["bundle", "import", "no.zip", "--store", "copy"], ["audit", "import", "no.jsonl", "--store", "copy"],
            ] {
                let result = try await place.start(words + ["--json"]).result
                #expect(result.status == 2, "\(words): \(result.errorText)")
                #expect(try result.problem()?["code"] == "usage", "\(words): \(result.errorText)")
            }
            #expect(try Self.names(place) == ["experiment.yaml", "store"])
            try place.write("no bundle", "some.zip")
            #expect(try await place.cairn("bundle", "verify", "some.zip").status == 4)
            #expect(try await place.cairn("bundle", "import", "some.zip", "--store", "copy").status == 1)
            #expect(try Self.names(place) == ["experiment.yaml", "some.zip", "store"])
        }

        @Test func `how far a run had come is said where it isn't finished`() async throws {
            var experiment = Experiment(scenarios: 2)
            experiment.settings = ["budget: {max_calls: 3}"]
            let place = try Workplace(experiment)
            try #require(try await place.cairn("run", place.experiment).status == 3)
            let run = try #require(try await place.json("query", "runs").array?.first)
            let (done, outstanding) = (run["cells"]?["done"]?.int ?? -1, run["cells"]?["outstanding"]?.int ?? -1)
            let note = "\(done) of \(done + outstanding) cells"
            let made = try await place.json("bundle", "create", "-o", "part.zip")
            let verified = try await place.json("bundle", "verify", "part.zip")
            for answer in [made, verified] {
                #expect(answer["stage"] == "stopped" && answer["cells"] == run["cells"], "\(answer)")
            }
            for words in [["bundle", "create", "-o", "part.zip"], ["bundle", "verify", "part.zip"]] {
                let text = try await place.start(words).result.text
                #expect(text.contains("not finished (stopped): \(note)"), "\(text)")
            }
            let (readme, crate) = (
                try Self.file("README.md", of: place), try Self.file("ro-crate-metadata.json", of: place)
            )
            #expect(readme.contains("The run isn't finished: \(note)") && !readme.contains("ranked"), "\(readme)")
            #expect(crate.contains("The run isn't finished: \(note)") && !crate.contains("ranked"), "\(crate)")
            #expect(!crate.contains("endTime"), "\(crate)")

            try #require(try await place.cairn("run", place.experiment, "--max-calls", "1000").status == 0)
            let whole = try await place.json("bundle", "create", "-o", "part.zip")
            #expect(whole["stage"] == "complete" && whole["cells"]?["outstanding"] == 0, "\(whole)")
            let text = try await place.cairn("bundle", "verify", "part.zip").text
            #expect(!text.contains("finished"), "\(text)")
            #expect(
                try Self.file("README.md", of: place).contains("was answered, scored and ranked, as it was recorded"))
            #expect(try Self.file("ro-crate-metadata.json", of: place).contains("endTime"))
        }

        /// A file of the bundle `part.zip`.
        private static func file(_ name: String, of place: Workplace) throws -> String {
            let script = "import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))"
            return try ChildProcess.run("/usr/bin/python3", ["-c", script, place.directory.path("part.zip"), name]).text
        }

        @Test func `what failed isn't in the access trail, and what was made is, with whole keys`() async throws {
            let place = try await Self.place()
            let key = try #require(try await place.json("audit", "key", "create")["key"]?.string)
            for words in [
                ["bundle", "create", "--head", "5", "-o", "a.zip"], ["bundle", "create", "-o", "nowhere/a.zip"],
                ["bundle", "prove-sample", "--model", "nobody", "--scenario", "s1", "-o", "b.zip"],
                ["bundle", "prove-sample", "--model", "sim-careful", "--scenario", "nowhere", "-o", "b.zip"],
                ["export", "jsonl", "-o", "nowhere/events.jsonl"], ["export", "jsonl", "--run", "zz", "-o", "e.jsonl"],
                ["export", "sqlite", "-o", "nowhere/results.db"], ["export", "csv", "-o", "nowhere/deep"],
                ["export", "csv", "--table", "nothing"], ["export", "inspect", "-o", "experiment.yaml"],
                ["export", "every-eval-ever", "-o", "experiment.yaml"], ["audit", "tiles", "-o", "experiment.yaml"],
                ["replay", "what-if", "--ranking", "median", "-o", "store"],
            ] {
                let result = try await place.start(words).result
                #expect(result.status != 0, "\(words)")
            }
            #expect(try await place.json("audit", "trail").array?.count == 1)
            #expect(try Self.names(place) == ["experiment.yaml", "store"])
            let made = [
                ["bundle", "create", "-o", "a.zip"], ["export", "jsonl", "-o", "e.jsonl"],
                ["export", "sqlite", "-o", "results.db"], ["export", "csv", "-o", "tables"],
                ["export", "csv", "--table", "usage"], ["export", "inspect", "-o", "logs"],
                ["export", "every-eval-ever", "-o", "eee"], ["audit", "tiles", "-o", "tiles"],
                ["replay", "what-if", "--ranking", "median", "-o", "fork"],
            ]
            for words in made {
                let result = try await place.start(words).result
                #expect(result.status == 0, "\(words): \(result.errorText)")
            }
            let trail = try #require(try await place.json("audit", "trail").array).dropFirst()
            #expect(
                trail.compactMap { $0["data"]?["format"]?.string } == [
                    "bundle", "jsonl", "sqlite", "csv", "csv", "inspect", "every-eval-ever", "tlog-tiles",
                ])
            #expect(trail.last?["type"] == "access.forked")
            #expect(trail.count == made.count)
            #expect(try await place.cairn("audit", "trail").text.contains("signing key \(key) created"))
        }

        @Test func `a fork and an import that are killed leave no store, and succeed when tried again`() async throws {
            let place = try await Self.place()
            let run = try await place.cairn("bundle", "create", "-o", "run.zip")
            try #require(run.status == 0, "\(run.errorText)")
            let export = try await place.cairn("export", "jsonl", "--blobs", "inline", "-o", "events.jsonl")
            try #require(export.status == 0, "\(export.errorText)")
            let commands: [(words: [String], made: String)] = [
                (["bundle", "import", "run.zip", "--store", "copy"], "copy"),
                (["audit", "import", "events.jsonl", "--store", "log"], "log"),
                (["replay", "what-if", "--ranking", "median", "-o", "fork"], "fork"),
            ]
            for (words, made) in commands {
                var wasCut = false
                // Where the machine is busy the signal may come after the end.
                for _ in 0..<20 where !wasCut { wasCut = try await Self.killing(words, making: made, in: place) }
                #expect(wasCut, "\(words) ended before it could be killed, each time")
                let again = try await place.start(words).result
                #expect(again.status == 0, "\(words): \(again.errorText)")
                #expect(try Self.partial(of: made, in: place) == nil)
                let audit = try await place.json("audit", "verify", "--store", made)
                #expect(audit["valid"] == true)
                #expect(try await place.json("replay", "verify", "--store", made)["identical"] == true)
            }
            let trail = try #require(try await place.json("audit", "trail").array)
            #expect(trail.filter { $0["type"] == "access.forked" }.count >= 1)
        }

        /// Kills a command as soon as there is something that it could leave behind; false when it ended before.
        private static func killing(_ words: [String], making made: String, in place: Workplace) async throws -> Bool {
            let program = try place.start(words)
            while try !program.child.hasEnded && partial(of: made, in: place) == nil { await Task.yield() }
            program.child.send(SIGKILL)
            let result = await program.result
            let path = place.directory.path(made)
            guard result.status == -SIGKILL, !FileManager.default.fileExists(atPath: path) else {
                try FileManager.default.removeItem(atPath: path)
                return false
            }
            guard let left = try partial(of: made, in: place) else { return false }
            for question in [["query", "runs"], ["audit", "verify"], ["run", "experiment.yaml"]] {
                let answer = try await place.start(question + ["--store", left]).result
                #expect(answer.status == 5, "\(question): \(answer.status)")
                #expect(answer.errorText.contains("give that command again"), "\(answer.errorText)")
            }
            return true
        }

        /// The directory that a command is making.
        private static func partial(of made: String, in place: Workplace) throws -> String? {
            try names(place).first { $0.hasPrefix(made + ".partial-") }
        }
    }
}
