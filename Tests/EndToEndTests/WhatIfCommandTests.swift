import CanonicalJSON
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct WhatIfCommandTests {
        private static func experiment(_ simulation: [String] = []) -> Experiment {
            var experiment = Experiment(scenarios: 6, turns: 1, simulation: simulation)
            experiment.models = ["sim-careful", "sim-hasty", "sim-terse"]
            experiment.modelFields =
                ", parameters: {max_tokens: 200}, prices: {input_cost_per_token: 0.000001, output_cost_per_token: 0.000005}"
            return experiment
        }

        private static func finished(_ experiment: Experiment = experiment()) async throws -> Workplace {
            let place = try Workplace(experiment)
            let run = try await place.cairn("run", place.experiment)
            try #require(run.status == 0 || run.status == 3, "\(run.errorText.suffix(2_000))")
            return place
        }

        /// The fork verifies by itself, as a stranger would check it.
        private static func check(_ fork: String, in place: Workplace) async throws {
            let audit = try await place.json("audit", "verify", "--store", fork)
            #expect(audit["head"]?.string?.isEmpty == false, "\(audit)")
            let verified = try await place.json("replay", "verify", "--store", fork)
            #expect(verified["identical"] == true, "\(verified)")
            let executed = try await place.json("replay", "execute", "--store", fork)
            #expect(executed["identical"] == true && executed["head"] == audit["head"], "\(executed)")
        }

        @Test func `other weights move ranks without a call, and the kept fork has the same ranking`() async throws {
            let place = try await Self.finished()
            let before = try await place.json("audit", "verify")["head"]
            let quick = try await place.json("replay", "what-if", "--weights", "clear=5,sound=0.25")
            #expect(quick["calls"] == 0 && quick["head"] == before)
            let kept = try await place.json("replay", "what-if", "--weights", "clear=5,sound=0.25", "-o", "reweighed")
            #expect(kept["runs"] == quick["runs"])
            let ranking = try await place.json("query", "rankings", "--store", "reweighed")
            #expect(ranking.array?.first?["ranking"]?["entries"] == quick["runs"]?.array?.first?["after"]?["entries"])
            try await Self.check("reweighed", in: place)
            let created = try #require(
                try await place.json("replay", "what-if", "--ranking", "mean", "--store", "reweighed")["parent"])
            #expect(created == kept["fork"]?["store"])
        }

        @Test func `the same fork of the same head has the same head, and executes again`() async throws {
            let place = try await Self.finished()
            let head = try #require(try await place.json("audit", "verify")["head"])
            let changes = ["--weights", "sound=7", "--without", "model=sim-hasty", "--without", "scenario=s1"]
            let first = try await place.start(["replay", "what-if"] + changes + ["-o", "one", "--json"]).result
            try #require(first.status == 0, "\(first.errorText)")
            let fork = try JSONParser.parse(first.output)["fork"]
            try await Self.check("one", in: place)
            let executed = try await place.json("replay", "execute", "--store", "one")
            #expect(executed["identical"] == true && executed["head"] == fork?["head"], "\(executed)")
            let cells = try await place.json("query", "runs", "--store", "one").array?.first?["cells"]
            #expect(cells?["done"] == 10 && cells?["outstanding"] == 0, "\(cells as Any)")
            #expect(try await place.json("replay", "what-if", "--ranking", "median")["head"] != head)
        }

        @Test func `another table prices recorded usage anew`() async throws {
            let place = try await Self.finished()
            let models = ["sim-careful", "sim-hasty", "sim-terse", "sim-judge"]
            let prices = models.map { "\"\($0)\": {\"input_cost_per_token\": 2e-06, \"output_cost_per_token\": 1e-05}" }
            try place.write("{\(prices.joined(separator: ", "))}", "twice.json")
            let answer = try await place.json("replay", "what-if", "--prices", "twice.json", "-o", "dear")
            let run = try #require(answer["runs"]?.array?.first)
            let (before, after) = (run["before"]?["cost"]?["total"]?.int, run["after"]?["cost"]?["total"]?.int)
            #expect(before.map { $0 > 0 && after == 2 * $0 } == true, "\(run)")
            try await Self.check("dear", in: place)
            let diff = try await place.json("diff", "store", "dear")
            let usage = try #require(diff["runs"]?.array?.first?["usage"]?.array)
            #expect(usage.allSatisfy { $0["second"]?["cost"]?.int == $0["first"]?["cost"]?.int.map { 2 * $0 } })
            #expect(usage.reduce(0) { $0 + ($1["second"]?["cost"]?.int ?? 0) } == after)
        }

        @Test func `fewer attempts give up what was answered later, and the pipeline goes on from there`() async throws
        {
            var experiment = Self.experiment(["faults: {rate: 0.3, kinds: [500]}"])
            experiment.maxAttempts = 8
            let place = try await Self.finished(experiment)
            let once = try await place.json("replay", "what-if", "--retry", "attempts=1", "-o", "once")
            #expect(once["calls"] == 0)
            try await Self.check("once", in: place)
            // In the words of the pipeline that would have given up.
            let ends = try await place.cairn("audit", "export", "--type", "job.failed", "--store", "once").text
            #expect(ends.contains(#""message":"turn 0: HTTP 500"#), "\(ends.prefix(2_000))")
            let failed = try await place.json("query", "runs", "--store", "once").array?.first?["cells"]
            #expect((failed?["failed"]?.int ?? 0) + (failed?["skipped"]?.int ?? 0) > 0, "\(failed as Any)")
            #expect(failed?["outstanding"] == 0)
            #expect(once["fork"]?["taken"]?["leftOut"]?.int ?? 0 > 0)
        }

        @Test func `a call that the recording can't answer is named, and sent and marked if that is allowed`()
            async throws
        {
            var experiment = Self.experiment(["faults: {rate: 0.45, kinds: [500]}"])
            experiment.maxAttempts = 1
            let place = try await Self.finished(experiment)
            let refused = try await place.cairn("replay", "what-if", "--retry", "attempts=9", "-o", "more")
            #expect(refused.status == 1, "\(refused.text) \(refused.errorText)")
            #expect(refused.errorText.contains("no answer to attempt 2 of the call"), "\(refused.errorText)")
            #expect(!FileManager.default.fileExists(atPath: place.directory.path("more")))
            let sent = try await place.cairn(
                "replay", "what-if", "--retry", "attempts=9", "--allow-live", "-o", "more", "--json")
            try #require(sent.status == 0, "\(sent.errorText)")
            let live = try JSONParser.parse(sent.output)
            let told = try sent.errors.split(separator: UInt8(ascii: "\n")).map { try JSONParser.parse(Array($0)) }
            let waits = told.filter { $0["message"] == "call waits for its next attempt" }
            #expect(!waits.isEmpty && waits.allSatisfy { $0["metadata"]?["provider"] == "simulated" }, "\(told)")
            #expect(waits.allSatisfy { $0["metadata"]?["until"]?.string?.hasSuffix("Z") == true }, "\(told)")
            let calls = try #require(live["calls"]?.int)
            #expect(calls > 0)
            try await Self.check("more", in: place)
            let marks = try await place.cairn("audit", "export", "--type", "fork.callSent", "--store", "more")
            #expect(marks.output.count { $0 == UInt8(ascii: "\n") } == calls, "\(marks.errorText)")
            let done = try await place.json("query", "runs", "--store", "more").array?.first?["cells"]
            #expect(done?["failed"] == 0 && done?["skipped"] == 0, "\(done as Any)")
        }

        @Test func `with several changes a call is sent once for all of the forks`() async throws {
            var experiment = Self.experiment(["faults: {rate: 0.45, kinds: [500]}"])
            experiment.maxAttempts = 1
            let place = try await Self.finished(experiment)
            let alone = try await place.json("replay", "what-if", "--retry", "attempts=9", "--allow-live")
            let calls = try #require(alone["calls"]?.int)
            let several = try await place.json(
                "replay", "what-if", "--retry", "attempts=9", "--weights", "clear=3", "--ranking", "median",
                "--allow-live",
                "-o", "several")
            #expect(calls > 0 && several["calls"]?.int == calls, "\(several)")
            let marks = try await place.cairn("audit", "export", "--type", "fork.callSent", "--store", "several")
            #expect(marks.output.count { $0 == UInt8(ascii: "\n") } == calls, "\(marks.errorText)")
            try await Self.check("several", in: place)
        }

        @Test func `a smaller budget stops the fork where it is used up`() async throws {
            let place = try await Self.finished()
            let stopped = try await place.json("replay", "what-if", "--budget", "calls=7", "-o", "poor")
            #expect(stopped["calls"] == 0)
            let run = try #require(try await place.json("query", "runs", "--store", "poor").array?.first)
            #expect(run["stage"] == "stopped", "\(run)")
            // What isn't there any more isn't changed.
            let result = try #require(stopped["runs"]?[0])
            let gone = (result["before"]?["scored"]?.int ?? 0) - (result["after"]?["scored"]?.int ?? 0)
            #expect(result["goneScores"]?.int == gone && result["changedScores"] == 0, "\(result)")
            let diff = try await place.json("diff", "store", "poor")
            let transcripts = try #require(diff["runs"]?[0]?["transcripts"])
            let more = try #require(transcripts["more"]?.int)
            #expect(transcripts["examples"]?.array?.count == 20 && more > 0, "\(transcripts)")
            let words = try await place.cairn("diff", "store", "poor").text
            #expect(words.contains("… and \(more) others; --all shows them"), "\(words)")
            let all = try await place.json("diff", "store", "poor", "--all")["runs"]?[0]?["transcripts"]
            #expect(all?["examples"]?.array?.count == 20 + more && all?["more"] == 0)
            try await Self.check("poor", in: place)
        }

        @Test func `a fork that a budget stopped forks like a store that one stopped`() async throws {
            let place = try await Self.finished()
            _ = try await place.json("replay", "what-if", "--budget", "calls=7", "-o", "poor")
            for (index, change) in [["--budget", "calls=4"], ["--retry", "attempts=1"]].enumerated() {
                let arguments = ["replay", "what-if", "--store", "poor"] + change + ["--json"]
                let again = try await place.start(arguments + ["-o", "again-\(index)"]).result
                try #require(again.status == 0, "\(change): \(again.errorText)")
                let answer = try JSONParser.parse(again.output)
                #expect(answer["calls"] == 0, "\(answer)")
                try await Self.check("again-\(index)", in: place)
            }
            // A fork's fork, whose process is the third on the run.
            _ = try await place.json("replay", "what-if", "--store", "again-0", "--budget", "calls=2", "-o", "third")
            try await Self.check("third", in: place)
            let rich = try await place.cairn("replay", "what-if", "--store", "poor", "--budget", "calls=1000")
            #expect(rich.status == 1 && rich.errorText.contains("the recording has no answer to"), "\(rich.errorText)")
            #expect(rich.errorText.contains("--allow-live"), "\(rich.errorText)")
        }

        @Test func `a fork of one of two runs holds, whichever it is`() async throws {
            let place = try Workplace(Self.experiment())
            for label in ["a", "b"] {
                let run = try await place.cairn("run", place.experiment, "--label", label)
                try #require(run.status == 0, "\(run.errorText.suffix(2_000))")
            }
            let runs = try #require(try await place.json("query", "runs").array).compactMap { $0["run"]?.string }
            try #require(runs.count == 2)
            for (index, run) in runs.enumerated() {
                for (number, change) in [["--ranking", "median"], ["--without", "model=sim-hasty"]].enumerated() {
                    let fork = "fork-\(index)-\(number)"
                    let answer = try await place.json(
                        "replay", "what-if", "--run", run, change[0], change[1], "-o", fork)
                    #expect(answer["runs"]?.array?.count == 1 && answer["fork"]?["others"] == nil, "\(answer)")
                    try await Self.check(fork, in: place)
                    let other = try #require(runs.first { $0 != run })
                    let bundled = try await place.cairn(
                        "bundle", "create", other, "--store", fork, "-o", "\(fork).zip")
                    try #require(bundled.status == 0, "\(bundled.errorText)")
                    #expect(bundled.text.contains("fork of the store "), "\(bundled.text)")
                    let verdict = try await place.json("bundle", "verify", "\(fork).zip")
                    #expect(verdict["valid"] == true && verdict["diverged"] == 0, "\(verdict)")
                }
            }
        }

        @Test func `what another run reused is asked anew where a fork leaves it out, and that is said`() async throws {
            var experiment = Self.experiment()
            experiment.settings = ["reuse: store"]
            let place = try Workplace(experiment)
            for label in ["a", "b"] {
                let run = try await place.cairn("run", place.experiment, "--label", label)
                try #require(run.status == 0, "\(run.errorText.suffix(2_000))")
            }
            let all = try #require(try await place.json("query", "runs").array)
            let runs = all.compactMap { $0["run"]?.string }
            try #require(runs.count == 2)
            let reused = try await place.cairn("audit", "export", "--type", "llm.callReused").text
            let asking = try #require(runs.first { reused.contains("\"run\":\"\($0)\"") })
            let answering = try #require(runs.first { $0 != asking })
            let words = try await place.cairn(
                "replay", "what-if", "--run", answering, "--budget", "calls=5", "-o", "cut")
            #expect(words.status == 0 && words.text.contains("run \(asking) had reused answers"), "\(words.errorText)")
            try await Self.check("cut", in: place)
            let stages = try #require(try await place.json("query", "runs", "--store", "cut").array)
            #expect(stages.first { $0["run"]?.string == asking }?["stage"] == "complete", "\(stages)")
            #expect(stages.first { $0["run"]?.string == answering }?["stage"] == "stopped", "\(stages)")
            _ = try await place.json("replay", "what-if", "--budget", "calls=5", "-o", "both")
            try await Self.check("both", in: place)
        }

        @Test func `other waits are told as they are typed, and the fork executes to its head`() async throws {
            let place = try await Self.finished(Self.experiment(["faults: {rate: 0.3, kinds: [500]}"]))
            let waits = try await place.json("replay", "what-if", "--retry", "base=2s,cap=60s", "-o", "waits")
            #expect(waits["calls"] == 0, "\(waits)")
            try await Self.check("waits", in: place)
            let words = try await place.cairn("replay", "execute", "--store", "waits").text
            #expect(words.contains("nothing to execute again"), "\(words)")
            #expect(words.contains("the fork did nothing more itself"), "\(words)")
        }

        @Test func `what fits one run and not another is told with the run that it fits`() async throws {
            let place = try await Self.finished()
            try place.write(Self.experiment().text.replacing("id: clear", with: "id: vivid"), "other.yaml")
            try #require(try await place.cairn("run", "other.yaml").status == 0)
            let runs = try #require(try await place.json("query", "runs").array).compactMap { $0["run"]?.string }
            try #require(runs.count == 2)
            let change = ["replay", "what-if", "--weights", "clear=2"]
            let refused = try await place.start(change).result
            let said = try #require(
                runs.first { refused.errorText.contains("this is about the run \($0)") }, "\(refused.errorText)")
            let other = try #require(runs.first { $0 != said })
            #expect(refused.status == 2 && refused.errorText.contains("no rubric has a criterion “clear”"))
            #expect(refused.errorText.contains("--run \(other)"), "\(refused.errorText)")
            let alone = try await place.start(change + ["--run", other]).result
            #expect(alone.status == 0, "\(alone.errorText)")
            let neither = try await place.cairn("replay", "what-if", "--weights", "loud=2")
            #expect(neither.status == 2 && !neither.errorText.contains("--run"), "\(neither.errorText)")
        }

        @Test func `what doesn't fit the experiment is told with what does`() async throws {
            let place = try await Self.finished()
            let cases = [
                (["--weights", "clera=1"], "clear"), (["--without", "model=sim-carefull"], "sim-careful"),
                (["--ranking", "modus"], "median"), (["--parser", "v9"], "v2"), ([], "nothing is changed"),
                (["--weights", "clear=1e308"], "from 0 to 1000000000"),
                (["--weights", "clear=1,clear=2"], "«clear» twice"),
                (["--weights", "clear=1", "--weights", "clear=1"], "«clear» twice"),
                (["--budget", "tokens=9007199254740992"], "--budget takes"),
            ]
            for (arguments, expected) in cases {
                let result = try await place.start(["replay", "what-if"] + arguments).result
                #expect(result.status == 2 && result.errorText.contains(expected), "\(arguments): \(result.errorText)")
            }
        }
    }

    @Suite struct DiffCommandTests {
        @Test func `a store and itself don't differ, and two runs of one are compared cell by cell`() async throws {
            let place = try Workplace(Experiment(scenarios: 4, turns: 1))
            for label in ["a", "b"] {
                let run = try await place.cairn("run", place.experiment, "--label", label)
                try #require(run.status == 0, "\(run.errorText.suffix(2_000))")
            }
            let same = try await place.json("diff", "store", "store")
            #expect(same["events"]?["firstDifference"] == nil)
            let runs = try #require(try await place.json("query", "runs").array).compactMap { $0["run"]?.string }
            let diff = try await place.json("diff", "store", "--run", runs[0], "--other", runs[1])
            let pair = try #require(diff["runs"]?.array?.first)
            #expect(pair["first"]?.string == runs[0] && pair["second"]?.string == runs[1])
            // The simulated provider answers the same to the same question.
            #expect(pair["transcripts"]?["same"] == 16, "\(pair)")
            let scores = try #require(pair["scores"]?.array)
            #expect(scores.allSatisfy { $0["shift"]?["shift"] == 0 && $0["shift"]?["pairs"] == 4 }, "\(scores)")
        }

        @Test func `what a fork changed nothing of is the same in it, at other positions`() async throws {
            let place = try Workplace(Experiment(scenarios: 2, turns: 1))
            for label in ["a", "b"] {
                let run = try await place.cairn("run", place.experiment, "--label", label)
                try #require(run.status == 0, "\(run.errorText.suffix(2_000))")
            }
            let runs = try #require(try await place.json("query", "runs").array).compactMap { $0["run"]?.string }
            _ = try await place.json("replay", "what-if", "--run", runs[0], "--ranking", "median", "-o", "median")
            let other = try await place.json("diff", "store", "median", "--run", runs[1])
            #expect(other["events"]?["firstDifference"] == nil, "\(other)")
            let changed = try await place.json("diff", "store", "median", "--run", runs[0])
            #expect(changed["events"]?["firstDifference"]?["fields"]?[0]?["path"] == "$.definition", "\(changed)")
            _ = try await place.json("replay", "what-if", "--parser", "v1", "-o", "v1")
            let same = try await place.json("diff", "store", "v1")["events"]?["firstDifference"]
            #expect(same?["first"]?["type"] != "ranking.computed", "\(same as Any)")
        }

        @Test func `costs that nobody knows aren't shown as nothing, and counted`() async throws {
            let place = try Workplace(Experiment(scenarios: 2, turns: 1))
            try #require(try await place.cairn("run", place.experiment).status == 0)
            let words = try await place.cairn("diff", "store", "store").text
            #expect(!words.contains("$0"), "\(words)")
            #expect(
                words.contains("cost ? and 8 answers without a price → ? and 8 answers without a price"), "\(words)")
            let models = ["sim-careful", "sim-hasty", "sim-judge"]
            let prices = models.map { "\"\($0)\": {\"input_cost_per_token\": 2e-06, \"output_cost_per_token\": 1e-05}" }
            try place.write("{\(prices.joined(separator: ", "))}", "prices.json")
            let priced = try await place.cairn("replay", "what-if", "--prices", "prices.json")
            #expect(
                priced.text.contains("cost ? and 8 answers without a price → $"), "\(priced.text) \(priced.errorText)")
            let sums = try await place.json("query", "sql", "SELECT cost_nano_usd, cost_usd, without_cost FROM usage")
            let rows = try #require(sums.array)
            #expect(!rows.isEmpty && rows.allSatisfy { ($0["without_cost"]?.int ?? 0) > 0 })
            let known = rows.filter { row in
                [row["cost_nano_usd"], row["cost_usd"]].contains { $0 != nil && $0 != .null }
            }
            #expect(known.isEmpty, "\(rows)")
        }
    }
}
