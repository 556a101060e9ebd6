package import CanonicalJSON
package import Determinism
package import Jobs

/// Why jobs of a kind aren't begun now in workers that live and know it: its program crashed there.
///
/// Known from what the workers say of themselves; the log has nothing of the short waits.
package struct KindHold: Equatable, Sendable {
    /// A worker that begins none.
    package struct Place: Equatable, Sendable {
        package let worker: WorkerID
        /// Until when; nil for until somebody resumes the kind.
        package let notBefore: Timestamp?
        /// What is known of the crashes.
        package let reason: String
    }

    private static let mostNamed = 5

    package let kind: String
    /// The earliest first; those that somebody must resume come last.
    package let places: [Place]
    /// Whether there are other workers that begin jobs of the kind, and have no place for one now.
    package let isBegunElsewhere: Bool

    /// `workers` are those that live and work on the queue of the job; nil where one of them can begin it now.
    package init?(_ kind: String, among workers: [WorkerStatus], at now: Timestamp) {
        let able = workers.filter { worker in
            worker.kinds.contains(kind) && !worker.isDraining && now - worker.time <= LostHolder.longestSilence
        }
        let pools = able.map { worker in (worker: worker, pool: worker.pools.first { $0.kind == kind }) }
        let places = pools.compactMap { worker, pool in pool.flatMap { Place($0, worker.worker, at: now) } }
        let others = pools.filter { worker, pool in pool.flatMap { Place($0, worker.worker, at: now) } == nil }
        guard !places.isEmpty, !others.contains(where: { $0.worker.hasRoom(in: $0.pool) }) else { return nil }
        self.kind = kind
        self.places = places.sorted { left, right in
            switch (left.notBefore, right.notBefore) {
            case (let left?, let right?) where left != right: left < right
            case (_?, nil): true
            case (nil, _?): false
            default: left.worker < right.worker
            }
        }
        isBegunElsewhere = !others.isEmpty
    }

    /// A sentence for each worker, of many for some.
    package var reasons: [String] {
        let named = places.prefix(Self.mostNamed).map { place in
            let worker = "worker \(place.worker) begins no job of the kind \(kind)"
            guard let time = place.notBefore else {
                return "\(worker) any more, as its program kept crashing (\(place.reason)); "
                    + "`cairn jobs resume --kind \(kind)` ends that"
            }
            return "\(worker) before \(time), as its program crashed: \(place.reason)"
        }
        let more = places.count - named.count
        return named + (more > 0 ? ["\(more) other worker\(more == 1 ? " doesn't" : "s don't") either"] : [])
    }

    /// In a few words.
    package var summary: String {
        places.first?.notBefore.map { "not begun before \($0), as its program crashed" }
            ?? "begun no more, as its program kept crashing"
    }
}

extension KindHold.Place {
    /// Nil for a worker that begins jobs of the kind.
    init?(_ pool: WorkerStatus.Pool, _ worker: WorkerID, at now: Timestamp) {
        self.worker = worker
        if let pause = pool.pause {
            notBefore = nil
            reason = pause
        } else if let time = pool.notBefore, time > now {
            notBefore = time
            reason = pool.lastCrash ?? "\(pool.crashes) in the last minute"
        } else {
            return nil
        }
    }
}

extension WorkerStatus {
    /// Whether it can begin another job of the pool's kind.
    fileprivate func hasRoom(in pool: Pool?) -> Bool {
        running < slots && (pool?.target.map { (pool?.running ?? 0) < $0 } ?? true)
    }
}

extension KindHold.Place: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("notBefore", notBefore)
        writer.field("reason", reason)
        writer.field("worker", worker)
        writer.endObject()
    }
}

/// The workers of queues that live, with what they say of themselves and the queues they work on.
struct LiveWorkers {
    private let workers: [(queues: [String], status: WorkerStatus)]
    private let now: Timestamp

    /// Those of the statuses whose beginning the read model has.
    init(_ statuses: some Collection<WorkerStatus>, _ tables: JobQueue.Tables, at now: Timestamp) throws {
        self.now = now
        workers = try statuses.sorted { $0.worker < $1.worker }.compactMap { status in
            guard let row = try tables.worker(status.worker), row.stopped == nil else { return nil }
            return (row.queues, status)
        }
    }

    /// Those that work on a queue.
    func serving(_ queue: String) -> [WorkerStatus] {
        workers.filter { $0.queues.isEmpty || $0.queues.contains(queue) }.map(\.status)
    }

    /// What keeps a job from being begun that could be otherwise.
    func hold(of row: QueueRow) -> KindHold? {
        switch row.place {
        case .ready: break
        case .timed(let time) where time <= now: break
        default: return nil
        }
        return KindHold(row.kind, among: serving(row.queue), at: now)
    }

    /// Whether one of them holds a kind back.
    var holdAny: Bool {
        workers.contains { _, status in
            status.pools.contains { KindHold.Place($0, status.worker, at: now) != nil }
        }
    }
}
