import Deciders
import Determinism
import EventLog
import Projections
import Testing

@testable import Jobs

@Suite struct JobQueueQueryTests {
    private var history = JobQueueHistory()

    private func ids(_ numbers: Int...) -> [JobID] { numbers.map(JobQueueHistory.id) }

    @Test mutating func `ready jobs come by priority, then by submission`() throws {
        for (number, priority) in [0, 5, 5, -3, 100].enumerated() {
            try history.submit(number, QueueTerms(priority: priority))
        }
        let tables = history.tables
        #expect(try tables.ready(in: "q", limit: 9).map(\.id) == ids(4, 1, 2, 0, 3))
        #expect(try tables.ready(in: "q", limit: 2).map(\.id) == ids(4, 1))
        let last = try #require(try tables.ready.scan(limit: 2).last?.key)
        #expect(try tables.ready(in: "q", after: last, limit: 2).map(\.id) == ids(2, 0))
        #expect(try tables.ready(in: "other", limit: 9).isEmpty)
    }

    @Test mutating func `ready jobs of several queues come as if they were one, however many`() throws {
        var generator = SeededGenerator(seed: 7)
        var jobs: [(priority: Int, number: Int, queue: String)] = []
        for number in 0..<400 {
            let priority = Int(generator.uniform(below: 3))
            let queue = ["a", "b", "c"][Int(generator.uniform(below: 3))]
            jobs.append((priority, number, queue))
            try history.submit(number, queue: queue, QueueTerms(priority: priority))
        }
        let expected = jobs.filter { $0.queue != "c" }.sorted { ($1.priority, $0.number) < ($0.priority, $1.number) }
        var found: [JobID] = []
        try history.tables.forEachReady(in: ["a", "b", "empty"]) { job in
            found.append(job.id)
            return true
        }
        #expect(found == expected.map { JobQueueHistory.id($0.number) })
        var few = 0
        try history.tables.forEachReady(in: ["a", "b"]) { _ in
            few += 1
            return few < 3
        }
        #expect(few == 3)
    }

    @Test mutating func `jobs are due from their time on, and the next time is the first to come`() throws {
        for (number, seconds) in [30, 10, 20].enumerated() {
            try history.submit(number, QueueTerms(notBefore: Sample.at(Int64(seconds))))
        }
        try history.submit(3, queue: "other", QueueTerms(notBefore: Sample.at(12)))
        try history.submit(4, QueueTerms(deadline: Sample.at(15)))
        let tables = history.tables
        #expect(try tables.due(in: "q", at: Sample.at(20), limit: 9).map(\.id) == ids(1, 2))
        #expect(try tables.due(in: "q", at: Sample.at(20), limit: 1).map(\.id) == ids(1))
        #expect(try tables.due(in: "q", at: Sample.at(9), limit: 9).isEmpty)
        #expect(try tables.nextBeginning(after: Sample.at(0), in: ["q", "other"]) == Sample.at(10))
        #expect(try tables.nextBeginning(after: Sample.at(10), in: ["q", "other"]) == Sample.at(12))
        #expect(try tables.nextBeginning(after: Sample.at(10), in: ["q"]) == Sample.at(20))
        #expect(try tables.nextBeginning(after: Sample.at(30), in: ["q", "other"]) == nil)
        #expect(try tables.nextBeginning(after: Sample.at(0), in: ["q", "other"]) { _ in false } == nil)
        #expect(try tables.nextDeadline(after: Sample.at(10)) == Sample.at(15))
        #expect(try tables.nextDeadline(after: Sample.at(15)) == nil)
        #expect(try tables.pastDeadline(at: Sample.at(14), limit: 9).isEmpty)
        #expect(try tables.pastDeadline(at: Sample.at(15), limit: 9).map(\.id) == ids(4))
    }

    @Test mutating func `knows who has what`() throws {
        let workers = ["a", "ab", "b"].map { WorkerID(wellFormed: $0) }
        for number in 0..<6 {
            try history.submit(number)
            try history.lease(number, to: workers[number % 3])
        }
        let tables = history.tables
        #expect(try tables.runningWorkers() == workers)
        #expect(try tables.running(of: workers[1]).map(\.id) == ids(1, 4))
        #expect(try tables.running(of: workers[1], limit: 1).map(\.id) == ids(1))
    }

    @Test mutating func `lists by state, queue, kind, tag, class, worker and age`() throws {
        for number in 0..<6 {
            history.now = Int64(number)
            let submission = JobQueueHistory.submission(
                number, queue: number < 3 ? "q" : "r", kind: number % 2 == 0 ? "probe" : "judge",
                labels: ["model": "m\(number % 3)"])
            try history.handle(number, .submit(submission))
        }
        try history.fail(1, class: "timeout")
        try history.lease(4, to: Sample.b)
        #expect(try list { $0.states = [.ready] } == ids(0, 2, 3, 5))
        #expect(try list { $0.states = [.ready, .running] } == ids(4, 0, 2, 3, 5))
        #expect(try list { $0.queue = "q" } == ids(0, 2, 1))
        #expect(try list { $0.kind = "judge" } == ids(3, 5, 1))
        #expect(try list { $0.kind = "nosuch" } == [])
        #expect(try list { $0.queue = "nosuch" } == [])
        #expect(try list { $0.tags = ["model": "m1"] } == ids(4, 1))
        #expect(try list { $0.errorClass = "timeout" } == ids(1))
        #expect(try list { $0.worker = Sample.b } == ids(4))
        #expect(try list { $0.submittedBefore = Sample.at(2) } == ids(0, 1))
        #expect(try list { $0.submittedFrom = Sample.at(4) } == ids(4, 5))
        #expect(try list { $0.run = JobQueueHistory.run } == ids(0, 1, 2, 3, 4, 5))
        #expect(try list(newestFirst: true) { $0.run = JobQueueHistory.run } == ids(5, 4, 3, 2, 1, 0))
        #expect(try list { $0.run = RunID(wellFormed: "other") } == [])
        #expect(try list(newestFirst: true) { $0.states = [.ready] } == ids(5, 3, 2, 0))
        #expect(try list(limit: 2) { $0.states = [.ready] } == ids(0, 2))
        #expect(try list(limit: 2) { _ in } == ids(4, 0))
    }

    private func list(
        limit: Int = 99, newestFirst: Bool = false, _ wanted: (inout QueueFilter) -> Void
    ) throws -> [JobID] {
        var filter = QueueFilter()
        wanted(&filter)
        return try history.tables.list(filter, newestFirst: newestFirst, limit: limit).map(\.id)
    }

    @Test mutating func `lists of a state hold jobs that others must settle`() throws {
        try history.submit(0)
        try history.submit(1, QueueTerms(parents: [ParentRange(JobQueueHistory.id(0))]))
        try history.submit(2)
        try history.submit(3, QueueTerms(parents: [ParentRange(JobQueueHistory.id(2))]))
        try history.fail(0)
        try history.fail(2, retryable: true)
        #expect(try list { $0.states = [.waiting] } == ids(3, 1))
        #expect(try list { $0.states = [.retrying] } == ids(2))
        #expect(try history.tables.unsettled(limit: 9).map(\.id) == ids(1, 2))
        #expect(try history.tables.unsettled(limit: 1).map(\.id) == ids(1))
    }
}
