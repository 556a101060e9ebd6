import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Projections
import Synchronization
import Testing

@testable import Jobs

@Suite struct QueueWorkerTests {
    @Test func `every job of a queue is done once, the urgent ones first`() async throws {
        let bench = try QueueBench()
        let requests = (0..<200).map { JobRequest(kind: "note", name: "j\($0)", priority: $0 % 3) }
        let receipt = try await bench.submit(requests)
        let seen = Collected<JobID>()
        let note = QueueFunction { task in
            seen.add(task.id)
            return .completed([:])
        }
        #expect(try await bench.worker(["note": note], slots: 1).work() == .finished)
        let expected = (0..<200).sorted { (-($0 % 3), $0) < (-($1 % 3), $1) }.map { receipt.jobs[$0] }
        #expect(seen.values == expected)
        #expect(try bench.counts().completed == 200)
        #expect(try bench.history(receipt.jobs[7]) == ["submitted", "leased", "completed"])
    }

    @Test func `a flow runs in the order of its edges, and children see their parents' results`() async throws {
        let bench = try QueueBench()
        let receipt = try await bench.submit([
            JobRequest(kind: "add", name: "sum", after: [.init(.name("a")), .init(.name("b"))]),
            JobRequest(kind: "give", name: "a", input: 3), JobRequest(kind: "give", name: "b", input: 4),
        ])
        let give = QueueFunction { task in .completed(["n": task.input]) }
        let add = QueueFunction { task in
            let parts = try await task.parents().compactMap { $0.result?["n"]?.int }
            return .completed(["n": .number(Double(parts.reduce(0, +)))])
        }
        #expect(try await bench.worker(["give": give, "add": add]).work() == .finished)
        let sum = try #require(
            try bench.log.readStream(Sample.stream(receipt.jobs[0])).last?.decode(JobCompleted.self))
        #expect(sum.result["n"]?.int == 7)
    }

    @Test func `a failed parent skips its children at once, naming the root`() async throws {
        let bench = try QueueBench()
        let receipt = try await bench.submit([
            JobRequest(kind: "fail", name: "a", retry: RetryPolicy(attempts: 2, base: .milliseconds(1))),
            JobRequest(kind: "noop", name: "b", after: [.init(.name("a"))]),
            JobRequest(kind: "noop", name: "c", after: [.init(.name("b"))]),
            JobRequest(kind: "noop", name: "d", after: [.init(.name("a"), onFailure: .continue)]),
            JobRequest(kind: "noop", name: "e", after: [.init(.name("a"))], join: .anyFailed),
        ])
        let fail = QueueFunction { _ in .failed(class: "broken", message: "no", retryable: true) }
        #expect(try await bench.worker(["fail": fail]).work() == .finished)
        let states = try receipt.jobs.map { try bench.row($0).state }
        #expect(states == [.dead, .skipped, .skipped, .completed, .completed])
        #expect(
            try bench.row(receipt.jobs[2]).stage
                == .skipped(JobSkipped(rootCause: receipt.jobs[0], rootClass: "broken")))
        #expect(
            try bench.history(receipt.jobs[0])
                == ["submitted", "leased", "failed", "retryScheduled", "leased", "failed"])
        #expect(try bench.divergences() == [])
    }

    @Test func `two workers share a queue with a limit, and never run more than it allows`() async throws {
        let bench = try QueueBench()
        let queues = CommandBench(bench)
        try await queues.configure("default", concurrency: 3)
        try await bench.submit((0..<60).map { _ in JobRequest(kind: "count") })
        let running = Gauge()
        let count = QueueFunction { _ in
            running.enter()
            try await Task.sleep(for: .milliseconds(2))
            running.leave()
            return .completed([:])
        }
        async let first = bench.worker(["count": count], id: Sample.a).work()
        async let second = bench.worker(["count": count], id: Sample.b).work()
        #expect(try await (first, second) == (.finished, .finished))
        #expect(running.most <= 3)
        #expect(try bench.counts().completed == 60)
    }

    @Test func `what a gone worker had is taken over, and nothing is spent`() async throws {
        let bench = try QueueBench()
        let receipt = try await bench.submit([JobRequest(kind: "noop")])
        let jobs = CommandBench(bench)
        try await jobs.lease(receipt.jobs[0], to: Sample.b, for: .hours(1))
        #expect(try await bench.worker(gone: [Sample.b]).work() == .finished)
        #expect(
            try bench.history(receipt.jobs[0]) == ["submitted", "leased", "leaseExpired", "leased", "completed"])
        #expect(try bench.row(receipt.jobs[0]).failures == 0)
        #expect(try bench.divergences() == [])
    }

    @Test func `stopping gives everything back, with nothing spent`() async throws {
        let bench = try QueueBench()
        let receipt = try await bench.submit((0..<5).map { _ in JobRequest(kind: "endless") })
        let begun = OneShot()
        let count = Gauge()
        let endless = QueueFunction { _ in
            if count.enter() == 5 { begun.happen() }
            try await OneShot().wait()
            return .interrupted
        }
        let worker = bench.worker(["endless": endless], endsWhenEmpty: false)
        async let outcome = worker.work()
        try await begun.wait()
        worker.drain()
        #expect(try await outcome == .drained)
        for id in receipt.jobs {
            #expect(try bench.history(id) == ["submitted", "leased", "released"])
            #expect(try bench.row(id).state == .ready)
        }
    }

    @Test func `a cancelled job is stopped, and its late answer doesn't count`() async throws {
        let bench = try QueueBench()
        let receipt = try await bench.submit([JobRequest(kind: "slow"), JobRequest(kind: "noop")])
        let begun = OneShot()
        let slow = QueueFunction { _ in
            begun.happen()
            try? await OneShot().wait()
            return .completed(["late": true])
        }
        async let outcome = bench.worker(["slow": slow]).work()
        try await begun.wait()
        try await CommandBench(bench).cancel(receipt.jobs[0])
        #expect(try await outcome == .finished)
        #expect(try bench.row(receipt.jobs[0]).state == .cancelled)
    }

    @Test func `what nobody here can begin doesn't keep others waiting, nor the worker from ending`() async throws {
        let bench = try QueueBench()
        try await bench.submit(
            (0..<20).map { _ in JobRequest(kind: "unheardOf") } + [JobRequest(kind: "noop", priority: -5)])
        #expect(
            try await bench.worker(slots: 2).work() == .blocked(["no handler for jobs of kind unheardOf"]))
        #expect(try bench.counts().completed == 1)
        #expect(try bench.counts().ready == 20)
    }

    @Test func `a job isn't begun before its time, and ends at its deadline`() async throws {
        let bench = try QueueBench()
        let now = TimeSource.system.time()
        let receipt = try await bench.submit([
            JobRequest(kind: "noop", notBefore: now + .milliseconds(150)),
            JobRequest(kind: "noop", notBefore: now + .hours(1), deadline: now + .hours(2)),
            JobRequest(kind: "unheardOf", deadline: now + .milliseconds(100)),
        ])
        let worker = bench.worker(endsWhenEmpty: false)
        async let outcome = worker.work()
        for try await page in bench.log.subscribe(
            from: .first, matching: EventFilter(types: [JobCompleted.type]))
        where !page.isEmpty { break }
        worker.drain()
        _ = try await outcome
        #expect(try bench.log.readStream(Sample.stream(receipt.jobs[0])).last?.time ?? now >= now + .milliseconds(150))
        #expect(try bench.row(receipt.jobs[1]).state == .scheduled)
        #expect(try bench.row(receipt.jobs[2]).state == .cancelled)
        #expect(try bench.divergences() == [])
    }

    private static let once = RetryPolicy(attempts: 2, base: .milliseconds(1), cap: .milliseconds(1))
    /// Calls a provider that refuses every job once.
    private static let refused = QueueFunction(provider: ProviderID(wellFormed: "openai")) { task in
        task.attempt == 1 ? .failed(class: "rateLimit", message: "429", retryable: true) : .completed([:])
    }

    /// However long the machine takes, the minute of a budget isn't over: a question takes a millisecond.
    private static func milliseconds(of clock: VirtualClock) -> TimeSource {
        TimeSource {
            clock.advance(by: .milliseconds(1))
            return clock.time
        }
    }

    @Test func `retries of jobs that call one provider share its budget, and what exceeds it is held back`()
        async throws
    {
        let clock = VirtualClock(TimeSource.system.time())
        let bench = try QueueBench(time: Self.milliseconds(of: clock))
        try await bench.submit((0..<12).map { JobRequest(kind: $0 % 2 == 0 ? "ask" : "judge", retry: Self.once) })
        let outcome = try await bench.worker(
            ["ask": Self.refused, "judge": Self.refused], endsWhenIdleFor: .milliseconds(500)
        ).work()
        guard case .idle(let next?, let obstacles) = outcome else {
            Issue.record("it ended as \(outcome)")
            return
        }
        #expect(obstacles.isEmpty)
        // Ten in the minute, and one for the ten calls and more that were answered.
        #expect(try bench.counts().completed == 11)
        let left = try bench.views.query(JobQueue.self) { try $0.due(in: "default", at: next, limit: 9) }
        #expect(left.map(\.row.heldBackBy) == [Self.refused.provider])
        #expect(left.map(\.row.state) == [.retrying])
        #expect(try bench.divergences() == [])
    }

    @Test func `retries that a budget spaced out don't begin together after a time in which nobody worked`()
        async throws
    {
        let clock = VirtualClock(TimeSource.system.time())
        let bench = try QueueBench(time: Self.milliseconds(of: clock))
        let jobs = 40
        try await bench.submit((0..<jobs).map { _ in JobRequest(kind: "ask", retry: Self.once) })
        func work() async throws -> QueueWorker.Outcome {
            try await bench.worker(["ask": Self.refused], endsWhenIdleFor: .milliseconds(500)).work()
        }
        _ = try await work()
        let before = try bench.counts().completed
        // The time of every retry has passed.
        clock.advance(by: .hours(1))
        guard case .idle(let next?, _) = try await work() else {
            Issue.record("it began them all")
            return
        }
        let after = try bench.counts().completed
        #expect(before < 20 && after - before <= 11, "\(before), then \(after)")
        let left = try bench.views.query(JobQueue.self) { try $0.due(in: "default", at: next + .hours(1), limit: jobs) }
        #expect(left.count == jobs - after)
        #expect(
            left.allSatisfy { $0.row.errorMessage?.hasPrefix("it comes late, and the provider openai has") == true })
        // They are let go one each six seconds again.
        let times = left.compactMap(\.row.stage.notBefore).sorted()
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 >= .seconds(5) })
        // Those that come on time aren't asked again.
        let stream = try StreamName(category: RetryBudget.category, id: "openai")
        let asked = try bench.log.readStream(stream).count
        for _ in 0..<60 where try bench.counts().completed < jobs {
            clock.advance(by: .seconds(4))
            _ = try await work()
        }
        #expect(try bench.counts().completed == jobs)
        #expect(try bench.log.readStream(stream).count == asked)
        #expect(try bench.divergences() == [])
    }

    @Test func `a retry that nobody decided is taken from the budget by whoever decides it`() async throws {
        let bench = try QueueBench()
        let provider = ProviderID(wellFormed: "openai")
        let receipt = try await bench.submit([JobRequest(kind: "ask", retry: RetryPolicy(base: .milliseconds(1)))])
        let commands = CommandBench(bench)
        try await commands.lease(receipt.jobs[0], to: Sample.b, for: .hours(1))
        try await commands.fail(receipt.jobs[0], by: Sample.b, provider: provider)
        let ask = QueueFunction { _ in .completed([:]) }
        #expect(try await bench.worker(["ask": ask]).work() == .finished)
        let stream = try StreamName(category: RetryBudget.category, id: "openai")
        let spent = try bench.log.readStream(stream).map { try $0.decode(RetryBudgetSpent.self) }
        #expect(spent.map { $0.retries.map(\.job) } == [receipt.jobs])
        #expect(try bench.divergences() == [])
    }

    @Test func `one that ends when idle leaves what isn't to be begun soon`() async throws {
        let bench = try QueueBench()
        let time = TimeSource.system.time() + .hours(1)
        try await bench.submit([
            JobRequest(kind: "noop", name: "later", notBefore: time), JobRequest(kind: "noop"),
            JobRequest(kind: "noop", after: [.init(.name("later"))]),
        ])
        let outcome = try await bench.worker(endsWhenEmpty: false, endsWhenIdleFor: .minutes(1)).work()
        #expect(outcome == .idle(next: time, obstacles: []))
        #expect(try bench.counts().completed == 1)
        try await bench.submit([JobRequest(kind: "unheardOf")], id: "s2")
        #expect(
            try await bench.worker(endsWhenEmpty: false, endsWhenIdleFor: .zero).work()
                == .idle(next: time, obstacles: ["no handler for jobs of kind unheardOf"]))
        try await CommandBench(bench).pause("default")
        #expect(
            try await bench.worker(endsWhenEmpty: false, endsWhenIdleFor: .hours(9)).work()
                == .blocked(["the queue default is paused"]))
    }

    @Test func `what is to be begun later, and not here, is an obstacle and nothing to wait for`() async throws {
        let bench = try QueueBench()
        let time = TimeSource.system.time() + .hours(1)
        try await bench.submit([
            JobRequest(kind: "unheardOf", notBefore: time), JobRequest(kind: "noop", notBefore: time + .hours(1)),
        ])
        let obstacles = ["no handler for jobs of kind unheardOf"]
        #expect(
            try await bench.worker(endsWhenEmpty: false, endsWhenIdleFor: .minutes(90)).work()
                == .idle(next: time + .hours(1), obstacles: obstacles))
        let other = try QueueBench()
        try await other.submit([JobRequest(kind: "unheardOf", notBefore: time)])
        #expect(try await other.worker().work() == .blocked(obstacles))
    }

    @Test func `one that ends when idle waits for what is to be begun soon, and does it`() async throws {
        let bench = try QueueBench()
        try await bench.submit([
            JobRequest(kind: "noop", notBefore: TimeSource.system.time() + .milliseconds(60))
        ])
        #expect(
            try await bench.worker(endsWhenEmpty: false, endsWhenIdleFor: .hours(1)).work() == .finished)
        #expect(try bench.counts().completed == 1)
    }

    @Test(.timeLimit(.minutes(2)))
    func `a crash and the wait after it are told at once, and not at the next round`() async throws {
        let bench = try QueueBench()
        try await bench.submit([JobRequest(kind: "work")])
        let told = Mutex<WorkerStatus.Pool?>(nil)
        let stopping = OneShot()
        let worker = bench.worker(
            ["work": QueueFunction { _ in .crashed(message: "signal 11") }], endsWhenEmpty: false,
            rounds: .seconds(3_600)
        ) { status in
            guard let pool = status.pools.first, pool.lastCrash != nil else { return }
            told.withLock { $0 = $0 ?? pool }
            stopping.happen()
        }
        async let stopped: Void = stopping.wait()
        async let outcome = worker.work()
        try await stopped
        worker.stop()
        #expect(try await outcome == .drained)
        let pool = try #require(told.withLock { $0 })
        #expect(pool.kind == "work" && pool.lastCrash == "signal 11" && pool.crashes == 1 && pool.notBefore != nil)
    }

    @Test func `a kind that keeps crashing is begun no more, and again when somebody resumes it`() async throws {
        let bench = try QueueBench()
        let jobs = KindBreaker.mostCrashes
        try await bench.submit((0..<jobs).map { _ in JobRequest(kind: "bad") } + [JobRequest(kind: "noop")])
        let isMended = OneShot()
        let began = Gauge()
        let bad = QueueFunction { _ in
            // All at once, as after each one there is a wait.
            if began.enter() <= jobs { return .crashed(message: "signal 11") }
            return .completed([:])
        }
        let commands = CommandBench(bench)
        try await commands.start(Sample.a)
        let first = try await bench.worker(["bad": bad], slots: jobs).work()
        guard case .blocked(let reasons) = first else {
            Issue.record("it ended as \(first)")
            return
        }
        #expect(reasons.count == 1 && reasons[0].hasPrefix("jobs of kind bad are begun here no more (20 crashes in"))
        #expect(try bench.counts().ready == jobs)

        let again = bench.worker(["bad": crashing(jobs, until: isMended)], slots: jobs, endsWhenEmpty: false)
        async let outcome = again.work()
        try await bench.waits(for: WorkerKindPaused.type, count: 2)
        isMended.happen()
        try await commands.resume("bad", in: Sample.a)
        try await bench.waits(for: JobCompleted.type, count: jobs + 1)
        again.drain()
        #expect(try await outcome == .drained)
        #expect(try bench.counts().completed == jobs + 1)
        #expect(try bench.divergences() == [])
    }

    private func crashing(_ count: Int, until mended: OneShot) -> QueueFunction {
        let began = Gauge()
        return QueueFunction { _ in
            if began.enter() <= count { return .crashed(message: "signal 11") }
            try await mended.wait()
            return .completed([:])
        }
    }
}
