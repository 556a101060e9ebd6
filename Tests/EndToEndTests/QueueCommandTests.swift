import CanonicalJSON
import EventLog
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// The commands of queues, from a submission to what operators do.
    @Suite struct QueueCommandTests {
        private static let flow = """
            {"kind": "count", "name": "first", "input": {"text": "to be or not to be"}}
            {"kind": "count", "name": "second", "input": {"text": "that is the question"}, "priority": 5}

            {"kind": "count", "name": "third", "input": {}, "attempts": 2, "tags": {"fault": "yes"}}
            {"kind": "count", "name": "sum", "input": {"text": "sum"}, "after": ["first", "second"]}
            {"kind": "count", "name": "report", "after": ["sum", "third"]}
            {"kind": "noop", "name": "alarm", "queue": "alarms", "after": ["third"], "join": "anyFailed"}
            """

        /// A program that counts words, and answers with an error where there is no text.
        private static let program = """
            #!/bin/sh
            read -r job
            case "$job" in
            *'"text":'*) ;;
            *) echo '{"error": {"class": "noText", "message": "nothing to count", "retryable": false}}'; exit 1 ;;
            esac
            text=${job#*'"text":"'}
            echo '{"progress": 0.5, "message": "half way"}' >&2
            echo "{\\"words\\": $(echo "${text%%'"'*}" | wc -w)}"
            """

        private static let handlers = """
            kinds:
              count:
                command: [./count.sh]
                timeout: 60s
            """

        static func place() throws -> Workplace {
            let place = try Workplace()
            try place.write(flow, "flow.jsonl")
            try place.write(program, "count.sh")
            try place.write(handlers, "handlers.yaml")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: place.directory.path("count.sh"))
            return place
        }

        @Test func `a flow is submitted, worked on by a program and asked about`() async throws {
            let place = try Self.place()
            let receipt = try await place.json("submit", "flow.jsonl", "--id", "night-7")
            let ids = try #require(receipt["jobs"]).texts
            #expect(ids.count == 6 && receipt["new"] == 6 && receipt["submitId"] == "night-7")
            let sum = try await place.json("query", "job", ids[3])
            #expect(sum["state"] == "waiting" && sum["pending"] == 2 && sum["submission"] == "night-7")
            let why = try #require(sum["why"]?[0]?.string)
            #expect(why.contains("2 of 2 parents") && why.contains("first (ready)"), "\(why)")
            let ready = try await place.json("query", "job", ids[0])
            #expect(
                ready["why"]?.texts.last?.contains("`cairn work` starts one") == true)

            let worked = try await place.json("work", "--handlers", "handlers.yaml", "--until-empty")
            #expect(worked["outcome"] == "finished")
            #expect(worked["tally"]?["completed"] == 4 && worked["tally"]?["failed"] == 1, "\(worked)")
            let jobs = try #require(try await place.json("query", "jobs", "--submission", "night-7").array)
            var states: [String: String] = [:]
            for job in jobs { states[job["name"]?.string ?? ""] = job["state"]?.string }
            #expect(
                states == [
                    "first": "completed", "second": "completed", "third": "dead", "sum": "completed",
                    "report": "skipped", "alarm": "completed",
                ])
            #expect(Set(jobs.compactMap { $0["job"]?.string }) == Set(ids))

            let first = try await place.json("query", "job", ids[0])
            #expect(first["result"] == ["words": 6] && first["attempts"] == 1 && first["progress"] == 0.5)
            let types = first["events"]?.texts(of: "type")
            #expect(types == ["job.submitted", "job.leased", "job.progressed", "job.completed"])
            #expect(first["childJobs"]?[0]?["name"] == "sum" && first["why"] == [])
            let report = try await place.json("query", "job", ids[4])
            #expect(report["skipped"]?["rootCause"]?.string == ids[2] && report["skipped"]?["rootClass"] == "noText")
            let dead = try await place.json("query", "jobs", "--error-class", "noText", "--tag", "fault=yes")
            #expect(dead.array?.count == 1 && dead[0]?["name"] == "third" && dead[0]?["maxAttempts"] == 2)
            let text = try await place.cairn("query", "job", ids[2])
            #expect(text.text.contains("noText: nothing to count") && text.text.contains("job.failed"), "\(text.text)")

            let queues = try #require(try await place.json("query", "queues").array)
            #expect(queues.compactMap { $0["queue"]?.string } == ["alarms", "default"])
            #expect(queues[1]["counts"]?["completed"] == 3 && queues[1]["counts"]?["dead"] == 1)
            let submissions = try await place.json("query", "submissions")
            #expect(submissions[0]?["submission"] == "night-7" && submissions[0]?["finished"]?.int != nil)
            #expect(try await place.json("query", "workers") == [])
            let workers = try await place.json("query", "workers", "--all")
            #expect(workers[0]?["state"] == "stopped" && workers[0]?["worker"] == worked["worker"])
            let top = try await place.json("top", "--once")
            #expect(top["failures"]?[0]?["class"] == "noText" && top["workers"] == [], "\(top)")
            let frame = try await place.cairn("top")
            #expect(frame.text.contains("no worker is here") && frame.text.contains("noText, dead"), "\(frame.text)")
            try await place.expectSoundQueues()
        }

        @Test func `the same submission again appends nothing, and another one under its id is refused`() async throws {
            let place = try Self.place()
            let first = try await place.json("submit", "flow.jsonl", "--id", "a")
            let head = try Self.head(of: place)
            let again = try await place.json("submit", "flow.jsonl", "--id", "a")
            #expect(again["new"] == 0 && again["jobs"] == first["jobs"])
            #expect(try Self.head(of: place) == head)
            try place.write(#"{"kind": "noop"}"#, "other.jsonl")
            let other = try await place.cairn("submit", "other.jsonl", "--id", "a", "--json")
            #expect(other.status == 2)
            let problem = try #require(try other.problem())
            #expect(problem["message"]?.string?.contains("other content, of 6 jobs") == true, "\(problem)")
            #expect(problem["remedy"]?.string?.contains("--id") == true)
            #expect(try Self.head(of: place) == head)
        }

        private static func head(of place: Workplace) throws -> TreeHead {
            let log = try LMDBLog.open(at: place.store)
            defer { log.close() }
            return try log.head()
        }

        @Test(
            arguments: [
                (#"{"kind": "noop""#, "bad.jsonl:2:", ""),
                (#"["noop"]"#, "bad.jsonl:2: the job: it is no object", "write {"),
                (#"{"name": "x"}"#, "bad.jsonl:2: job “x”: kind: it is missing", "say what kind"),
                (#"{"kind": "two words"}"#, "bad.jsonl:2: kind: «two words»", "name it like"),
                (#"{"kind": "noop", "prio": 1}"#, "bad.jsonl:2: prio: there is no such field", "priority"),
                (#"{"kind": "noop", "priority": 101}"#, "bad.jsonl:2: priority: 101 is out of range", "-100 to 100"),
                (#"{"kind": "noop", "priority": "1"}"#, "bad.jsonl:2: priority: it is no whole number", "quotes"),
                (#"{"kind": "noop", "queue": "no queue"}"#, "bad.jsonl:2: queue: «no queue»", "letters"),
                (#"{"kind": "noop", "after": "a"}"#, "bad.jsonl:2: after: it is no list", "brackets"),
                (#"{"kind": "noop", "after": ["nobody"]}"#, "bad.jsonl:2: after: no job", "name one of it"),
                (
                    #"{"kind": "noop", "after": [{"id": "nobody"}]}"#, "bad.jsonl:2: after: there is no job nobody",
                    "query"
                ),
                (
                    #"{"kind": "noop", "after": [{"name": "a", "onFailure": "stop"}]}"#,
                    "bad.jsonl:2: after.onFailure: it isn't known", "fail, continue or skip"
                ),
                (#"{"kind": "noop", "join": "anyFailed"}"#, "bad.jsonl:2: join: anyFailed", "after"),
                (#"{"kind": "noop", "deadline": "soon"}"#, "bad.jsonl:2: deadline: «soon» is no time", "2026-11-21"),
                (#"{"kind": "noop", "timeout": 0}"#, "bad.jsonl:2: timeout: it is no length of time", "seconds"),
                (#"{"kind": "noop", "backoff": "1 s"}"#, "bad.jsonl:2: backoff: it is no length of time", "250ms"),
                (#"{"kind": "noop", "attempts": 0}"#, "bad.jsonl:2: attempts: 0 is out of range", "1 to 1000"),
                (#"{"kind": "noop", "tags": {"a": 1}}"#, "bad.jsonl:2: tags.a: it is no text", "quotes"),
                (#"{"kind": "noop", "name": "a"}"#, "bad.jsonl:2: job “a”: name: job 1 has the same name", "one job"),
                (#"{"kind": "noop", "name": "b", "after": ["b"]}"#, "wait for each other: b → b", "leave out one"),
            ])
        func `a mistake in a file of jobs is told with its line, its field and what to do`(
            line: String, message: String, remedy: String
        ) async throws {
            let place = try Workplace()
            try place.write(#"{"kind": "noop", "name": "a"}"# + "\n" + line + "\n", "bad.jsonl")
            let result = try await place.cairn("submit", "bad.jsonl", "--json")
            #expect(result.status == 2 && result.output.isEmpty, "\(result.errorText)")
            let problem = try #require(try result.problem(), "\(result.errorText)")
            #expect(problem["message"]?.string?.contains(message) == true, "\(problem)")
            #expect(remedy.isEmpty || problem["remedy"]?.string?.contains(remedy) == true, "\(problem)")
            if FileManager.default.fileExists(atPath: place.store) {
                #expect(try Self.head(of: place).size == 0, "nothing was appended")
            }
        }

        @Test func `all mistakes of a file are told at once, also one by one for programs`() async throws {
            let place = try Workplace()
            try place.write(
                "\u{FEFF}" + #"{"kind": "noop", "backoff": 9, "longestBackoff": 3}"# + "\n" + #"{"kind": "noop"}"#
                    + "\n"
                    + #"{"kind": "noop", "queue": ""}"# + "\n{", "bad.jsonl")
            let result = try await place.cairn("submit", "bad.jsonl", "--json")
            let mistakes = try #require(try result.problem()?["mistakes"]?.array, "\(result.errorText)")
            #expect(result.status == 2 && mistakes.map { $0["line"]?.int } == [1, 3, 4], "\(mistakes)")
            #expect(mistakes.map { $0["field"]?.string } == ["backoff", "queue", ""], "\(mistakes)")
        }

        @Test func `mistakes of a line and those between lines are told in one go, and make no store`() async throws {
            let place = try Workplace()
            let lines = [
                #"{"kind": "noop", "name": "a", "timeout": "soon", "prio": 1}"#,
                #"{"kind": "two words", "name": "b", "after": ["c"], "priority": 101}"#, "",
                #"{"kind": "noop", "name": "c", "after": ["b"]}"#, #"{"kind": "noop", "after": ["a"]}"#,
                #"{"kind": "noop", "after": ["nobody"], "name": "c"}"#,
            ]
            try place.write(lines.joined(separator: "\n"), "bad.jsonl")
            let result = try await place.cairn("submit", "bad.jsonl", "--json")
            let mistakes = try #require(try result.problem()?["mistakes"]?.array, "\(result.errorText)")
            #expect(
                mistakes.map { "\($0["line"]?.int ?? 0) \($0["field"]?.string ?? "")" } == [
                    "1 prio", "1 timeout", "2 kind", "2 priority", "6 name", "6 after",
                ], "\(mistakes)")
            #expect(!FileManager.default.fileExists(atPath: place.store))
            let broken = lines.map { $0.replacing("nobody", with: "zed") } + ["{"]
            try place.write(broken.joined(separator: "\n"), "bad.jsonl")
            let words = try await place.cairn("submit", "bad.jsonl").errorText
            #expect(
                words.contains("bad.jsonl:7: ") && !words.contains("“zed”"), "any job may be the broken one: \(words)")
        }

        @Test func `a worker says that a store is new and a queue unknown, and doesn't end at once for want of both`()
            async throws
        {
            let place = try Workplace()
            let missing = try await place.cairn("work", "--until-empty", "--json")
            #expect(missing.status != 0 && !FileManager.default.fileExists(atPath: place.store), "\(missing.errorText)")
            _ = try await place.json("submit", "--kind", "noop")
            let unknown = try await place.cairn("work", "--until-empty", "--queue", "elsewhere")
            #expect(unknown.errorText.contains("to the queue elsewhere; queues here: default"), "\(unknown.errorText)")
        }

        @Test func `a job is told with its unique key, and a child may name its parent by the beginning of its id`()
            async throws
        {
            let place = try Workplace()
            let parent = try #require(
                try await place.json("submit", "--kind", "noop", "--unique", "u7", "--hold", "90")["jobs"]?[0]?.string)
            let child = try #require(
                try await place.json("submit", "--kind", "noop", "--after", String(parent.dropLast(2)))["jobs"]?[0]?
                    .string)
            let shown = try await place.cairn("query", "job", parent)
            #expect(shown.text.contains("u7 (among queue, hold 90 s, on conflict reject)"), "\(shown.text)")
            let told = try await place.json("query", "job", child)
            #expect(told["parentJobs"]?[0]?["job"]?.string == parent, "\(told)")
            let unlocked = try await place.json("jobs", "unlock", child)
            #expect(unlocked["unchanged"] == [.string(child)], "\(unlocked)")
        }

        @Test func `empty lines count in the place of a mistake that only the whole file shows`() async throws {
            let place = try Workplace()
            try place.write(
                "\n\n" + #"{"kind": "noop", "name": "a"}"# + "\n  \n" + #"{"kind": "noop", "after": ["b"]}"#,
                "bad.jsonl")
            let result = try await place.cairn("submit", "bad.jsonl")
            #expect(result.status == 2 && result.errorText.contains("bad.jsonl:5: after:"), "\(result.errorText)")
        }

        @Test func `the kinds of a file of handlers say how often a job is tried where it doesn't`() async throws {
            let place = try Self.place()
            try place.write(Self.handlers + "\n    retry: {attempts: 7, base: 2s}", "handlers.yaml")
            try place.write(#"{"kind": "count"}"# + "\n" + #"{"kind": "count", "attempts": 3}"#, "jobs.jsonl")
            _ = try await place.json("submit", "jobs.jsonl", "--handlers", "handlers.yaml", "--id", "a")
            _ = try await place.json("submit", "--kind", "count", "--handlers", "handlers.yaml", "--id", "b")
            let attempts = try await place.json("query", "jobs").array?.compactMap { $0["maxAttempts"]?.int }
            #expect(attempts == [7, 3, 7])
            let job = try #require(try await place.json("query", "jobs")[1]?["job"]?.string)
            let terms = try await place.json("query", "job", job)["events"]?[0]?["data"]?["terms"]
            #expect(terms?["retry"]?["base"] == 2_000_000, "\(String(describing: terms))")
        }

        @Test func `jobs are cancelled and retried, queues paused and resumed`() async throws {
            let place = try Self.place()
            let ids = try #require(try await place.json("submit", "flow.jsonl", "--id", "a")["jobs"]).texts
            let paused = try await place.json("jobs", "pause", "default", "--note", "the disk is full")
            #expect(paused["changed"] == true)
            #expect(try await place.json("jobs", "pause", "default")["changed"] == false)
            let why = try #require(try await place.json("query", "job", ids[0])["why"]?[0]?.string)
            #expect(why.contains("paused by") && why.hasSuffix("the disk is full"), "\(why)")
            let queue = try await place.json("query", "queues")
            #expect(queue[1]?["pause"]?["note"] == "the disk is full" && queue[1]?["pause"]?["by"]?.string != nil)
            let cancelled = try await place.json("jobs", "cancel", ids[0], "--note", "wrong text")
            #expect(cancelled["changed"]?.array?.count == 1)
            let skipped = try await place.json("query", "jobs", "--status", "skipped")
            #expect(skipped.texts(of: "name") == ["sum", "report"], "\(skipped)")
            let idle = try await place.json("jobs", "unlock", ids[1])
            #expect(idle["changed"] == [], "nobody has it")
            let retried = try await place.json("jobs", "retry", ids[0], ids[3], ids[4])
            #expect(retried["changed"]?.array?.count == 3)
            #expect(try await place.json("jobs", "resume", "default")["changed"] == true)
            let worked = try await place.json("work", "--handlers", "handlers.yaml", "--until-empty")
            #expect(worked["tally"]?["completed"] == 4, "\(worked)")
            let wrong = try await place.cairn("jobs", "retry", ids[1], "--json")
            #expect(wrong.status == 1, "it is completed")
            let refused = try JSONParser.parse(wrong.output)["refused"]
            #expect(refused?[ids[1]]?.string?.contains("hasn't failed") == true, "\(wrong.text)")
            let events = try await place.json("query", "job", ids[0])["events"]
            let types = events?.texts(of: "type") ?? []
            #expect(types.starts(with: ["job.submitted", "job.cancelled", "job.retryRequested", "job.leased"]))
            #expect(events?[1]?["data"]?["note"] == "wrong text")
            try await place.expectSoundQueues()
        }

        @Test(
            arguments: [
                ("kinds: {count: {command: [./none.sh]}}", "none.sh: there is no such file", "mend `command`"),
                ("kinds: {count: {command: [./flow.jsonl]}}", "it isn't executable", "chmod +x"),
                ("kinds: {count: {command: [sh], check: [\"false\"]}}", "its check failed", "run `false`"),
                ("kinds: {count: {command: [no-such-program]}}", "no such program in PATH", "install it"),
                ("kinds: {count: {comand: [sh]}}", "there is no field", "did you mean “command”?"),
                ("kinds: {count: {command: [sh], timeout: 5}}", "1:41: kinds.count.timeout", "write 250ms"),
            ])
        func `what is wrong with a handler is told before any job is begun`(
            handlers: String, message: String, remedy: String
        ) async throws {
            let place = try Self.place()
            try place.write(handlers, "handlers.yaml")
            _ = try await place.json("submit", "--kind", "noop")
            let size = try Self.head(of: place).size
            let result = try await place.cairn("work", "--handlers", "handlers.yaml", "--until-empty", "--json")
            #expect(result.status == 2, "\(result.errorText)")
            let problem = try #require(try result.problem(), "\(result.errorText)")
            let words = [problem["message"], problem["remedy"]].compactMap { $0?.string }.joined(separator: "; ")
            #expect(words.contains(message) && words.contains(remedy), "\(words)")
            #expect(try Self.head(of: place).size == size, "nothing was begun")
        }

        @Test func `jobs of queues and of runs are told apart, and a limit says what it leaves out`() async throws {
            let place = try Workplace(Experiment())
            #expect(try await place.cairn("run", place.experiment).status == 0)
            let run = try #require(try await place.json("query", "runs")[0]?["run"]?.string)
            _ = try await place.json("submit", "--kind", "noop", "--count", "30", "--id", "thirty")
            let all = try #require(try await place.json("query", "jobs").array)
            let ofQueues = all.prefix { $0["queue"] != nil }
            #expect(ofQueues.count == 30 && all.count > 30)
            #expect(all.dropFirst(30).allSatisfy { $0["run"]?.string == run && $0["worked"] != nil })
            let runJobs = all.count - 30
            for (arguments, count) in [
                (["--run", run], runJobs), (["--run", String(run.prefix(20))], runJobs), (["--queue", "default"], 30),
                (["--submission", "thirty"], 30), (["--submission", "none"], 0), (["--state", "completed"], runJobs),
                (["--status", "ready"], 30), (["--state", "queued"], 0), (["--kind", "judge"], 6),
                (["--kind", "noop"], 30),
                (["--older-than", "1d"], 0), (["--newer-than", "1d"], all.count), (["--newest", "--limit", "7"], 7),
                (["--model", "sim-hasty", "--kind", "probe"], 3),
                (["--state", "ready", "--state", "completed"], all.count),
            ] {
                let found = try await place.start(["query", "jobs", "--json"] + arguments).result
                #expect(found.status == 0, "\(arguments): \(found.errorText)")
                #expect(try JSONParser.parse(found.output).array?.count == count, "\(arguments): \(found.text)")
            }
            let few = try await place.cairn("query", "jobs", "--status", "ready", "--limit", "20")
            #expect(few.errorText == "and 10 more; --limit shows more of them\n", "\(few.errorText)")
            #expect(few.text.split(separator: "\n").count == 21)
            let newest = try await place.json("query", "jobs", "--newest", "--limit", "1", "--queue", "default")
            #expect(newest[0]?["job"] == ofQueues.last?["job"])
            for (arguments, word) in [
                (["--queue", "default", "--model", "sim-hasty"], "--model"),
                (["--state", "redy"], "did you mean “ready”?"),
                (["--run", "zzzz"], "zzzz"), (["--older-than", "yesterday"], "--older-than"),
                (["--queue", "a", "--submission", "b"], "--submission"), (["--tag", "novalue"], "key=value"),
            ] {
                let refused = try await place.start(["query", "jobs"] + arguments).result
                #expect(refused.status == 2 && refused.errorText.contains(word), "\(arguments): \(refused.errorText)")
            }
        }
    }
}

extension JSONValue {
    /// The texts of a list.
    var texts: [String] { array?.compactMap { $0.string } ?? [] }

    /// A member of each object of a list that is a text.
    func texts(of name: String) -> [String] { array?.compactMap { $0[name]?.string } ?? [] }
}
