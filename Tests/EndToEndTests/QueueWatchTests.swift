import CanonicalJSON
import Determinism
import EventLog
import Foundation
import Jobs
import TestSupport
import Testing

extension EndToEndTests {
    /// Queues seen from another process while workers work on them.
    @Suite struct QueueWatchTests {
        @Test func `a running job is seen live, unlocked, and done anew`() async throws {
            let place = try QueueCommandTests.place()
            try place.write(
                """
                #!/bin/sh
                read -r job
                [ -e go ] && { echo '{}'; exit 0; }
                echo '{"progress": 0.25, "message": "a quarter"}' >&2
                sleep 600
                """, "count.sh")
            let id = try #require(
                try await place.json("submit", "--kind", "count", "--tag", "a=b")["jobs"]?[0]?.string)
            let log = try LMDBLog.open(at: place.store)
            defer { log.close() }
            let worker = try place.start(["work", "--handlers", "handlers.yaml", "--until-empty", "--json"])
            let progressed = EventFilter(types: [EventType("job.progressed")])
            try #require(try await worker.runs(until: log, has: 1, matching: progressed), "\(worker.child.errorsSoFar)")
            let job = try await place.json("query", "job", id)
            #expect(job["state"] == "running" && job["progress"] == 0.25 && job["progressMessage"] == "a quarter")
            var workers = try await place.json("query", "workers")
            for _ in 0..<200 where workers[0]?["jobs"]?[0]?["message"] == nil {
                workers = try await place.json("query", "workers")
            }
            #expect(workers[0]?["state"] == "alive" && workers[0]?["jobs"]?[0]?["job"]?.string == id, "\(workers)")
            #expect(workers[0]?["kinds"]?.texts.contains("count") == true && workers[0]?["running"] == 1)
            let top = try await place.json("top", "--once")
            #expect(top["workers"]?[0]?["jobs"]?[0]?["message"] == "a quarter", "\(top)")
            #expect(top["queues"]?[0]?["counts"]?["running"] == 1)
            let pool = top["workers"]?[0]?["pools"]?[0]
            #expect(
                pool?["kind"] == "count" && pool?["running"] == 1 && pool?["most"] == 16, "\(String(describing: pool))")
            let frame = try await place.cairn("top")
            #expect(frame.text.contains("PLACES FOR") && frame.text.contains("25 %: a quarter"), "\(frame.text)")
            try place.write("", "go")
            let unlocked = try await place.json("jobs", "unlock", "--tag", "a=b", "--note", "it hangs")
            #expect(unlocked["changed"]?[0]?.string == id)
            let ended = await worker.result
            #expect(ended.status == 0, "\(ended.errorText)")
            let done = try await place.json("query", "job", id)
            #expect(done["state"] == "completed" && done["crashes"] == 0 && done["attempts"] == 1, "\(done)")
            let files = try FileManager.default.contentsOfDirectory(atPath: place.store + "/workers")
            #expect(files.isEmpty, "\(files)")
        }

        @Test func `a killed worker is gone, and its status is cleaned away`() async throws {
            let place = try QueueCommandTests.place()
            try place.write("#!/bin/sh\nexec sleep 600\n", "count.sh")
            let id = try #require(try await place.json("submit", "--kind", "count")["jobs"]?[0]?.string)
            let log = try LMDBLog.open(at: place.store)
            defer { log.close() }
            let worker = try place.start(["work", "--handlers", "handlers.yaml"])
            let leased = EventFilter(types: [EventType("job.leased")])
            try #require(try await worker.runs(until: log, has: 1, matching: leased))
            worker.child.send(SIGKILL)
            _ = await worker.result
            let workers = try await place.json("query", "workers")
            #expect(workers[0]?["state"] == "gone" && workers[0]?["running"] == nil, "\(workers)")
            let job = try await place.json("query", "job", id)
            let why = job["why"]?.texts ?? []
            #expect(job["state"] == "running" && job["workerState"] == "gone", "\(job)")
            #expect(why.count == 2 && why[0].contains("ended without giving it back; the next worker takes it over"))
            #expect(why.last == "no worker is at work on the queue default; `cairn work` starts one", "\(why)")
            let jobs = try await place.cairn("query", "jobs")
            #expect(jobs.text.contains("its worker is gone; the next one takes it over"), "\(jobs.text)")
            let top = try await place.json("top", "--once")
            #expect(top["workers"] == [] && top["lost"]?[0]?["jobs"] == 1 && top["lost"]?[0]?["workerState"] == "gone")
            let frame = try await place.cairn("top")
            #expect(frame.text.contains("1 job counts as running: worker "), "\(frame.text)")
            let files = try FileManager.default.contentsOfDirectory(atPath: place.store + "/workers")
            #expect(files.isEmpty, "\(files)")
        }

        @Test func `a worker that hangs is told by when it last gave a sign`() async throws {
            let place = try QueueCommandTests.place()
            try place.write("#!/bin/sh\nexec sleep 600\n", "count.sh")
            let id = try #require(try await place.json("submit", "--kind", "count")["jobs"]?[0]?.string)
            let log = try LMDBLog.open(at: place.store)
            defer { log.close() }
            let worker = try place.start(["work", "--handlers", "handlers.yaml", "--lease", "3600"])
            let leased = EventFilter(types: [EventType("job.leased")])
            try #require(try await worker.runs(until: log, has: 1, matching: leased))
            #expect(try await place.json("query", "job", id)["why"] == [])
            worker.child.send(SIGSTOP)
            defer { worker.child.send(SIGKILL) }
            let holder = try #require(
                try await place.json("query", "job", id)["worker"]?.string.flatMap { WorkerID(rawValue: $0) })
            let seen = try #require(Timestamp(text: "2026-01-01T00:00:00Z"))
            WorkerStatus(worker: holder, time: seen, slots: 16, running: 1, kinds: ["count"])
                .write(in: place.store + "/workers")
            let job = try await place.json("query", "job", id)
            #expect(job["workerState"] == "silent" && job["workerSeen"]?.int == Int(seen.microseconds), "\(job)")
            let why = job["why"]?.texts ?? []
            #expect(why.count == 1 && why[0].contains("gave no sign since \(seen); the next worker takes it over when"))
        }

        @Test func `one frame goes into a pipe, and more only if asked for`() async throws {
            let place = try QueueCommandTests.place()
            _ = try await place.json("submit", "--kind", "noop")
            let frame = try await place.json("top")
            #expect(frame["queues"]?[0]?["counts"]?["ready"] == 1 && frame["lost"] == [])
        }

        @Test func `a job that waits says why`() async throws {
            let place = try QueueCommandTests.place()
            try place.write(
                """
                #!/bin/sh
                read -r job
                case "$job" in *'"fail":true'*) echo '{"error": {"class": "busy"}}'; exit 1 ;; esac
                exec sleep 600
                """, "count.sh")
            let log = try LMDBLog.open(at: place.store)
            defer { log.close() }
            func submit(_ arguments: String...) async throws -> String {
                let receipt = try await place.start(["submit", "--json"] + arguments).result
                return try #require(try JSONParser.parse(receipt.output)["jobs"]?[0]?.string, "\(receipt.errorText)")
            }
            _ = try await place.json("jobs", "configure", "narrow", "--concurrency", "1")
            try place.write(
                #"{"kind": "count", "input": {"fail": true}, "backoff": 3000, "longestBackoff": 3000}"#, "fail.jsonl")
            let retrying = try await submit("fail.jsonl", "--id", "fails")
            _ = try await submit("--kind", "count", "--queue", "narrow")
            let worker = try place.start(["work", "--handlers", "handlers.yaml", "--grace", "0"])
            let retries = EventFilter(types: [EventType("job.retryScheduled")])
            try #require(try await worker.runs(until: log, has: 1, matching: retries), "\(worker.child.errorsSoFar)")
            let leases = EventFilter(types: [EventType("job.leased")])
            try #require(try await worker.runs(until: log, has: 2, matching: leases))

            let limited = try await submit("--kind", "count", "--queue", "narrow")
            let second = try await submit("--kind", "count", "--queue", "narrow")
            let later = try await submit("--kind", "noop", "--delay", "3600")
            let unknown = try await submit("--kind", "paint")
            let child = try await submit("--kind", "noop", "--after", retrying)
            for (id, reason) in [
                (retrying, "attempt 1 failed (busy); the next begins at 20"),
                (limited, "the queue narrow runs 1 job, and its limit is 1"),
                (second, "1 job of the queue narrow comes first"), (later, "it isn't to be begun before 20"),
                (unknown, "no worker at work knows the kind paint"),
                (child, "it waits for 1 of 1 parent, until all have succeeded: \(retrying) (retrying)"),
            ] {
                let why = try await place.json("query", "job", id)["why"]?.texts ?? []
                #expect(why.contains { $0.hasPrefix(reason) }, "\(reason): \(why)")
            }
            worker.child.send(SIGTERM)
            let ended = await worker.result
            #expect(ended.status == 0, "\(ended.errorText)")
            let why = try await place.json("query", "job", unknown)["why"]?.texts ?? []
            #expect(why == ["no worker is at work on the queue default; `cairn work` starts one"])
        }

        @Test func `frames follow each other with rates until somebody ends them`() async throws {
            let place = try QueueCommandTests.place()
            _ = try await place.json("submit", "--kind", "noop", "--count", "500")
            let top = try place.start(["top", "--json", "--every", "0.1"])
            #expect(top.child.wait(forLines: 1))
            let worked = try await place.json("work", "--until-empty")
            #expect(worked["tally"]?["completed"] == 500)
            let seen = top.child.linesSoFar
            #expect(top.child.wait(forLines: seen + 2))
            top.child.send(SIGINT)
            let ended = await top.result
            #expect(ended.status == 0, "\(ended.status): \(ended.errorText)")
            let frames = try ended.output.split(separator: UInt8(ascii: "\n")).map {
                try JSONParser.parse(Array($0))
            }
            #expect(frames[0]["eventRate"] == nil && frames[0]["queues"]?[0]?["doneRate"] == nil)
            #expect(frames[0]["queues"]?[0]?["counts"]?["ready"] == 500)
            #expect(frames.last?["queues"]?[0]?["counts"]?["completed"] == 500)
            let most = frames.compactMap { $0["queues"]?[0]?["doneRate"]?.double }.max() ?? 0
            #expect(most > 0, "the frame in which they ended has a rate")
        }
    }
}
