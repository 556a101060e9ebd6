import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Testing

@testable import Jobs

@Suite struct RecordedClaimsTests {
    @Test func `offers a worker's leases in the order of the record, and nobody else's`() async throws {
        let shop = try await worked(by: [Sample.b, Sample.a], jobs: 600)
        let recorded = try shop.leases(of: Sample.a)
        #expect(recorded.count == 600, "more than one page of the record")
        let offered = Collected<RecordedClaims.Claim>()
        let claims = RecordedClaims(of: Sample.a, from: .first, in: shop.log)
        while true {
            let before = offered.values.count
            try claims.offer(7) { claim in
                offered.add(claim)
                return .begun
            }
            #expect(offered.values.count <= before + 7)
            if offered.values.count == before { break }
        }
        #expect(offered.values.map(\.job) == recorded.map(\.job))
        #expect(offered.values.map(\.revision.next) == recorded.map(\.revision))
        try RecordedClaims(of: Sample.b, from: .first, in: shop.log).offer(.max) { claim in
            Issue.record("\(claim) isn't of this worker")
            return .begun
        }
    }

    @Test func `what is early is offered again before anything new, and looked past to a bound`() async throws {
        let shop = try await worked(by: [Sample.a], jobs: 100)
        let recorded = try shop.leases(of: Sample.a).map(\.job)
        let claims = RecordedClaims(of: Sample.a, from: .first, in: shop.log)
        func offered(_ most: Int, early: Set<JobID>) throws -> [JobID] {
            var jobs: [JobID] = []
            try claims.offer(most) { claim in
                jobs.append(claim.job)
                return early.contains(claim.job) ? .early : .begun
            }
            return jobs
        }
        let odd = Set(stride(from: 1, to: 100, by: 2).map { recorded[$0] })
        #expect(try offered(10, early: odd) == Array(recorded[..<10]))
        #expect(
            try offered(0, early: odd) == stride(from: 1, to: 10, by: 2).map { recorded[$0] }, "early ones have room")
        let bounded = try offered(.max, early: odd)
        #expect(bounded.last == recorded[63], "as many as may be early are")
        #expect(
            try offered(.max, early: []) == odd.intersection(recorded[..<64]).sorted(in: recorded) + recorded[64...])
        #expect(try offered(.max, early: []) == [])
    }

    @Test func `a pool claims again what a worker claimed, whatever else is ready`() async throws {
        let shop = try await worked(by: [Sample.a], jobs: 30, limits: PoolState.Limits(total: 1))
        let again = try Workshop()
        _ = try await again.submit((0..<31).map { Sample.submitted($0) })
        let begun = Collected<JobID>()
        let claims = RecordedClaims(of: Sample.a, from: .first, in: shop.log)
        let pool = again.pool(
            limits: PoolState.Limits(total: 1), claims: claims,
            Handler { job in
                if begun.add(job.id) == 30 { again.drain.happen() }
                return .completed([:])
            })
        async let ended = pool.work()
        try await again.drain.wait()
        try await again.start(Sample.a)
        try await pool.requestDrain(.signal)
        guard case .drained(let counts) = try await ended else {
            Issue.record("the job that nobody claimed is left")
            return
        }
        #expect(counts.completed == 30)
        #expect(counts.ready == 1)
        #expect(Set(begun.values) == Set(try shop.leases(of: Sample.a).map(\.job)))
    }

    @Test func `a claim that was under way when the worker drained is claimed again after that`() async throws {
        let shop = try Workshop()
        let jobs = [Sample.submitted(0), Sample.submitted(1, after: [Sample.job(0)])]
        _ = try await shop.submit(jobs)
        try await shop.start(Sample.a)
        let worker = CommandHandler<Worker>(log: shop.log, effects: shop.effects, worker: Sample.a.rawValue)
        let job = CommandHandler<Job>(log: shop.log, effects: shop.effects, worker: Sample.a.rawValue)
        try await job.handle("j0") { .lease(to: Sample.a, at: $0, for: .seconds(100)) }
        try await worker.handle(Sample.a.rawValue, .requestDrain(.stopRequested))
        try await job.handle("j0") { .complete(by: Sample.a, at: $0, result: [:]) }
        try await job.handle("j1") { .lease(to: Sample.a, at: $0, for: .seconds(100)) }

        let again = try Workshop()
        _ = try await again.submit(jobs)
        try await again.start(Sample.a)
        let begun = OneShot()
        let drained = OneShot()
        let pool = again.pool(
            claims: RecordedClaims(of: Sample.a, from: .first, in: shop.log), interruption: Patience(),
            Handler { job in
                begun.happen()
                try await drained.wait()
                return .completed([:])
            })
        async let ended = pool.work()
        try await begun.wait()
        try await pool.requestDrain(.stopRequested)
        drained.happen()
        guard case .drained(let counts) = try await ended else {
            Issue.record("it had to drain")
            return
        }
        #expect(counts.completed == 2)
    }

    /// A store in which the last of `workers` has worked on all jobs; the others have only started.
    private func worked(
        by workers: [WorkerID], jobs: Int, limits: PoolState.Limits = PoolState.Limits(total: 4)
    ) async throws -> Workshop {
        let shop = try Workshop()
        _ = try await shop.submit((0..<jobs).map { Sample.submitted($0) })
        for worker in workers { try await shop.start(worker) }
        if let worker = workers.last { _ = try await shop.pool(by: worker, limits: limits, Handler.completing).work() }
        return shop
    }
}

extension Workshop {
    /// The leases of a worker, in the order of the log.
    fileprivate func leases(of worker: WorkerID) throws -> [(job: JobID, revision: Revision)] {
        var leases: [(job: JobID, revision: Revision)] = []
        try log.scan(matching: EventFilter(types: [JobLeased.type])) { event in
            guard try event.decode(JobLeased.self).worker == worker else { return }
            leases.append((try JobID(streamOf: event), event.revision))
        }
        return leases
    }
}

extension Set<JobID> {
    /// The members, in the order that they have in a list.
    fileprivate func sorted(in list: [JobID]) -> [JobID] { list.filter(contains) }
}
