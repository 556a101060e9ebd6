import Deciders
package import Determinism
import EventLog
import Jobs
import Projections

/// Looks at the queues of a store again and again, from a process that needn't work on them.
package struct TopService {
    /// How many events at the end of the log are looked at for failures, at first.
    private static let lookBack: UInt64 = 20_000
    private static let mostFailures = 10

    private let store: Store
    private let time: TimeSource
    private var last: TopFrame?
    private var failures: [TopFrame.Failure] = []
    /// Where the failures that are known end.
    private var seen: Position?

    package init(_ store: Store, time: TimeSource = .system) {
        self.store = store
        self.time = time
    }

    /// The next frame; from the second on with rates.
    package mutating func frame() throws -> TopFrame {
        let head = Position(try store.log.head().size)
        try look(to: head)
        let now = time.time()
        let statuses = store.workerStatuses()
        // Workers keep the read model near the end; folding what they fold would only slow them.
        if statuses.isEmpty { try store.views.catchUp([JobQueue.self]) }
        let queries = try Queries(store)
        let frame = TopFrame(
            time: now, events: Int(head.rawValue), queues: try queries.queues(at: now, catchingUp: false),
            workers: try queries.workers(stopped: false, catchingUp: false).filter { $0.standing != .gone },
            failures: failures, lost: try queries.lostJobs(at: now, catchingUp: false))
        defer { last = frame }
        return last.map { frame.following($0) } ?? frame
    }

    /// Takes note of the failures before a position.
    private mutating func look(to head: Position) throws {
        let start = seen ?? Position(head.rawValue - min(head.rawValue, Self.lookBack))
        seen = head
        guard start < head else { return }
        let filter = EventFilter(
            types: [JobFailed.type, JobCrashed.type, JobLeaseExpired.type], positions: start..<head)
        let page = try store.log.read(.backward, from: nil, matching: filter, limit: Self.mostFailures)
        let found = try store.views.query(JobQueue.self, catchingUp: last == nil) { tables in
            try page.events.compactMap { event in try failure(event, tables) }
        }
        failures = Array((found + failures).prefix(Self.mostFailures))
    }

    /// Nil for a job that isn't one of a queue.
    private func failure(_ event: Event, _ tables: JobQueue.Tables) throws -> TopFrame.Failure? {
        guard let job = JobID(inStreamOf: event), let row = try tables.job(job) else { return nil }
        func failure(_ class: String, _ message: String, isFinal: Bool = false) -> TopFrame.Failure {
            TopFrame.Failure(
                position: event.position, time: event.time, job: job, queue: row.queue, kind: row.kind, class: `class`,
                message: message, isFinal: isFinal)
        }
        switch try JobEvent.read(event) {
        case .failed(let failed): return failure(failed.class, failed.message, isFinal: failed.final)
        case .crashed(let crashed): return failure("crash", crashed.message)
        case .leaseExpired(let expired):
            return failure("lostLease", "worker \(expired.worker): \(expired.reason.rawValue)")
        default: return nil
        }
    }
}
