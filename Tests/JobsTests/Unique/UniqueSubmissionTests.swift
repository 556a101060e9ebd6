import Determinism
import EventLog
import Testing

@testable import Jobs

/// Unique keys through a store on disk.
@Suite struct UniqueSubmissionTests {
    private func request(
        _ onConflict: QueueTerms.Unique.Conflict, name: String? = nil, after: [JobRequest.Parent] = []
    ) -> JobRequest {
        JobRequest(
            kind: "noop", name: name, after: after, unique: QueueTerms.Unique("k", onConflict: onConflict))
    }

    @Test func `a second job is refused before anything is recorded, and the holder is named`() async throws {
        let bench = try QueueBench()
        let first = try await bench.submit([request(.reject)], id: "a")
        let size = try bench.log.head().size
        await #expect(
            throws: QueueSubmitter.Refusal.keyHeld(index: 0, name: nil, key: "k", holder: first.jobs[0])
        ) { try await bench.submit([request(.reject)], id: "b") }
        #expect(try bench.log.head().size == size)
        #expect(try await bench.worker().work() == .finished)
        #expect(try await bench.submit([request(.reject)], id: "b").new == 1)
    }

    @Test func `the holder is given in the job's place, its children wait for it, and again the same`() async throws {
        let bench = try QueueBench()
        let first = try await bench.submit([request(.reject)], id: "a")
        let flow = [request(.existing, name: "x"), JobRequest(kind: "noop", after: [.init(.name("x"))])]
        let second = try await bench.submit(flow, id: "b")
        #expect(second.jobs[0] == first.jobs[0])
        #expect(second.answered == [0])
        #expect(second.new == 1)
        #expect(try bench.row(second.jobs[1]).state == .waiting)
        #expect(try await bench.worker().work() == .finished)
        #expect(try bench.row(second.jobs[1]).state == .completed)
        let size = try bench.log.head().size
        let again = try await bench.submit(flow, id: "b")
        #expect(again.jobs == second.jobs)
        #expect(again.new == 0)
        #expect(try bench.log.head().size == size)
        #expect(try bench.divergences() == [])
    }

    @Test func `a replaced job is cancelled, and isn't done again while the other has the key`() async throws {
        let bench = try QueueBench()
        let first = try await bench.submit([request(.reject)], id: "a").jobs[0]
        let second = try await bench.submit([request(.replaceWaiting)], id: "b").jobs[0]
        #expect(try bench.row(first).stage == .cancelled(.replaced))
        let keys = UniqueKeys(log: bench.log, effects: bench.effects)
        #expect(try await keys.retry(first, by: "me") == .held(by: second))
        #expect(try await bench.worker().work() == .finished)
        #expect(try await keys.retry(first, by: "me") == .begun)
        #expect(try bench.row(first).state == .ready)
    }

    @Test(arguments: [QueueTerms.Unique.Conflict.replaceWaiting, .keepLatest])
    func `a job that has its key for a time is replaced too`(onConflict: QueueTerms.Unique.Conflict) async throws {
        let bench = try QueueBench()
        func lasting(_ onConflict: QueueTerms.Unique.Conflict) -> JobRequest {
            JobRequest(
                kind: "noop", unique: QueueTerms.Unique("k", hold: .lasting(.hours(1)), onConflict: onConflict))
        }
        let first = try await bench.submit([lasting(.reject)], id: "a").jobs[0]
        let second = try await bench.submit([lasting(onConflict)], id: "b").jobs[0]
        #expect(second != first)
        #expect(try bench.row(first).stage == .cancelled(.replaced))
        #expect(try bench.row(second).state == .ready)
    }

    @Test func `of those that come while one runs the latest waits for its end`() async throws {
        let bench = try QueueBench()
        let running = try await bench.submit([request(.keepLatest)], id: "a").jobs[0]
        try await CommandBench(bench).lease(running, to: Sample.b, for: .hours(1))
        let second = try await bench.submit([request(.keepLatest)], id: "b").jobs[0]
        let third = try await bench.submit([request(.keepLatest)], id: "c").jobs[0]
        #expect(try bench.row(second).stage == .cancelled(.replaced))
        #expect(try bench.row(third).state == .waiting)
        #expect(try await bench.worker(gone: [Sample.b]).work() == .finished)
        #expect(try bench.row(running).state == .completed)
        #expect(try bench.row(third).state == .completed)
    }

    @Test func `many submitters at once: one job has the key, and all are told whose it is`() async throws {
        let bench = try QueueBench()
        let told = try await withThrowingTaskGroup(of: JobID.self) { group in
            for number in 0..<16 {
                group.addTask { try await bench.submit([request(.existing)], id: "s\(number)").jobs[0] }
            }
            return try await group.reduce(into: Set<JobID>()) { $0.insert($1) }
        }
        #expect(told.count == 1)
        #expect(try bench.counts().unfinished == 1)
    }

    @Test func `two jobs of a submission with one key must say what is to become of the second`() throws {
        let found = #expect(throws: SubmissionProblems.self) {
            try SubmissionPlan([request(.reject), request(.reject)], submitID: "a")
        }
        #expect(found?.problems.map(\.index) == [1])
        #expect(throws: Never.self) {
            try SubmissionPlan([request(.reject), request(.replaceWaiting)], submitID: "a")
        }
    }
}
