import Determinism
import EventLog
import TestSupport
import Testing

@testable import Cairn
@testable import CairnCLI
@testable import Jobs

/// What is told of kinds whose program crashed in the workers that know them.
@Suite struct KindHoldTests {
    private static let now = Timestamp(microseconds: 100_000_000)
    private static let soon = now + .seconds(7)

    private enum Held {
        case until(Timestamp)
        case paused
        case no
    }

    private static func status(
        _ worker: String, _ held: Held = .no, running: Int = 0, target: Int? = nil, kinds: [String] = ["call"],
        isDraining: Bool = false, time: Timestamp = now
    ) -> WorkerStatus {
        var breaker = KindBreaker(worker: WorkerID(wellFormed: worker), kind: "call")
        if case .paused = held { for _ in 0..<20 { _ = breaker.crashed("it was ended by SIGSEGV", at: now) } }
        var notBefore: Timestamp?
        if case .until(let time) = held { notBefore = time }
        let kind = KindStatus(
            crashes: 3, kind: "call", lastCrash: notBefore.map { _ in "it was ended by SIGSEGV" }, inputs: nil,
            notBefore: notBefore, pause: breaker.pause, running: running, target: target)
        return WorkerStatus(
            worker: WorkerID(wellFormed: worker), time: time, slots: 4, running: running, kinds: kinds,
            isDraining: isDraining, pools: [WorkerStatus.Pool(kind)])
    }

    private static func hold(_ workers: WorkerStatus...) -> KindHold? { KindHold("call", among: workers, at: now) }

    @Test func `each worker is named with its time and its crash, and those that somebody must resume come last`()
        throws
    {
        let hold = try #require(
            Self.hold(
                Self.status("b", .paused), Self.status("c", .until(Self.soon)), Self.status("a", .until(Self.soon))))
        #expect(
            hold.reasons == [
                "worker a begins no job of the kind call before \(Self.soon), as its program crashed: it was ended by SIGSEGV",
                "worker c begins no job of the kind call before \(Self.soon), as its program crashed: it was ended by SIGSEGV",
                "worker b begins no job of the kind call any more, as its program kept crashing "
                    + "(20 crashes in 0 s, the last: it was ended by SIGSEGV); `cairn jobs resume --kind call` ends that",
            ])
        #expect(hold.summary == "not begun before \(Self.soon), as its program crashed" && !hold.isBegunElsewhere)
        #expect(Self.hold(Self.status("b", .paused))?.summary == "begun no more, as its program kept crashing")
    }

    @Test func `nothing holds a kind that a worker can begin now`() {
        let held = Self.status("a", .until(Self.soon))
        #expect(Self.hold(held, Self.status("b")) == nil)
        #expect(Self.hold(held, Self.status("b", running: 1, target: 2)) == nil)
        #expect(Self.hold(Self.status("a", .until(Self.now))) == nil, "its time has come")
        #expect(Self.hold() == nil)
    }

    @Test func `workers that are full, ending, silent or without the kind can't begin one now`() throws {
        let held = Self.status("a", .until(Self.soon))
        for full in [Self.status("b", running: 4), Self.status("b", running: 1, target: 1)] {
            #expect(try #require(Self.hold(held, full)).isBegunElsewhere)
        }
        let silent = Self.now - LostHolder.longestSilence - Microseconds(1)
        for other in [
            Self.status("b", isDraining: true), Self.status("b", time: silent), Self.status("b", kinds: ["noop"]),
        ] {
            #expect(try #require(Self.hold(held, other)).isBegunElsewhere == false)
        }
    }

    @Test func `of many workers some are named, and the others counted`() throws {
        let workers = (1...7).map { Self.status("w\($0)", .until(Self.soon)) }
        let reasons = try #require(KindHold("call", among: workers, at: Self.now)).reasons
        #expect(reasons.count == 6 && reasons.last == "2 other workers don't either")
    }

    @Test func `a job says whose crashes it waits for, and not who comes first`() async throws {
        let directory = try TemporaryDirectory("kind-hold")
        let store = try Store.open(at: directory.path("store"), .create)
        defer { store.close() }
        let receipt = try await QueueService(store).submit(
            Array(repeating: JobRequest(kind: "call"), count: 2), id: "two", by: "me")
        let worker = WorkerID(wellFormed: "here")
        _ = try await store.log.append(
            Commit(
                stream: StreamName(category: "worker", id: worker.rawValue), expected: .noStream,
                events: [
                    NewEvent(
                        type: WorkerStarted.type, version: 2, time: Self.now,
                        data: Array(#"{"concurrency":4,"host":"here","process":1,"queues":["default"]}"#.utf8),
                        metadata: Array("{}".utf8))
                ]))
        try await WorkerLock.hold(worker, in: store.workersDirectory) {
            Self.status("here", .until(Self.soon)).write(in: store.workersDirectory)
            let queries = try Queries(store)
            let job = try #require(try queries.queueJob(receipt.jobs[1].rawValue, at: Self.now))
            #expect(
                job.why == [
                    "worker here begins no job of the kind call before \(Self.soon), as its program crashed: "
                        + "it was ended by SIGSEGV"
                ])
            var jobs = try queries.queueJobs(QueueFilter(), limit: 9, at: Self.now).jobs
            #expect(jobs.map { $0.hold?.places.map(\.worker) } == [[worker], [worker]])
            #expect(QueueJobText.layout(now: Self.now).table(jobs).rendered().contains("not begun before \(Self.soon)"))
            #expect(store.kindWaits("call", at: Self.now).map(\.notBefore) == [Self.soon])
            jobs = try queries.queueJobs(QueueFilter(), limit: 9, at: Self.soon).jobs
            #expect(jobs.allSatisfy { $0.hold == nil } && store.kindWaits("call", at: Self.soon).isEmpty)
            Self.status("here", .no, running: 4, time: Self.soon).write(in: store.workersDirectory)
            let later = try #require(try queries.queueJob(receipt.jobs[1].rawValue, at: Self.soon))
            #expect(later.why == ["1 job of the queue default comes first"])
        }
    }

    @Test func `a worker whose end is in the log by the time its lock is free wasn't lost`() throws {
        var row = try #require(
            WorkerRow(WorkerStarted(concurrency: 1, queues: [], host: "here", process: 1), at: Self.now))
        let gone = WorkerAnswer(id: WorkerID(wellFormed: "a"), row: row, standing: .gone, status: nil)
        #expect(gone.rechecked(row).standing == .gone && gone.rechecked(nil).standing == .gone)
        row.stopped = Self.soon
        #expect(gone.rechecked(row).standing == .stopped && gone.rechecked(row).row.stopped == Self.soon)
        let alive = WorkerAnswer(id: gone.id, row: gone.row, standing: .alive, status: nil)
        #expect(alive.rechecked(row).standing == .alive, "its lock was held when that was looked at")
    }
}
