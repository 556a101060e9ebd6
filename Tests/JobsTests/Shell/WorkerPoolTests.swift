import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Projections
import Synchronization
import Testing

@testable import Jobs

@Suite struct WorkerPoolTests {
    @Test func `works on every job, in the order of the plan, parents before their children`() async throws {
        let shop = try Workshop()
        let jobs = (0..<20).map { number in
            Sample.submitted(number, after: number.isMultiple(of: 2) ? [] : [Sample.job(number - 1)])
        }
        #expect(try await shop.submit(jobs) == 20)
        let begun = Collected<Int>()
        let outcome = try await shop.pool(
            limits: PoolState.Limits(total: 1),
            Handler { job in
                begun.add(job.submission.ordinal)
                return .completed(["ordinal": JSONValue(job.submission.ordinal)])
            }
        ).work()
        var counts = JobCounts()
        counts.completed = 20
        #expect(outcome == .finished(counts))
        #expect(begun.values.count == 20)
        #expect(begun.values.filter { $0.isMultiple(of: 2) } == Array(stride(from: 0, to: 20, by: 2)))
        for child in stride(from: 1, to: 20, by: 2) {
            let places = try #require(
                begun.values.firstIndex(of: child - 1).flatMap { parent in
                    begun.values.firstIndex(of: child).map { (parent, $0) }
                })
            #expect(places.0 < places.1)
        }
        #expect(try shop.history(3) == ["submitted", "leased", "completed"])
    }

    @Test func `a failure is tried again until it is final, and then skips those that wait for it`() async throws {
        let shop = try Workshop()
        _ = try await shop.submit([
            Sample.submitted(0), Sample.submitted(1), Sample.submitted(2, after: [Sample.job(1)]),
            Sample.submitted(3, after: [Sample.job(2)]),
        ])
        let outcome = try await shop.pool(
            Handler { job in
                if job.submission.ordinal == 0, job.attempt == 3 { return .completed([:]) }
                return .failed(class: "serverError", message: "HTTP 500", retryable: true)
            }
        ).work()
        var counts = JobCounts()
        counts.completed = 1
        counts.failed = 1
        counts.skipped = 2
        #expect(outcome == .finished(counts))
        let twoRetries = [
            "submitted", "leased", "failed", "retryScheduled", "leased", "failed", "retryScheduled", "leased",
        ]
        #expect(try shop.history(0) == twoRetries + ["completed"])
        #expect(try shop.history(1) == twoRetries + ["failed"])
        #expect(try shop.history(2) == ["submitted", "skipped"])
        let skipped = try #require(try shop.events(3).last).decode(JobSkipped.self)
        #expect(skipped == JobSkipped(rootCause: Sample.job(1), rootClass: "serverError"))
        #expect(try shop.divergences() == [])
        let retried = try #require(try shop.events(0).first { $0.hasType(JobRetryScheduled.type) })
        let again = try #require(try shop.events(0).last { $0.hasType(JobLeased.type) })
        #expect(again.time >= (try retried.decode(JobRetryScheduled.self).notBefore))
    }

    @Test func `a permanent failure is final at once`() async throws {
        let shop = try Workshop()
        _ = try await shop.submit([Sample.submitted(0)])
        _ = try await shop.pool(
            Handler { _ in .failed(class: "auth", message: "HTTP 401", retryable: false) }
        ).work()
        #expect(try shop.history(0) == ["submitted", "leased", "failed"])
    }

    @Test func `never runs more jobs at once than its limits, in all and in each lane`() async throws {
        let shop = try Workshop()
        _ = try await shop.submit((0..<60).map { Sample.submitted($0, lane: $0.isMultiple(of: 3) ? "slow" : "fast") })
        let now = Mutex<[String: Int]>([:])
        let most = Mutex<[String: Int]>([:])
        let handler = Handler { job in
            now.withLock { now in
                now[job.submission.lane, default: 0] += 1
                let all = now.values.reduce(0, +)
                most.withLock { most in
                    most["all"] = max(most["all"] ?? 0, all)
                    most[job.submission.lane] = max(most[job.submission.lane] ?? 0, now[job.submission.lane] ?? 0)
                }
            }
            for _ in 0..<20 { await Task.yield() }
            now.withLock { $0[job.submission.lane, default: 0] -= 1 }
            return .completed([:])
        }
        _ = try await shop.pool(limits: PoolState.Limits(total: 5, lanes: ["slow": 2]), handler).work()
        let seen = most.withLock { $0 }
        #expect(try #require(seen["all"]) <= 5)
        #expect(try #require(seen["slow"]) <= 2)
        #expect(try #require(seen["fast"]) >= 2)
    }

    @Test func `jobs that can only wait don't hold up other lanes, and go on when there is a slot`() async throws {
        let shop = try Workshop()
        _ = try await shop.submit((0..<20).map { Sample.submitted($0, lane: $0 < 10 ? "stuck" : "free") })
        let freed = OneShot()
        let working = Mutex(0)
        let most = Mutex(0)
        let done = Mutex(0)
        let handler = Handler { job in
            if job.submission.lane == "stuck" {
                job.slot.stepAside()
                try await freed.wait()
                try await job.slot.comeBack { try await OneShot().wait() }
            }
            let now = working.withLock { working in
                working += 1
                return working
            }
            most.withLock { $0 = max($0, now) }
            for _ in 0..<20 { await Task.yield() }
            working.withLock { $0 -= 1 }
            let finished = done.withLock { done in
                done += 1
                return done
            }
            if finished == 10 { freed.happen() }
            return .completed([:])
        }
        _ = try await shop.pool(limits: PoolState.Limits(total: 3), handler).work()
        #expect(done.withLock { $0 } == 20)
        #expect(most.withLock { $0 } <= 3)
    }

    @Test func `takes over what a dead worker had, and finishes it`() async throws {
        let shop = try Workshop()
        _ = try await shop.submit([Sample.submitted(0), Sample.submitted(1)])
        let dead = CommandHandler<Job>(log: shop.log, effects: shop.effects, worker: Sample.b.rawValue)
        try await dead.handle("j0") { .lease(to: Sample.b, at: $0, for: .seconds(100)) }
        let outcome = try await shop.pool(liveness: AllGone(), Handler.completing).work()
        guard case .finished(let counts) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(counts.completed == 2)
        #expect(try shop.history(0) == ["submitted", "leased", "leaseExpired", "leased", "completed"])
        let expired = try shop.events(0)[2].decode(JobLeaseExpired.self)
        #expect(expired.reason == .workerGone)
        #expect(expired.worker == Sample.b)
        #expect(try shop.divergences() == [])
    }

    @Test func `two workers share a run, and every job is completed once`() async throws {
        let shop = try Workshop()
        _ = try await shop.submit((0..<80).map { Sample.submitted($0) })
        let done = Collected<Int>()
        let handler = Handler { job in
            await Task.yield()
            done.add(job.submission.ordinal)
            return .completed([:])
        }
        let pools = [shop.pool(by: Sample.a, handler), shop.pool(by: Sample.b, handler)]
        try await withThrowingTaskGroup(of: WorkerPool.Outcome.self) { group in
            for pool in pools { group.addTask { try await pool.work() } }
            for try await outcome in group {
                guard case .finished(let counts) = outcome else { return #expect(Bool(false), "\(outcome)") }
                #expect(counts.completed == 80)
            }
        }
        #expect(done.values.sorted() == Array(0..<80))
        for number in 0..<80 { #expect(try shop.history(number) == ["submitted", "leased", "completed"]) }
    }

    @Test func `a drain lets go of what isn't done, and the next worker does it in the same attempt`() async throws {
        let shop = try Workshop()
        _ = try await shop.submit([Sample.submitted(0), Sample.submitted(1)])
        try await shop.start(Sample.a)
        let running = OneShot()
        let pool = shop.pool(
            limits: PoolState.Limits(total: 1),
            Handler { _ in
                running.happen()
                try await OneShot().wait()
                return .completed([:])
            })
        async let outcome = pool.work()
        try await running.wait()
        try await pool.requestDrain(.signal)
        var counts = JobCounts()
        counts.ready = 2
        #expect(try await outcome == .drained(counts))
        #expect(try shop.history(0) == ["submitted", "leased", "released"])
        let attempts = Collected<Int>()
        _ = try await shop.pool(
            by: Sample.b,
            Handler { job in
                attempts.add(job.attempt)
                return .completed([:])
            }
        ).work()
        #expect(attempts.values == [1, 1])
        let stream = try StreamName(category: "worker", id: "a")
        #expect(try shop.log.readStream(stream).map(\.type.text) == ["worker.started", "worker.drainRequested"])
    }

    @Test func `what finishes although it was cut counts as done`() async throws {
        let shop = try Workshop()
        _ = try await shop.submit([Sample.submitted(0)])
        try await shop.start(Sample.a)
        let running = OneShot()
        let pool = shop.pool(
            Handler { _ in
                running.happen()
                try? await OneShot().wait()
                return .completed([:])
            })
        async let outcome = pool.work()
        try await running.wait()
        try await pool.requestDrain(.stopRequested)
        var counts = JobCounts()
        counts.completed = 1
        #expect(try await outcome == .drained(counts))
    }

    @Test func `a pool that is cancelled records nothing more`() async throws {
        let shop = try Workshop()
        _ = try await shop.submit([Sample.submitted(0)])
        let running = OneShot()
        let pool = shop.pool(
            Handler { _ in
                running.happen()
                try await OneShot().wait()
                return .completed([:])
            })
        let work = Task { try await pool.work() }
        try await running.wait()
        work.cancel()
        await #expect(throws: CancellationError.self) { try await work.value }
        #expect(try shop.history(0) == ["submitted", "leased"])
    }

    @Test func `a lost lease ends the work on the job and nothing else`() async throws {
        let shop = try Workshop()
        _ = try await shop.submit([Sample.submitted(0), Sample.submitted(1)])
        let thief = CommandHandler<Job>(log: shop.log, effects: shop.effects, worker: Sample.b.rawValue)
        let outcome = try await shop.pool(
            Handler { job in
                guard job.id == Sample.job(0), job.attempt == 1, job.lease.loaded.revision == Revision(1) else {
                    return .completed([:])
                }
                try await thief.handle("j0") {
                    .expire(from: Sample.a, at: $0, reason: .workerGone, policy: Sample.lease)
                }
                return .completed([:])
            }
        ).work()
        guard case .finished(let counts) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(counts.completed == 2)
        #expect(try shop.history(0) == ["submitted", "leased", "leaseExpired", "leased", "completed"])
    }

    @Test func `what a handler throws ends the pool with that error`() async throws {
        struct DiskFull: Error {}
        let shop = try Workshop()
        _ = try await shop.submit([Sample.submitted(0)])
        let pool = shop.pool(Handler { _ in throw DiskFull() })
        await #expect(throws: DiskFull.self) { try await pool.work() }
    }

    @Test func `jobs that are submitted while it works are worked on too`() async throws {
        let shop = try Workshop()
        _ = try await shop.submit([Sample.submitted(0)])
        let outcome = try await shop.pool(
            Handler { job in
                if job.submission.ordinal < 5 {
                    _ = try await shop.submit([Sample.submitted(job.submission.ordinal + 1)])
                }
                return .completed([:])
            }
        ).work()
        guard case .finished(let counts) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(counts.completed == 6)
    }

    @Test func `a lease is renewed when less than half of it is left`() async throws {
        let shop = try Workshop()
        _ = try await shop.submit([Sample.submitted(0)])
        _ = try await shop.pool(
            Handler { job in
                try await job.lease.renewIfDue(at: Sample.at(49))
                shop.clock.advance(to: Sample.at(51))
                try await job.lease.renewIfDue(at: Sample.at(51))
                shop.clock.advance(to: Sample.at(140))
                return .completed([:])
            }
        ).work()
        #expect(try shop.history(0) == ["submitted", "leased", "leaseRenewed", "completed"])
    }

    @Test func `submitting again appends nothing, and other content is refused`() async throws {
        let shop = try Workshop()
        let jobs = (0..<50).map { Sample.submitted($0) }
        #expect(try await shop.submit(jobs) == 50)
        let size = try shop.log.head().size
        #expect(try await shop.submit(jobs) == 0)
        #expect(try shop.log.head().size == size)
        await #expect(throws: CommandError<Job.Refusal>.self) {
            try await shop.submit([Sample.submitted(0, lane: "other")])
        }
    }
}
