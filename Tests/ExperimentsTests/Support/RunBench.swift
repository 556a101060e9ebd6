import Calls
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Experiments
import Foundation
import Jobs
import Logging
import Projections
import Scoring
import Synchronization
import TestSupport

/// A store of its own with everything that executes runs, but for the provider.
final class RunBench: Sendable {
    let log: LMDBLog
    let views: ProjectionRunner
    private let directory: TemporaryDirectory
    /// What goes wrong in these tests is meant to.
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let clock = Mutex<Int64>(1_700_000_000_000_000)

    init() throws {
        directory = try TemporaryDirectory("run")
        log = try LMDBLog.open(at: directory.path, LMDBLog.Options(durability: .noSync))
        views = try ProjectionRunner(
            log: log, directory: directory.path("views"),
            catalogue: ProjectorCatalogue([Runs.self, Scores.self, Rankings.self]))
    }

    /// A clock that moves by a millisecond whenever somebody looks, and waits that take no time.
    var effects: Effects {
        Effects(
            time: { _ in
                self.clock.withLock { now in
                    now += 1_000
                    return Timestamp(microseconds: now)
                }
            }, pause: { _ in try Task.checkCancellation() })
    }

    func advance(by length: Microseconds) { clock.withLock { $0 += length.count } }

    /// An executor that is a process of its own as far as the log can tell.
    func executor(
        _ definition: ExperimentDefinition, _ transport: ScriptedTransport, worker: String = "first",
        liveness: (any WorkerLiveness)? = nil, log: (any Log)? = nil
    ) throws -> RunExecutor {
        let worker = WorkerID(identifying: [worker])
        let environment = RunEnvironment(
            log: log ?? self.log, views: views, effects: effects, worker: worker,
            liveness: liveness ?? OthersGone(but: worker),
            interruption: GracePeriod(.zero, effects: effects), transport: transport, key: { _ in nil })
        return try RunExecutor(
            definition, run: JobPlan.runID(of: definition.digest), in: environment, logger: Self.silent)
    }

    func events(_ types: EventType...) throws -> [EventLog.Event] {
        var found: [EventLog.Event] = []
        try log.scan(matching: EventFilter(types: types.isEmpty ? nil : types)) { found.append($0) }
        return found
    }

    /// The types of derived events that come out differently when derived again; those that come out alike are counted.
    func deriveAgain() throws -> (same: [String: Int], different: [String]) {
        let catalogue = JobDerivations.catalogue.merging(CallDerivations.catalogue()).merging(
            ScoringDerivations.catalogue
        )
        .merging(RunDerivations.catalogue)
        var (same, different): ([String: Int], [String]) = ([:], [])
        for event in try events() {
            guard let function = try event.metadata().cause?.function else {
                if catalogue.derivedTypes.contains(event.type) { different.append("\(event.type): no function") }
                continue
            }
            let causes = try event.metadata().cause?.positions.compactMap { try log.event(at: $0) } ?? []
            let input = DerivationInput(
                recorded: event, causes: causes,
                blob: { (digest) throws(DerivationError) in
                    guard let bytes = try? self.log.blob(digest) else { throw .missingBlob(digest) }
                    return bytes
                },
                event: { (position) throws(DerivationError) in
                    guard let event = try? self.log.event(at: position) else { throw .unreadable("\(position)") }
                    return event
                })
            let derived = Result { try catalogue[function]?.derive(input) }
            if case .success(event.dataBytes) = derived {
                same[event.type.text, default: 0] += 1
            } else {
                different.append("\(event.type) at \(event.position): \(derived)")
            }
        }
        return (same, different)
    }

    deinit { log.close() }
}

/// Every other worker's process lives.
struct AllAlive: WorkerLiveness {
    func loss(
        of worker: WorkerID, deadline: Timestamp, recordedAt place: Place
    ) async throws -> JobLeaseExpired.Reason {
        // why: ends with the task alone; nothing waits for this time.
        try await Task.sleep(for: .seconds(3_600))
        return .deadline
    }
}

/// Every other worker's process has ended; this one's own leases end at their deadlines.
struct OthersGone: WorkerLiveness {
    let but: WorkerID

    func loss(
        of worker: WorkerID, deadline: Timestamp, recordedAt place: Place
    ) async throws -> JobLeaseExpired.Reason { worker == but ? .deadline : .workerGone }
}
