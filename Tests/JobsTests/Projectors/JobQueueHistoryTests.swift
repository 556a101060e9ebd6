import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Projections
import TestSupport
import Testing

@testable import Jobs

/// Properties of any history that the decider allows, with random graphs of jobs.
@Suite struct JobQueueHistoryTests {
    private static let jobs = 14

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `tables say of each job what a look at all streams says`(seed: UInt64) throws {
        var walk = try Walk(seed: seed)
        for step in 0..<500 {
            try walk.step()
            if step % 10 == 0 { try check(walk.history, "seed \(seed), step \(step)") }
        }
        try check(walk.history, "seed \(seed), end")
    }

    private func check(_ history: JobQueueHistory, _ place: String) throws {
        let tables = history.tables
        let places = try history.places()
        var byQueue: [String: QueueCounts] = [:]
        for number in history.numbers {
            let id = JobQueueHistory.id(number)
            let row = try #require(try tables.job(id))
            let progress = try #require(history.progress(number))
            #expect(row.loaded(progress.submission).state == .known(progress), "\(place), job \(number)")
            #expect(row.lastPosition == history.last[number]?.position)
            #expect(row.revision == history.last[number]?.revision)
            #expect(try history.expectedStates(number).contains(row.state), "\(place), job \(number): \(row)")
            #expect(places[id] == [row.place.table], "\(place), job \(number)")
            try checkUnsettled(row, history, number, "\(place), job \(number)")
            let deadline = row.state.isEnded ? nil : progress.submission.terms?.deadline
            #expect(try tables.deadlines.scan().first { $0.row == id }?.key.deadline == deadline)
            byQueue[row.queue, default: QueueCounts()][row.state] += 1
        }
        for (name, queue) in try tables.allQueues() { #expect(queue.counts == byQueue[name], "\(place)") }
        let submission = try #require(try tables.submission(JobQueueHistory.run))
        let counts = try tables.counts()
        #expect(submission.counts == counts, "\(place)")
        #expect(counts.total == history.numbers.count)
        #expect((submission.finished != nil) == (counts.ended == Self.jobs))
    }

    /// The skip that is asked for is the one that its causes give, which is how replay checks it.
    private func checkUnsettled(_ row: QueueRow, _ history: JobQueueHistory, _ number: Int, _ place: String) throws {
        let isDoomed: Bool
        if case .ready? = history.progress(number)?.stage {
            isDoomed = try history.verdict(number) == .doomed
        } else {
            isDoomed = false
        }
        guard case .skip(let skipped, let causes) = row.unsettled else {
            #expect(!isDoomed, "\(place)")
            return
        }
        #expect(isDoomed, "\(place)")
        let event = try #require(history.log.events.first { $0.position == causes.last })
        let parent = try JobID(streamOf: event)
        let end = try #require(try ParentEnd(event))
        #expect(history.ends.values.contains { $0.position == event.position }, "\(place): the end was taken back")
        #expect(history.progress(number)?.submission.terms?.skip(after: end, of: parent) == skipped, "\(place)")
    }

    @Test(arguments: 21...24 as ClosedRange<UInt64>)
    func `batches of any size give the same tables, also when rows are read anew`(seed: UInt64) throws {
        var walk = try Walk(seed: seed)
        for _ in 0..<500 { try walk.step() }
        let events = walk.history.log.events
        let whole = MemoryView(JobQueue.self)
        try whole.apply(events)
        let digest = try whole.digest()
        #expect(try walk.history.view.digest() == digest, "seed \(seed)")
        let pieces = MemoryView(JobQueue.self)
        var start = 0
        while start < events.count {
            let end = min(start + 1 + Int(walk.generator.uniform(below: 90)), events.count)
            try pieces.apply(events[start..<end])
            start = end
        }
        #expect(try pieces.digest() == digest, "seed \(seed)")

        let directory = try TemporaryDirectory("queue")
        for end in stride(from: 0, through: events.count + 99, by: 100) {
            let views = try ProjectionRunner(
                log: walk.history.log, directory: directory.path("views"),
                catalogue: ProjectorCatalogue([JobQueue.self]), limit: Position(UInt64(min(end, events.count))),
                batch: 37)
            try views.catchUpAll()
            if end >= events.count { #expect(try views.digest(of: JobQueue.self) == digest, "seed \(seed)") }
            views.close()
        }
    }

    /// Jobs that are submitted in order, each after any of those before it, and then led a life.
    private struct Walk {
        var generator: SeededGenerator
        var history = JobQueueHistory()
        private var next = 0

        init(seed: UInt64) throws {
            generator = SeededGenerator(seed: seed)
            try history.accept(JobQueueHistoryTests.jobs)
        }

        private mutating func draw(_ bound: Int) -> Int { Int(generator.uniform(below: UInt64(bound))) }

        private mutating func oneOf<Element>(_ elements: [Element]) -> Element { elements[draw(elements.count)] }

        mutating func step() throws {
            history.now += Int64(draw(3))
            if next < JobQueueHistoryTests.jobs, next == 0 || draw(6) == 0 {
                try history.submit(next, queue: oneOf(["q", "r"]), try terms())
                next += 1
                return
            }
            let number = draw(next)
            try act(number)
        }

        private mutating func terms() throws -> QueueTerms {
            var parents: [ParentRange] = []
            var first = 0
            while first < next {
                let count = min(1 + draw(3), next - first)
                if draw(3) == 0 {
                    let onFailure = oneOf(ParentRange.OnFailure.allCases)
                    parents.append(ParentRange(JobQueueHistory.id(first), count: count, onFailure: onFailure))
                }
                first += count
            }
            return QueueTerms(
                deadline: draw(4) == 0 ? Sample.at(history.now + 400) : nil,
                join: oneOf(QueueTerms.Join.allCases), notBefore: draw(4) == 0 ? Sample.at(history.now + 20) : nil,
                parents: generator.permuted(parents), priority: draw(5) - 2)
        }

        private mutating func act(_ number: Int) throws {
            let now = Sample.at(history.now)
            let worker: WorkerID
            if case .leased(let lease)? = history.progress(number)?.stage {
                worker = lease.worker
            } else {
                worker = oneOf([Sample.a, Sample.b])
            }
            switch draw(16) {
            case 0...3:
                // A worker begins what is ready, and now and then what has just ceased to be.
                if try history.state(number) != .waiting || draw(12) == 0 { try history.lease(number, to: worker) }
            case 4, 5: try history.handle(number, .complete(by: worker, at: now, result: [:]))
            case 6, 7:
                let isRetryable = draw(2) == 0
                try history.handle(
                    number,
                    .fail(by: worker, at: now, class: "broken", message: "no luck", retryable: isRetryable))
            case 8: try history.handle(number, .scheduleRetry(at: now, delay: .seconds(Int64(draw(5)))))
            case 9:
                let reason = oneOf(JobLeaseExpired.Reason.allCases)
                try history.handle(
                    number, .expire(from: worker, at: now, reason: reason, policy: JobQueueHistory.policy))
            case 10:
                let until = Sample.at(history.now + 5)
                try history.handle(number, .putOff(by: worker, at: now, until: until, reason: "full"))
            case 11: try history.cancel(number)
            case 12, 13: try history.retry(number)
            case 14: try settle()
            default: try actRarely(number, worker, at: now)
            }
        }

        private mutating func settle() throws {
            guard let job = try history.tables.unsettled(limit: 1).first else { return }
            let number = try #require(history.numbers.first { JobQueueHistory.id($0) == job.id })
            if case .skip(let skipped, _) = job.row.unsettled { try history.handle(number, .skip(skipped)) }
        }

        private mutating func actRarely(_ number: Int, _ worker: WorkerID, at now: Timestamp) throws {
            switch draw(6) {
            case 0: try history.handle(number, .release(by: worker, at: now))
            case 1:
                try history.handle(
                    number, .crash(by: worker, at: now, message: "signal 9", policy: JobQueueHistory.policy))
            case 2: try history.handle(number, .unlock(by: "me", note: nil))
            case 3:
                try history.handle(
                    number, .report(by: worker, at: now, thousandths: draw(1_001), message: "on its way"))
            case 4:
                try history.handle(
                    number, .recordLate(JobResultLate(attempt: 1, class: nil, result: [:], worker: Sample.b)))
            default: try history.handle(number, .cancelPastDeadline(at: now))
            }
        }
    }
}
