import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Projections
import Testing

@testable import Jobs

@Suite struct JobQueuePruningTests {
    private var history = JobQueueHistory()

    private static let all = PrunePolicy(states: [.completed, .dead, .cancelled, .skipped])

    /// Records what a policy comes to.
    @discardableResult
    private mutating func prune(_ policy: PrunePolicy = all) throws -> PrunePlan {
        let plan = try history.tables.plan(policy)
        for part in plan.parts { try record(part.jobs, part.counts) }
        return plan
    }

    private mutating func record(_ jobs: [JobRange], _ counts: QueueCounts = QueueCounts()) throws {
        try history.record(
            QueuePruned(by: "me", counts: counts, jobs: jobs, policy: Self.all),
            in: StreamName(category: RetentionEvent.category, id: "jobs"))
    }

    private func pruned() throws -> [JobID] { try history.tables.pruned.scan().map(\.key) }

    private static func ids(_ numbers: Int...) -> [JobID] { numbers.map { JobQueueHistory.id($0) } }

    private static func after(
        _ parents: Int..., join: QueueTerms.Join = .allSuccess, onFailure: ParentRange.OnFailure = .fail
    ) -> QueueTerms {
        QueueTerms(join: join, parents: parents.map { ParentRange(JobQueueHistory.id($0), onFailure: onFailure) })
    }

    @Test mutating func `a job that has ended is dropped with all that is kept by it, and counted`() throws {
        try history.accept(3)
        for number in 0..<3 { try history.submit(number) }
        try history.complete(0)
        try history.fail(1)
        #expect(try history.tables.pruned(of: JobQueueHistory.run, among: Self.ids(0, 1, 2)) == 0)
        let plan = try prune()
        #expect(try history.tables.pruned(of: JobQueueHistory.run, among: Self.ids(0, 1, 2)) == 2)
        #expect(plan.parts == [PrunePlan.Part(jobs: [JobRange(JobQueueHistory.id(0), count: 2)], counts: plan.counts)])
        #expect(plan.counts.completed == 1)
        #expect(plan.counts.dead == 1)
        #expect(try history.tables.jobs.scan().map(\.key) == Self.ids(2))
        #expect(try history.tables.ended.scan().isEmpty)
        #expect(try history.tables.counts().total == 1)
        #expect(try history.tables.queue("q")?.pruned == 2)
        #expect(try history.tables.allKinds() == ["probe"])
        let submission = try #require(try history.tables.submission(JobQueueHistory.run))
        #expect(submission.pruned == 2)
        #expect(submission.finished == nil)
        history.now = 7
        try history.complete(2)
        #expect(try history.tables.submission(JobQueueHistory.run)?.finished == Sample.at(7))
        try prune()
        #expect(try history.tables.submission(JobQueueHistory.run) == nil)
        #expect(try history.tables.pruned(of: JobQueueHistory.run, among: Self.ids(0, 1, 2)) == 3)
        #expect(try prune().parts.isEmpty)
    }

    @Test mutating func `a job that hasn't ended stays, whatever the event says`() throws {
        try history.submit(0)
        try history.submit(1)
        try history.fail(1)
        let plan = try history.tables.plan(Self.all)
        try history.retry(1)
        for part in plan.parts { try record(part.jobs, part.counts) }
        try record([JobRange(JobQueueHistory.id(0)), JobRange(JobQueueHistory.id(7))])
        #expect(try pruned().isEmpty)
        #expect(try history.tables.counts().ready == 2)
    }

    @Test mutating func `a job that an unfinished one waits for stays until that has ended`() throws {
        for number in 0..<2 { try history.submit(number) }
        try history.submit(2, Self.after(0, 1))
        try history.complete(0)
        #expect(try prune().awaited == 1)
        try record([JobRange(JobQueueHistory.id(0))])
        #expect(try pruned().isEmpty)
        try history.complete(1)
        try history.complete(2)
        try prune()
        #expect(try pruned() == Self.ids(0, 1, 2))
        #expect(try history.tables.edges.scan().isEmpty)
        #expect(try history.tables.parents.scan().isEmpty)
    }

    @Test mutating func `of a job that was dropped, one that names it later still knows how it ended`() throws {
        for number in 0..<3 { try history.submit(number) }
        try history.complete(0)
        try history.fail(1, class: "broken")
        let failure = try #require(history.last[1]?.position)
        let success = try #require(history.last[0]?.position)
        try prune()
        try history.submit(3, Self.after(0))
        try history.submit(4, Self.after(0, 1))
        try history.submit(5, Self.after(0, join: .anyFailed))
        try history.submit(6, Self.after(1, 2, join: .allDone))
        #expect(try history.state(3) == .ready)
        let doomed = try #require(try history.row(4))
        #expect(
            doomed.unsettled
                == .skip(
                    JobSkipped(rootCause: JobQueueHistory.id(1), rootClass: "broken"),
                    causes: [doomed.position, failure]))
        let quiet = try #require(try history.row(5))
        guard case .skip(_, let causes) = quiet.unsettled else {
            Issue.record("a job that needs a failure can't run any more")
            return
        }
        #expect(causes == [quiet.position, success])
        #expect(try history.state(6) == .waiting)
        try history.complete(2)
        #expect(try history.state(6) == .ready)
    }

    @Test mutating func `a job that is done after all finds what its dropped parents came to`() throws {
        for number in 0..<2 { try history.submit(number) }
        try history.submit(2, Self.after(0, 1))
        try history.complete(0)
        try history.complete(1)
        try history.fail(2)
        try record([JobRange(JobQueueHistory.id(0), count: 2)])
        #expect(try pruned() == Self.ids(0, 1))
        try history.retry(2)
        #expect(try history.state(2) == .ready)
        try history.complete(2)
        #expect(try history.state(2) == .completed)
    }

    @Test mutating func `a policy chooses by state, age, queue, tag and number`() throws {
        for number in 0..<6 {
            history.now = Int64(number)
            try history.submit(number, queue: number == 5 ? "r" : "q")
            if number == 4 { try history.fail(number) } else { try history.complete(number) }
        }
        func chosen(_ policy: PrunePolicy) throws -> [JobID] {
            try history.tables.plan(policy).parts.flatMap(\.jobs).flatMap { Array($0.jobs) }
        }
        #expect(try chosen(PrunePolicy(states: [.dead])) == Self.ids(4))
        #expect(try chosen(PrunePolicy(states: [.completed], finishedBefore: Sample.at(2))) == Self.ids(0, 1))
        #expect(try chosen(PrunePolicy(states: [.completed], keep: 3)) == Self.ids(0, 1))
        #expect(try chosen(PrunePolicy(states: [.completed], keep: 0)).count == 5)
        #expect(try chosen(PrunePolicy(states: [.completed, .dead], keep: 9)).isEmpty)
        #expect(try chosen(PrunePolicy(states: [.completed], queue: "r")) == Self.ids(5))
        #expect(try chosen(PrunePolicy(states: [.completed], tags: ["night": "7"])).isEmpty)
        #expect(try chosen(PrunePolicy(states: [.ready, .running])).isEmpty)
        #expect(try chosen(PrunePolicy(states: [])).isEmpty)
    }

    @Test mutating func `many jobs are named in events of bounded size`() throws {
        let count = QueuePruned.mostJobs + 5
        for number in 0..<count {
            try history.submit(number)
            try history.cancel(number)
        }
        let plan = try prune()
        #expect(plan.parts.map(\.counts.total) == [QueuePruned.mostJobs, 5])
        #expect(plan.parts.map(\.jobs.count) == [1, 1])
        #expect(try history.tables.jobs.scan().isEmpty)
        // Ids with gaps between them can't be put together.
        let scattered = (0..<1_000).map { JobRange(JobQueueHistory.id($0 * 2)) }
        let event = QueuePruned(
            by: "me", counts: QueueCounts(), jobs: Array(scattered.prefix(QueuePruned.mostRanges)), policy: Self.all)
        #expect(event.canonicalBytes().count < 32_768)
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    mutating func `whatever is dropped, the other jobs stand where they would, and none waits for ever`(
        seed: UInt64
    ) throws {
        var generator = SeededGenerator(seed: seed)
        func draw(_ bound: Int) -> Int { Int(generator.uniform(below: UInt64(bound))) }
        let jobs = 24
        var next = 0
        for step in 0..<700 {
            history.now += Int64(draw(2))
            if next < jobs, next == 0 || draw(5) == 0 {
                let parents = next == 0 ? [] : (0..<draw(4)).map { _ in draw(next) }
                let terms = QueueTerms(
                    join: QueueTerms.Join.allCases[draw(3)],
                    parents: Set(parents).sorted().map {
                        ParentRange(JobQueueHistory.id($0), onFailure: ParentRange.OnFailure.allCases[draw(3)])
                    })
                try history.submit(next, terms)
                next += 1
                continue
            }
            let number = draw(next)
            if draw(8) == 0 {
                try record([JobRange(JobQueueHistory.id(number), count: 1 + draw(4))])
            } else if try history.row(number) != nil {
                try act(on: number, draw(5))
            }
            if step % 7 == 0 { try check("seed \(seed), step \(step)", next) }
        }
        #expect(try !pruned().isEmpty)
        try drain(next)
        try check("seed \(seed), end", next)
        for number in 0..<next {
            #expect(try history.row(number)?.state.isEnded != false, "seed \(seed), job \(number)")
        }
        try prune()
        #expect(try history.tables.jobs.scan().isEmpty)
        #expect(try pruned().count == next)

        let whole = MemoryView(JobQueue.self)
        try whole.apply(history.log.events)
        #expect(try whole.digest() == history.view.digest(), "seed \(seed)")
    }

    private mutating func act(on number: Int, _ choice: Int) throws {
        let state = try history.state(number)
        switch choice {
        case 0 where state == .ready: try history.complete(number)
        case 1 where state == .ready: try history.fail(number)
        case 2: try history.cancel(number)
        case 3: try history.retry(number)
        default: try history.skip(number)
        }
    }

    /// Does what is ready and skips what can't be done, until nothing is left.
    private mutating func drain(_ count: Int) throws {
        for _ in 0...count {
            for number in 0..<count {
                try history.skip(number)
                if try history.state(number) == .ready { try history.complete(number) }
            }
        }
    }

    private func check(_ place: String, _ count: Int) throws {
        let places = try history.places()
        let dropped = Set(try pruned())
        for number in 0..<count {
            let id = JobQueueHistory.id(number)
            guard let row = try history.row(number) else {
                #expect(dropped.contains(id) && places[id] == nil, "\(place), job \(number)")
                continue
            }
            #expect(!dropped.contains(id), "\(place), job \(number)")
            #expect(try history.expectedStates(number).contains(row.state), "\(place), job \(number): \(row)")
            #expect(places[id] == [row.place.table], "\(place), job \(number)")
        }
        #expect(try history.tables.counts().total + dropped.count == count, "\(place)")
        #expect((try history.tables.queue("q")?.pruned ?? 0) == dropped.count, "\(place)")
    }
}
