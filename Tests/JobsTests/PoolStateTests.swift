import CanonicalJSON
import Determinism
import EventLog
import Testing

@testable import Jobs

@Suite struct PoolStateTests {
    private func candidate(
        _ number: Int, lane: String = "openai", revision: UInt64 = 0, _ stage: Job.Stage = .ready
    ) throws -> PoolState.Candidate {
        var job = try ReadyQueueRow.make(number, lane: lane)
        job.set(stage, revision: Revision(revision))
        return PoolState.Candidate(Sample.job(number), job)
    }

    private func claimed(_ actions: [PoolState.Action]) -> [JobID] {
        actions.compactMap { if case .claim(let candidate) = $0 { candidate.id } else { nil } }
    }

    @Test func `claims in the order of the plan, up to its slots`() throws {
        var pool = PoolState(limits: PoolState.Limits(total: 3))
        pool.look(outstanding: 5)
        pool.sawReady(try [4, 6, 8].map { try candidate($0, lane: "x") }, in: "x")
        pool.sawReady(try [5, 7].map { try candidate($0, lane: "y") }, in: "y")
        #expect(claimed(pool.next()) == [4, 5, 6].map(Sample.job))
        #expect(pool.claims == 3)
        pool.ended(try candidate(5, lane: "y").key)
        #expect(claimed(pool.next()) == [Sample.job(7)])
    }

    @Test func `a full lane doesn't hold up the others`() throws {
        var pool = PoolState(limits: PoolState.Limits(total: 4, lanes: ["x": 1]))
        pool.look(outstanding: 4)
        pool.sawReady(try [0, 1].map { try candidate($0, lane: "x") }, in: "x")
        pool.sawReady(try [2, 3].map { try candidate($0, lane: "y") }, in: "y")
        #expect(claimed(pool.next()) == [0, 2, 3].map(Sample.job))
        #expect(pool.wanted(in: "x") == 0)
        #expect(pool.wanted(in: "y") > 0)
    }

    @Test func `looks only when something changed and a slot has nothing to wait for`() throws {
        var pool = PoolState(limits: PoolState.Limits(total: 2))
        #expect(pool.needsLook)
        pool.look(outstanding: 3)
        #expect(!pool.needsLook)
        pool.sawReady(try (0..<3).map { try candidate($0) }, in: "openai")
        _ = pool.next()
        pool.changed()
        #expect(!pool.needsLook, "all slots are taken")
        pool.ended(try candidate(0).key)
        #expect(!pool.needsLook, "another job is at hand")
        _ = pool.next()
        pool.ended(try candidate(1).key)
        #expect(pool.needsLook)
    }

    @Test func `a step is never begun twice, and a later one only when the job isn't in hand`() throws {
        var pool = PoolState(limits: .none)
        pool.look(outstanding: 1)
        pool.sawReady([try candidate(0)], in: "openai")
        #expect(claimed(pool.next()) == [Sample.job(0)])
        pool.look(outstanding: 1)
        pool.sawReady([try candidate(0)], in: "openai")
        #expect(pool.next() == [])
        #expect(!pool.isTaken(Sample.job(0), at: Revision(2)), "the claim at revision 0 can't succeed any more")
        pool.leased(try candidate(0).key)
        #expect(pool.isTaken(Sample.job(0), at: Revision(2)))
    }

    @Test func `a slot is free again when the handler is done, and the job stays in hand until its result is there`()
        throws
    {
        var pool = PoolState(limits: PoolState.Limits(total: 1))
        pool.look(outstanding: 2)
        pool.sawReady([try candidate(0), try candidate(1)], in: "openai")
        #expect(claimed(pool.next()) == [Sample.job(0)])
        pool.leased(try candidate(0).key)
        pool.returned(try candidate(0).key)
        #expect(claimed(pool.next()) == [Sample.job(1)])
        #expect(pool.claims == 2)
        #expect(pool.isTaken(Sample.job(0), at: Revision(1)), "its result isn't recorded yet")
        pool.ended(try candidate(0).key)
        #expect(pool.next() == [], "the slot was given back once")
        #expect(pool.claims == 1)
    }

    @Test func `a job that steps aside leaves its slot to other lanes, and is the first to have one again`() throws {
        var pool = PoolState(limits: PoolState.Limits(total: 1))
        pool.look(outstanding: 4)
        pool.sawReady([try candidate(0, lane: "x"), try candidate(1, lane: "x")], in: "x")
        pool.sawReady([try candidate(2, lane: "y"), try candidate(3, lane: "y")], in: "y")
        let (aside, other) = (try candidate(0, lane: "x").key, try candidate(2, lane: "y").key)
        #expect(claimed(pool.next()) == [Sample.job(0)])
        pool.steppedAside(aside)
        pool.steppedAside(aside)
        #expect(pool.needsLook == false, "a job of the other lane is at hand")
        #expect(pool.readmitted() == [])
        #expect(claimed(pool.next()) == [Sample.job(2)], "its own lane is full all the same")
        pool.wantsBack(aside)
        #expect(pool.readmitted() == [], "the slot is taken")
        pool.returned(other)
        #expect(pool.readmitted() == [aside])
        #expect(pool.next() == [], "nothing new comes before it")
        pool.ended(aside)
        #expect(claimed(pool.next()) == [Sample.job(1)])
    }

    @Test func `a job that ends while it is aside, or while it waits for a slot, gives nothing back twice`() throws {
        var pool = PoolState(limits: PoolState.Limits(total: 1))
        pool.look(outstanding: 4)
        pool.sawReady(try (0..<2).map { try candidate($0, lane: "x") }, in: "x")
        pool.sawReady(try (2..<4).map { try candidate($0, lane: "y") }, in: "y")
        let (aside, other) = (try candidate(0, lane: "x").key, try candidate(2, lane: "y").key)
        _ = pool.next()
        pool.steppedAside(aside)
        _ = pool.next()
        pool.wantsBack(aside)
        pool.returned(aside)
        pool.ended(aside)
        pool.ended(other)
        #expect(pool.readmitted() == [])
        #expect(claimed(pool.next()) == [Sample.job(1)])
        #expect(pool.next() == [], "there is one slot")
        pool.drain()
        pool.ended(try candidate(1, lane: "x").key)
        #expect(pool.end == .drained)
    }

    @Test func `a retry waits outside of the slots, and then takes its turn`() throws {
        var pool = PoolState(limits: PoolState.Limits(total: 1))
        let retry = try candidate(0, revision: 3, .retrying(notBefore: Sample.at(9)))
        pool.look(outstanding: 2)
        pool.sawReady([try candidate(1)], in: "openai")
        pool.sawRetrying(retry)
        #expect(pool.next() == [.awaitRetry(retry), .claim(try candidate(1))])
        pool.due(retry.key)
        pool.ended(try candidate(1).key)
        pool.look(outstanding: 1)
        pool.sawRetrying(retry)
        #expect(pool.next() == [.claim(retry)])
    }

    @Test func `sees to retries that nobody decided, skips that nobody recorded, and others' leases`() throws {
        var pool = PoolState(limits: PoolState.Limits(total: 1))
        let undecided = try candidate(0, revision: 2, .undecided)
        var doomed = try candidate(1)
        var job = doomed.job
        job.doom = Doom(cause: Position(7), rootCause: Sample.job(0), rootClass: "auth")
        doomed = PoolState.Candidate(doomed.id, job)
        let lease = Job.Lease(attempt: 1, deadline: Sample.at(1), worker: Sample.b)
        let elsewhere = try candidate(2, revision: 1, .leased(lease))
        pool.look(outstanding: 3)
        pool.sawUnsettled(undecided)
        pool.sawUnsettled(doomed)
        pool.sawElsewhere(elsewhere)
        #expect(pool.next() == [.decideRetry(undecided), .skip(doomed), .watch(elsewhere)])
    }

    @Test func `drains when the last step has ended, and begins nothing more`() throws {
        var pool = PoolState(limits: PoolState.Limits(total: 1))
        pool.look(outstanding: 3)
        pool.sawReady(try (0..<3).map { try candidate($0) }, in: "openai")
        _ = pool.next()
        pool.drain()
        #expect(pool.end == nil)
        #expect(!pool.needsLook)
        pool.ended(try candidate(0).key)
        #expect(pool.next() == [])
        #expect(pool.end == .drained)
    }

    @Test func `in replay a pool that drains goes on with what the record has claimed, and begins nothing else`() throws
    {
        var pool = PoolState(limits: .none)
        pool.look(outstanding: 3)
        pool.sawReady([try candidate(0)], in: "openai")
        _ = pool.next()
        pool.drain(claimsGoOn: true)
        pool.ended(try candidate(0).key)
        #expect(pool.end == nil && pool.needsLook)
        pool.look(outstanding: 2)
        pool.sawRetrying(try candidate(2, revision: 3, .retrying(notBefore: Sample.at(9))))
        pool.sawReady([try candidate(1)], in: "openai")
        #expect(pool.next() == [.claim(try candidate(1))])
        pool.claimsEnded()
        #expect(pool.end == nil)
        pool.ended(try candidate(1).key)
        #expect(pool.end == .drained)
    }

    @Test func `is finished when a look saw nothing outstanding and nothing changed since`() {
        var pool = PoolState(limits: PoolState.Limits(total: 1))
        #expect(pool.end == nil)
        pool.look(outstanding: 0)
        #expect(pool.end == .finished)
        pool.changed()
        #expect(pool.end == nil)
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func `keeps its limits and loses no job, whatever happens in whatever order`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let lanes = ["x", "y", "z"]
        var pool = PoolState(limits: PoolState.Limits(total: 4, lanes: ["x": 1, "y": 2]))
        var ready = Set(0..<40)
        var running: [Int: PoolState.Candidate] = [:]
        var aside: Set<PoolState.StepKey> = []
        var steps = 0
        while pool.end == nil {
            steps += 1
            try #require(steps < 10_000, "seed \(seed): it never ends")
            if pool.needsLook {
                pool.look(outstanding: ready.count + running.count)
                for (index, lane) in lanes.enumerated() {
                    let seen = ready.sorted().filter { $0 % 3 == index }.prefix(pool.wanted(in: lane))
                    pool.sawReady(try seen.map { try candidate($0, lane: lane) }, in: lane)
                }
            }
            aside.subtract(pool.readmitted())
            for case .claim(let claim) in pool.next() {
                let number = claim.job.progress.submission.ordinal
                #expect(ready.remove(number) != nil, "seed \(seed): \(number) was claimed and not ready")
                running[number] = claim
            }
            #expect(running.values.filter { !aside.contains($0.key) }.count <= 4)
            #expect(running.keys.filter { $0 % 3 == 0 }.count <= 1)
            #expect(running.keys.filter { $0 % 3 == 1 }.count <= 2)
            #expect(pool.claims == running.count)
            let numbers = running.keys.sorted()
            if numbers.isEmpty { continue }
            let number = numbers[Int(generator.uniform(below: UInt64(numbers.count)))]
            guard let claim = running[number] else { continue }
            switch generator.uniform(below: 5) {
            case 0: pool.changed()
            case 1: pool.leased(claim.key)
            case 2 where aside.contains(claim.key): pool.wantsBack(claim.key)
            case 2:
                pool.steppedAside(claim.key)
                aside.insert(claim.key)
            default:
                running[number] = nil
                // Some are given back.
                if generator.uniform(below: 5) == 0 { ready.insert(number) }
                pool.ended(claim.key)
                aside.remove(claim.key)
            }
        }
        #expect(pool.end == .finished)
        #expect(ready.isEmpty && running.isEmpty)
    }
}

/// Rows of the queue without a log.
private enum ReadyQueueRow {
    static func make(_ number: Int, lane: String) throws -> QueuedJob {
        let bytes = """
            {"crashes":0,"failures":0,"hangs":0,"lastPosition":\(number),"position":\(number),"revision":0,"spent":0,\
            "stage":{"name":"ready"},"submission":{"after":[],"kind":"probe","labels":{},"lane":"\(lane)",\
            "maxAttempts":3,"ordinal":\(number),"run":"run1"},"unmet":[]}
            """
        return try QueuedJob(canonicalBytes: Array(bytes.utf8))
    }
}

extension QueuedJob {
    fileprivate mutating func set(_ stage: Job.Stage, revision: Revision) {
        self = QueuedJob(self, stage, revision)
    }
}
