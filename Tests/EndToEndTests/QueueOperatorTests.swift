import CanonicalJSON
import Determinism
import EventLog
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// What operators and schedules do with queues: kinds resumed, retries noted, workers that end when idle.
    @Suite struct QueueOperatorTests {
        private static func place(_ program: String, _ kind: String = "") throws -> Workplace {
            let place = try Workplace()
            try place.write("#!/bin/sh\n" + program, "program.sh")
            try place.write("kinds:\n  call:\n    command: [./program.sh]\n" + kind, "handlers.yaml")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: place.directory.path("program.sh"))
            return place
        }

        @Test func `a worker killed with signal 9 takes its programs with it, and another does the job`() async throws {
            let place = try Self.place(
                """
                read -r job
                if [ ! -e begun ]; then
                    touch begun
                    exec 9>witness
                    (trap '' TERM; sleep 1000) &
                    echo >&9
                    echo '{"progress": 0.5}' >&2
                    wait
                fi
                echo '{}'
                """)
            let witness = try Witness(place.directory)
            let log = try LMDBLog.open(at: place.store)
            defer { log.close() }
            let receipt = try await place.json("submit", "--kind", "call")
            let worker = try place.start(["work", "--handlers", "handlers.yaml"])
            let progress = EventFilter(types: [EventType("job.progressed")])
            #expect(try await worker.runs(until: log, has: 1, matching: progress))
            worker.child.send(SIGKILL)
            #expect(await worker.result.status == -SIGKILL)
            #expect(witness.sawEnd())
            let worked = try await place.json("work", "--handlers", "handlers.yaml", "--until-empty")
            #expect(worked["tally"]?["completed"] == 1, "\(worked)")
            let job = try await place.json("query", "job", try #require(receipt["jobs"]?[0]?.string))
            #expect(job["state"] == "completed" && job["attempts"] == 1)
            try await place.expectSoundQueues()
        }

        @Test func `a paused kind is resumed from another process, in the workers that live`() async throws {
            let place = try Self.place("exit 3")
            _ = try await place.json("submit", "--kind", "call")
            let log = try LMDBLog.open(at: place.store)
            defer { log.close() }
            try FileManager.default.createDirectory(
                atPath: place.store + "/workers", withIntermediateDirectories: true)
            for name in ["alive", "gone"] {
                let events = [
                    (2, "worker.started", #"{"concurrency":4,"host":"here","process":1,"queues":[]}"#),
                    (1, "worker.kindPaused", #"{"crashes":20,"kind":"call","reason":"20 crashes in 9 s"}"#),
                ].map { version, type, data in
                    NewEvent(
                        type: EventType(type), version: version, time: Timestamp(microseconds: 1),
                        data: Array(data.utf8),
                        metadata: Array("{}".utf8))
                }
                _ = try await log.append(
                    Commit(stream: StreamName(category: "worker", id: name), expected: .noStream, events: events))
                try place.write("", "store/workers/\(name).lock")
            }
            let lock = open(place.store + "/workers/alive.lock", O_RDWR | O_CLOEXEC)
            defer { close(lock) }
            try #require(lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0)
            _ = try await place.json("submit", "--kind", "noop")
            let nobody = try await place.json("jobs", "resume", "--kind", "noop")
            #expect(nobody["changed"] == false && nobody["workers"] == [])
            let resumed = try await place.json("jobs", "resume", "--kind", "call", "--note", "mended")
            #expect(resumed["changed"] == true && resumed["workers"] == ["alive"], "\(resumed)")
            #expect(try await place.json("jobs", "resume", "--kind", "call")["changed"] == false)
            let events = try await place.events("worker.kindResumed")
            #expect(events.count == 1 && events[0]["stream"] == "worker-alive")
            #expect(events[0]["data"]?["kind"] == "call" && events[0]["data"]?["note"] == "mended")
            #expect(events[0]["data"]?["by"]?.string?.isEmpty == false)
            let both = try await place.cairn("jobs", "resume", "default", "--kind", "call")
            #expect(both.status == 2 && both.errorText.contains("a queue, or a kind"), "\(both.errorText)")
        }

        @Test func `a worker that waits after a crash is told of, and when it goes on by itself`() async throws {
            let place = try Self.place("kill -9 $$")
            let receipt = try await place.json("submit", "--kind", "call", "--count", "40")
            let worker = try place.start(["work", "--handlers", "handlers.yaml", "--concurrency", "1"])
            defer { worker.child.send(SIGKILL) }
            let job = try #require(receipt["jobs"]?[39]?.string)
            var (resumed, why, listed) = (JSONValue.null, [String](), JSONValue.null)
            // The waits grow with the crashes, and soon are longer than these questions take.
            for _ in 0..<200 where resumed["waits"] == nil || listed["heldBy"] == nil || why.first == nil {
                resumed = try await place.json("jobs", "resume", "--kind", "call")
                listed =
                    try await place.json("query", "jobs", "--newest", "--limit", "1", "--state", "ready")[0] ?? .null
                why = (try await place.json("query", "job", job)["why"]?.texts ?? []).filter { $0.contains("SIGKILL") }
            }
            #expect(resumed["changed"] == false && resumed["workers"] == [], "\(resumed)")
            #expect(resumed["waits"]?[0]?["notBefore"]?.int != nil && resumed["waits"]?[0]?["worker"]?.string != nil)
            #expect(listed["heldBy"]?[0]?["reason"]?.string?.contains("SIGKILL") == true, "\(listed)")
            #expect(why.count == 1 && why[0].contains("begins no job of the kind call before 20"), "\(why)")
        }

        @Test func `a retry has a note, and a queue is resumed with one`() async throws {
            let place = try Self.place("exit 3")
            _ = try await place.json("submit", "--kind", "call", "--id", "a")
            _ = try await place.json("jobs", "cancel", "--submission", "a", "--note", "wrong")
            let retried = try await place.json("jobs", "retry", "--submission", "a", "--note", "right after all")
            #expect(retried["changed"]?.array?.count == 1)
            let request = try #require(try await place.events("job.retryRequested").first)
            #expect(request["data"]?["note"] == "right after all" && request["version"] == 2)
            _ = try await place.json("jobs", "cancel", "--submission", "a")
            _ = try await place.json("jobs", "retry", "--submission", "a")
            #expect(try await place.events("job.retryRequested").last?["version"] == 1)
            _ = try await place.json("jobs", "pause", "default")
            #expect(try await place.json("jobs", "resume", "default", "--note", "enough disk")["changed"] == true)
            #expect(try await place.events("queue.resumed").first?["data"]?["note"] == "enough disk")
            try await place.expectSoundQueues()
        }

        @Test func `a worker that ends when idle leaves what comes later, and one until empty says what it waits for`()
            async throws
        {
            let place = try Self.place("echo '{}'")
            let receipt = try await place.json("submit", "--kind", "noop", "--delay", "7200")
            _ = try await place.json("submit", "--kind", "noop")
            let idle = try await place.json("work", "--until-idle", "10m")
            #expect(idle["outcome"] == "idle" && idle["tally"]?["completed"] == 1 && idle["blocked"] == nil, "\(idle)")
            let later = try await place.json("query", "job", try #require(receipt["jobs"]?[0]?.string))
            #expect(later["state"] == "scheduled" && idle["next"] == later["notBefore"])
            let text = try await place.cairn("work", "--until-idle", "0s")
            #expect(text.status == 0 && text.text.contains("the next job is to be begun at"), "\(text.text)")
            let waiting = try ChildProcess(
                place.program, ["work", "--until-empty"], environment: place.environment,
                directory: place.directory.path)
            #expect(waiting.wait(forErrors: "aren't to be begun before"), "\(waiting.errorsSoFar)")
            waiting.send(SIGTERM)
            #expect(waiting.result().status == 0)
            _ = try await place.json("submit", "--kind", "call")
            let blocked = try await place.cairn("work", "--until-idle", "10m")
            #expect(blocked.status == 3 && blocked.text.contains("no handler for jobs of kind call"), "\(blocked.text)")
        }

        @Test(arguments: [
            ("retry 0123456789", "no job's id begins with «0123456789»"),
            ("cancel 0123456789", "no job's id begins with «0123456789»"),
            ("unlock 0123456789", "no job's id begins with «0123456789»"),
            ("retry --queue defualt", "there is no queue «defualt»; there is default"),
            ("cancel --submission b", "there is no submission «b»"), ("unlock --kind cal", "is of the kind «cal»"),
            ("resume defualt", "there is no queue «defualt»; there is default"),
            ("resume --kind cal", "no job of a queue is of the kind «cal»"),
        ])
        func `a misspelt name changes nothing and isn't passed over`(command: String, message: String) async throws {
            let place = try Self.place("exit 3")
            _ = try await place.json("submit", "--kind", "call", "--id", "a")
            let result = try await place.start(
                ["jobs"] + command.split(separator: " ").map(String.init) + ["--json"]
            ).result
            let problem = try #require(try result.problem(), "\(result.errorText)")
            #expect(result.status == 2 && problem["code"] == "usage")
            #expect(problem["message"]?.string?.contains(message) == true, "\(problem)")
        }

        @Test func `jobs that are there and in another state need no change, and new queues are made ready aloud`()
            async throws
        {
            let place = try Self.place("exit 3")
            let receipt = try await place.json("submit", "--kind", "call", "--id", "a")
            let none = try await place.cairn("jobs", "retry", "--submission", "a")
            #expect(none.status == 0 && none.text.contains("none of these jobs is dead, cancelled or skipped"))
            let new = try await place.cairn("jobs", "pause", "later")
            #expect(new.status == 0 && new.errorText.contains("the queue later has no jobs yet"), "\(new.errorText)")
            let job = try #require(receipt["jobs"]?[0]?.string)
            let both = try await place.cairn("jobs", "cancel", job, "--queue", "later")
            #expect(both.status == 2 && both.errorText.contains("by --queue, not both"), "\(both.errorText)")
            let unknown = try await place.cairn("submit", "--kind", "call", "--after", "0123456789")
            #expect(
                unknown.status == 2 && unknown.errorText.contains("no job's id begins with"), "\(unknown.errorText)")
        }

        @Test func `submitting again after the jobs were pruned says so`() async throws {
            let place = try Self.place("echo '{}'")
            let first = try await place.json("submit", "--kind", "noop", "--count", "3", "--id", "a")
            #expect(first["pruned"] == nil)
            _ = try await place.json("work", "--until-empty")
            _ = try await place.json("jobs", "prune", "--keep", "1")
            let submission = try await place.json("query", "submissions")[0]
            #expect(submission?["jobs"] == 3 && submission?["pruned"] == 2 && submission?["counts"]?["completed"] == 1)
            #expect(try await place.cairn("query", "submissions").text.contains("PRUNED"))
            _ = try await place.json("jobs", "prune", "--keep", "0")
            let again = try await place.json("submit", "--kind", "noop", "--count", "3", "--id", "a")
            #expect(again["new"] == 0 && again["pruned"] == 3 && again["jobs"] == first["jobs"], "\(again)")
            let text = try await place.cairn("submit", "--kind", "noop", "--count", "3", "--id", "a")
            #expect(text.text.contains("3 jobs of this submission ended earlier and were dropped"), "\(text.text)")
            #expect(text.text.contains("another --id"))
        }

        @Test func `retries of a kind that names its provider keep to its budget, and verify derives them again`()
            async throws
        {
            let place = try Self.place(
                """
                read -r job
                case "$job" in
                '{"attempt":1,'*) echo '{"error": {"class": "rateLimit", "message": "429"}}'; exit 1 ;;
                esac
                echo '{}'
                """, "    provider: openai\n    retry: {attempts: 2, base: 1ms, cap: 1ms}\n")
            _ = try await place.json(
                "submit", "--kind", "call", "--count", "40", "--id", "calls", "--handlers", "handlers.yaml")
            let idle = try await place.json(
                "work", "--handlers", "handlers.yaml", "--until-idle", "100ms", "--concurrency", "4")
            let held = try #require(try await place.json("query", "jobs", "--status", "retrying").array)
            #expect((1...30).contains(held.count) && idle["tally"]?["failed"] == 40, "\(idle)")
            let job = try await place.json("query", "job", try #require(held.first?["job"]?.string))
            #expect(job["why"]?[0]?.string?.contains("provider openai") == true, "\(job)")
            let spent = try await place.events("retryBudget.spent")
            let retries = spent.flatMap { $0["data"]?["retries"]?.array ?? [] }
            #expect(retries.count == 40 && retries.contains { ($0["wait"]?.int ?? 0) > 0 })
            try await place.expectSoundQueues()
        }
    }
}
