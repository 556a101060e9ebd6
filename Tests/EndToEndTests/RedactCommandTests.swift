import Cairn
import CanonicalJSON
import Determinism
import EventLog
import Foundation
import LMDB
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct RedactCommandTests {
        /// Bytes by which content is found again: parts of it, and of the form that it is kept in.
        private struct Traces {
            private var parts: [Data] = []

            /// Of blobs that are in the store now, but for what stands in others, too.
            init(of digests: [Digest], in place: Workplace) throws {
                let environment = try Environment.open(at: place.store + "/blobs")
                defer { environment.close() }
                let table = try environment.openTable("blobs")
                let wanted = Set(digests.map(\.bytes))
                var (gone, kept): ([Data], [Data]) = ([], [])
                try environment.read { transaction in
                    try transaction.forEach(in: table, .all) { key, value in
                        let key = unsafe key.withUnsafeBytes { unsafe Array($0) }
                        let value = unsafe value.withUnsafeBytes { unsafe Data($0) }
                        if wanted.contains(key) { gone.append(value) } else { kept.append(value) }
                        return true
                    }
                }
                try #require(gone.count == wanted.count)
                for value in gone {
                    for part in Self.parts(of: value) where !kept.contains(where: { $0.range(of: part) != nil }) {
                        parts.append(part)
                    }
                }
            }

            /// From the middle and the end; the beginning of a compressed form is like that of any other.
            private static func parts(of bytes: Data) -> [Data] {
                guard bytes.count >= 48 else { return [] }
                return [bytes.subdata(in: bytes.count / 2..<bytes.count / 2 + 20), Data(bytes.suffix(20))]
            }

            mutating func add(_ text: String) { parts.append(Data(text.utf8)) }

            var count: Int { parts.count }

            /// How many of them are in a file below a directory.
            func found(in directory: String) throws -> Int {
                let names = try #require(FileManager.default.enumerator(atPath: directory)).compactMap { $0 as? String }
                let files = try names.compactMap { name -> Data? in
                    let url = URL(fileURLWithPath: directory + "/" + name)
                    guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { return nil }
                    return try Data(contentsOf: url)
                }
                return parts.count { part in files.contains { $0.range(of: part) != nil } }
            }
        }

        /// A run over three scenarios, of which one is about a person, in long words so that much is kept compressed.
        private static func place(again: Bool = false) async throws -> Workplace {
            var text = Experiment(turns: 2, concurrency: 8).text
            let secret = (0..<90).map { "s3cret\($0 * 7919 % 1000)" }.joined(separator: " ")
            text = text.replacingOccurrences(
                of: #"{topic: "virtue number 1"}"#, with: #"{topic: "\#(secret)", subject: participant-7}"#)
            let place = try Workplace()
            try place.write(text, "experiment.yaml")
            for label in again ? ["one", "two"] : ["one"] {
                let run = try await place.cairn("run", place.experiment, "--label", label)
                try #require(run.status == 0, "\(run.errorText)")
            }
            return place
        }

        private static func digests(_ plan: JSONValue) -> [Digest] {
            (plan["blobs"]?.array ?? []).compactMap { $0.string.flatMap { Digest(hex: $0) } }
        }

        @Test func `what a person's jobs named is in no file afterwards, and the log verifies`() async throws {
            let place = try await Self.place()
            let audit = try await place.json("audit", "verify")
            let head = "\(try #require(audit["events"]?.int)):\(try #require(audit["head"]?.string))"
            let ranking = try await place.json("query", "rankings")
            let transcripts = try #require(try await place.json("query", "transcripts").array)
            let plan = try await place.json(
                "audit", "redact", "--subject", "participant-7", "--shared", "--dry-run")
            #expect(try await place.json("store", "stats")["head"] == audit["head"], "a rehearsal changes nothing")
            var traces = try Traces(of: Self.digests(plan), in: place)
            let answers = { (isTheirs: Bool) in
                transcripts.filter {
                    $0["purpose"] == "probe" && ($0["labels"]?["scenario"] == "s1") == isTheirs
                }.compactMap {
                    $0["answer"]?.string
                }
            }
            for answer in answers(true) {
                let part = String(answer.suffix(30))
                if !answers(false).contains(where: { $0.contains(part) }) { traces.add(part) }
            }
            traces.add("s3cret")
            #expect(traces.count > 20)
            #expect(try traces.found(in: place.store) > traces.count / 2, "the search finds what is there")

            let outcome = try await place.json(
                "audit", "redact", "--subject", "participant-7", "--shared", "--far-reaching", "--reason",
                "withdrew consent")
            #expect(outcome["scrubbed"] == true && outcome["remaining"]?.array?.isEmpty == true, "\(outcome)")
            #expect(outcome["erased"]?.int == Self.digests(plan).count)
            #expect(try traces.found(in: place.store) == 0)

            let after = try await place.json("audit", "verify", "--expect", head)
            #expect(after["verdict"] == "matchesExpectedHead" && (after["erased"]?.int ?? 0) > 0, "\(after)")
            #expect(try await place.json("query", "rankings") == ranking, "what was derived remains")
            let verified = try await place.json("replay", "verify")
            #expect(verified["identical"] == true, "what can't be derived any more is no divergence: \(verified)")
            #expect(try await place.json("replay", "rebuild")["identical"] == true)
            try await Self.expectTold(place, transcripts.count)
            // The definition said whom the scenarios are about, and it is gone with the rest.
            let again = try await place.cairn(
                "audit", "redact", "--subject", "participant-7", "--shared", "--reason", "once more")
            #expect(again.status == 2 && again.errorText.contains("no job is about the subject"), "\(again.errorText)")
            #expect(try await place.json("audit", "trail").array?.count == 1)
        }

        /// Queries show who erased what, why, and which blob it was; nothing else is missing.
        private static func expectTold(_ place: Workplace, _ count: Int) async throws {
            let turns = try #require(try await place.json("query", "transcripts").array)
            #expect(turns.count == count)
            for turn in turns {
                if turn["labels"]?["scenario"] == "s1" {
                    let erased = try #require(turn["erased"]?["answer"], "\(turn)")
                    #expect(erased["why"] == "withdrew consent" && erased["blob"]?.string?.count == 64)
                    #expect(turn["answer"] == nil && turn["requestBody"] == nil)
                } else {
                    #expect(turn["erased"] == nil && turn["answer"] != nil)
                }
            }
            let words = try await place.cairn("query", "transcripts", "--scenario", "s1").text
            #expect(words.contains(": withdrew consent; blob "), "\(words)")
        }

        @Test func `what others name too stays and is listed, unless it is meant`() async throws {
            let place = try await Self.place(again: true)
            let runs = try #require(try await place.json("query", "runs").array).compactMap { $0["run"]?.string }
            try #require(runs.count == 2)
            let outcome = try await place.json("audit", "redact", "--run", runs[0], "--reason", "licence")
            let kept = try #require(outcome["kept"]?.array)
            #expect(!kept.isEmpty, "both runs have one definition")
            #expect(kept.allSatisfy { $0["others"]?.array?.isEmpty == false }, "\(kept)")
            let other = try #require(try await place.json("query", "transcripts", "--run", runs[1]).array)
            #expect(other.allSatisfy { $0["requestBody"] != nil })
            let both = ["--shared", "--far-reaching"]
            let arguments = ["audit", "redact", "--json", "--run", runs[0], "--reason", "licence"]
            let all = try JSONParser.parse(try await place.start(arguments + both).result.output)
            #expect(all["farReaching"]?.array?.contains { $0["role"] == "definition" } == true, "\(all)")
            #expect(all["kept"]?.array?.isEmpty == true && (all["shared"]?.int ?? 0) > 0, "\(all)")
            let nothing = try await place.json("audit", "redact", "--run", runs[0], "--shared", "--reason", "again")
            #expect(nothing["erased"] == 0, "asked again there is nothing left to do: \(nothing)")
            #expect(try await place.json("audit", "trail").array?.count == 2)
            #expect(try await place.json("audit", "verify")["valid"] == true)
            // Neither run can be executed again, which is no success, though their events are taken as recorded.
            let executed = try await place.cairn("replay", "execute", "--json")
            #expect(executed.status == 1, "\(executed.errorText)")
            let report = try JSONParser.parse(executed.output)
            #expect(report["verdict"] == "notExecuted" && report["sessions"] == 0, "\(report)")
            #expect(report["passedOver"]?.array?.map { $0["state"] } == ["erased", "erased"], "\(report)")
            let words = try await place.cairn("replay", "execute")
            #expect(words.text.hasPrefix("nothing could be executed again: "), "\(words.text)")
            #expect(!words.text.contains("identical"))
        }

        @Test func `a blob that is named by its hash is erased after it was said what rests on it`() async throws {
            let place = try await Self.place()
            let submitted = try #require(try await place.events("run.submitted").first)
            let run = try #require(submitted["metadata"]?["run"]?.string)
            let definition = try #require(submitted["data"]?["definition"]?.string)
            let jobs = try #require(submitted["data"]?["jobs"]?.int)
            let plan = try await place.json("audit", "redact", "--blob", definition, "--dry-run")
            #expect(plan["uses"]?.array?.count == 1 && plan["uses"]?[0]?["role"] == "definition", "\(plan)")
            #expect(plan["uses"]?[0]?["jobs"]?.int == jobs && plan["lost"]?["runs"] == [.string(run)], "\(plan)")
            let expected = [
                "what is lost with that:\n  definition of run \(run), with \(jobs) jobs (1 event): its run can't be executed",
                "\n  1 run can't be executed again: \(run)\n",
            ]
            let words = try await place.cairn("audit", "redact", "--blob", definition, "--dry-run").text
            #expect(expected.allSatisfy(words.contains), "\(words)")
            let done = try await place.cairn("audit", "redact", "--blob", definition, "--reason", "licence")
            #expect(done.status == 0 && expected.allSatisfy(done.errorText.contains), "\(done.errorText)")
            #expect(done.text.hasPrefix("1 blob erased for the blob \(definition)"), "\(done.text)")
            let body = try #require(
                try await place.events("llm.callCompleted").first?["data"]?["exchange"]?["body"]?.string)
            let answer = try await place.json("audit", "redact", "--blob", body, "--reason", "licence")
            let derived = try await place.json("replay", "verify")["counts"]?["llm.callCompleted"]?["erased"]
            #expect(derived != nil && answer["lost"]?["derived"]?["llm.callCompleted"] == derived, "\(answer)")
        }

        @Test func `what others rest on is erased only if that is said, and what depends on it is named`() async throws
        {
            let place = try await Self.place()
            let jobs = try #require(try await place.json("query", "jobs", "--kind", "probe").array)
            let job = try #require(jobs.first?["job"]?.string)
            let head = try await place.json("audit", "head")
            let refused = try await place.cairn("audit", "redact", "--job", job, "--shared", "--reason", "mistake")
            #expect(refused.status == 1, "\(refused.errorText)")
            for words in ["definition of run ", "rubric of ", "nothing is erased", "--far-reaching", "no what-if"] {
                #expect(refused.errorText.contains(words), "\(words): \(refused.errorText)")
            }
            #expect(try await place.json("audit", "head") == head)
            let plan = try await place.json("audit", "redact", "--job", job, "--shared", "--dry-run")
            let roles = Set((plan["farReaching"]?.array ?? []).compactMap { $0["role"]?.string })
            #expect(roles.isSuperset(of: ["definition", "rubric"]) && !roles.contains("text"), "\(plan)")
            let alone = try await place.cairn("audit", "redact", "--job", job, "--far-reaching", "--reason", "x")
            #expect(alone.status == 2 && alone.errorText.contains("--shared"), "\(alone.errorText)")
            _ = try await place.json(
                "audit", "redact", "--job", job, "--shared", "--far-reaching", "--reason", "mistake")
            // What needs the definition says that it was erased, and it isn't the words of the command that are wrong.
            for command in [["replay", "what-if", "--ranking", "median"], ["export", "inspect", "-o", "logs"]] {
                let result = try await place.start(command).result
                #expect(result.status == 1, "\(command): \(result.errorText)")
                #expect(result.errorText.contains("the definition of the run "), "\(result.errorText)")
                #expect(result.errorText.contains(": mistake"), "\(result.errorText)")
            }
        }

        @Test func `a what-if that needs an erased answer names the call, the job, the event and the way out`()
            async throws
        {
            let place = try await Self.place()
            let jobs = try #require(try await place.json("query", "jobs").array)
            let probe = try #require(
                jobs.first { $0["kind"] == "probe" && $0["labels"]?["scenario"] == "s1" }?["job"]?.string)
            _ = try await place.json("audit", "redact", "--job", probe, "--reason", "mistake")
            let refused = try await place.cairn("replay", "what-if", "--parser", "v2")
            #expect(refused.status == 1, "\(refused.errorText)")
            let words = refused.errorText
            let turn = try #require(
                try await place.json("query", "transcripts", "--scenario", "s1", "--kind", "judge").array?.first {
                    $0["erased"]?["answer"] != nil
                })
            for part in [
                "the answer of the call \(try #require(turn["call"]?.string)),",
                "needs for score.computed at position ",
                " of the job \(try #require(turn["job"]?.string)),", "was erased by ", ": mistake",
                "leave it out with --without scenario=s1",
            ] {
                #expect(words.contains(part), "\(part): \(words)")
            }
            let out = try await place.json("replay", "what-if", "--parser", "v2", "--without", "scenario=s1")
            #expect(out["runs"]?[0]?["goneScores"]?.int ?? 0 > 0, "\(out)")
        }

        @Test func `a job brings along the judges that were given its answers`() async throws {
            let place = try await Self.place()
            let jobs = try #require(try await place.json("query", "jobs").array)
            let probe = try #require(
                jobs.first { $0["kind"] == "probe" && $0["labels"]?["scenario"] == "s1" }?["job"]?.string)
            let outcome = try await place.json("audit", "redact", "--job", probe, "--reason", "mistake")
            #expect(outcome["dependents"] == 1 && outcome["target"]?["name"]?.string == probe, "\(outcome)")
            #expect(outcome["inEvents"]?.array?.contains { $0["type"] == "job.completed" } == true)
            let judged = try #require(try await place.json("query", "transcripts", "--kind", "judge").array)
            #expect(judged.count { $0["answer"] == nil } == 1)
            #expect(try await place.json("audit", "verify")["valid"] == true)
        }

        @Test func `killed at any moment, a redaction that has begun is finished by the next command`() async throws {
            let place = try await Self.place()
            let arguments = ["audit", "redact", "--subject", "participant-7", "--shared", "--far-reaching"]
            let plan = try await place.start(arguments + ["--dry-run", "--json"]).result
            let traces = try Traces(of: Self.digests(try JSONParser.parse(plan.output)), in: place)
            let there = try traces.found(in: place.store)
            let beginning = ContinuousClock.now
            _ = try await place.start(arguments + ["--dry-run"]).result
            let span = beginning.duration(to: .now)
            var (begun, untouched) = (0, 0)
            for round in 0..<(EndToEndTests.isLong ? 60 : 14) {
                let copy = place.directory.path("copy\(round)")
                try FileManager.default.copyItem(atPath: place.store, toPath: copy)
                let killed = try place.start(arguments + ["--store", copy, "--reason", "asked for"])
                try await Task.sleep(for: span * (0.6 + 0.15 * Double(round % 14)))
                killed.child.send(9)
                _ = await killed.result
                let asked = try await place.json("query", "runs", "--store", copy)
                #expect(asked.array?.count == 1)
                let log = try LMDBLog.open(at: copy, .init(access: .readOnly))
                let events = try log.read(.forward, matching: EventFilter(types: [EventType("blob.erased")])).events
                log.close()
                if events.isEmpty { untouched += 1 } else { begun += 1 }
                let left = try traces.found(in: copy)
                #expect(events.isEmpty ? left == there : left == 0, "round \(round): \(left) of \(there)")
                #expect(!FileManager.default.fileExists(atPath: copy + "/blobs/erasing"))
                #expect(try await place.json("audit", "verify", "--store", copy)["valid"] == true)
            }
            // On a machine that is very slow all may be killed before they begin, and then nothing is shown.
            #expect(begun + untouched == (EndToEndTests.isLong ? 60 : 14))
        }

        @Test(arguments: [
            ["--reason", "x"], ["--job", "j", "--run", "r", "--reason", "x"], ["--run", "r"],
            ["--blob", "12", "--reason", "x"], ["--job", "nobody", "--reason", "x"],
            ["--run", "nobody", "--reason", "x"],
            ["--subject", "nobody", "--reason", "x"],
            ["--blob", String(repeating: "0a", count: 32), "--reason", "x"], ["--job", "", "--reason", "x"],
        ])
        func `a request that says nothing or nonsense is refused`(arguments: [String]) async throws {
            let place = try Workplace()
            let log = try LMDBLog.open(at: place.store)
            log.close()
            let result = try await place.start(["audit", "redact"] + arguments).result
            #expect(result.status == 2, "\(result.errorText)")
        }

        @Test func `while another process has the store open the bytes stay, and go with the next one`() async throws {
            let place = try await Self.place()
            let plan = try await place.json("audit", "redact", "--subject", "participant-7", "--dry-run")
            let traces = try Traces(of: Self.digests(plan), in: place)
            let other = try LMDBLog.open(at: place.store)
            let result = try await place.cairn(
                "audit", "redact", "--subject", "participant-7", "--reason", "asked for", "--json")
            #expect(result.status == 1, "\(result.errorText)")
            #expect(try JSONParser.parse(result.output)["scrubbed"] == false)
            for digest in Self.digests(plan) { #expect(try other.blob(digest) == nil) }
            other.close()
            #expect(try await place.json("query", "runs").array?.count == 1)
            #expect(try traces.found(in: place.store) == 0)
        }
    }
}
