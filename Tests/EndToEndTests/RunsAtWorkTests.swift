import CanonicalJSON
import Determinism
import EventLog
import Experiments
import TestSupport
import Testing

@testable import Cairn
@testable import CairnCLI
@testable import Jobs

/// Who works on a run, as far as locks tell.
@Suite struct RunsAtWorkTests {
    private static let run = RunID(identifying: ["run"])

    private static func record(
        _ type: EventType, version: Int = 1, _ data: some CanonicalEncodable, in category: String, _ id: String,
        of store: Store
    ) async throws {
        let event = NewEvent(
            type: type, version: version, time: Timestamp(microseconds: 1_000_000), data: data.canonicalBytes(),
            metadata: EventMetadata(run: run.rawValue).canonicalBytes())
        _ = try await store.log.append(
            Commit(stream: try StreamName(category: category, id: id), expected: .any, events: [event]))
    }

    private static func record(_ type: EventType, _ data: some CanonicalEncodable, of store: Store) async throws {
        try await record(type, data, in: "run", run.rawValue, of: store)
    }

    private static func begin(_ worker: WorkerID, in store: Store) async throws {
        let started = WorkerStarted(concurrency: 1, run: run)
        try await record(WorkerStarted.type, version: 2, started, in: "worker", worker.rawValue, of: store)
    }

    private static func submit(in store: Store) async throws {
        let submitted = RunSubmitted(cells: 1, definition: Digest(of: "definition"), experiment: "x", jobs: 1)
        try await record(RunSubmitted.type, submitted, of: store)
        try await record(RunJobsSubmitted.type, RunJobsSubmitted(jobs: 1), of: store)
    }

    @Test func `a run is abandoned when the processes that worked on it are gone, and not while one lives`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let store = try Store.open(at: directory.path("store"), .create)
        defer { store.close() }
        let (killed, living) = (WorkerID(identifying: ["killed"]), WorkerID(identifying: ["living"]))
        try await Self.begin(killed, in: store)
        try await Self.submit(in: store)
        let left = try #require(try Queries(store).runsAtWork().first)
        #expect(left.isAbandoned && left.number("workers") == 0)
        try await WorkerLock.hold(living, in: store.workersDirectory) {
            try await Self.begin(living, in: store)
            let worked = try #require(try Queries(store).runsAtWork().first)
            #expect(!worked.isAbandoned && worked.number("workers") == 1)
        }
        #expect(try Queries(store).runsAtWork().first?.isAbandoned == true)
        let past = try #require(try Queries(store, at: MomentArgument(argument: "2").moment).runsAtWork().first)
        #expect(!past.isAbandoned && past.number("workers") == nil, "of the past nobody knows")
    }

    @Test func `a drained run isn't abandoned until somebody who went on with it is killed`() async throws {
        let directory = try TemporaryDirectory()
        let store = try Store.open(at: directory.path("store"), .create)
        defer { store.close() }
        let (first, second) = (WorkerID(identifying: ["first"]), WorkerID(identifying: ["second"]))
        try await Self.begin(first, in: store)
        try await Self.submit(in: store)
        try await Self.record(RunDrained.type, RunDrained(outstanding: 1), of: store)
        let stopped = WorkerStopped(reason: .drained)
        try await Self.record(WorkerStopped.type, stopped, in: "worker", first.rawValue, of: store)
        let drained = try #require(try Queries(store).runsAtWork().first)
        #expect(drained.row.stage == .drained && !drained.isAbandoned)
        try await Self.begin(second, in: store)
        let resumed = try #require(try Queries(store).runsAtWork().first)
        #expect(resumed.row.stage == .working && resumed.isAbandoned)
        let finished = RunFinished(cells: CellCounts(done: 1), outcome: .complete)
        try await Self.record(RunFinished.type, finished, of: store)
        let ended = try #require(try Queries(store).runsAtWork().first)
        #expect(!ended.isAbandoned && ended.number("workers") == nil)
    }
}
