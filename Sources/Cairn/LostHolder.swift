package import CanonicalJSON
package import Determinism
package import Jobs

/// What is wrong with the worker that has a running job, as far as anybody can tell from beside it.
package enum LostHolder: Equatable, Sendable {
    /// Its process has ended without giving the job back.
    case gone
    /// It lives, and has said nothing since.
    case silent(since: Timestamp)

    /// A worker says how it stands twice a second; one that doesn't for so long hangs, or was stopped.
    package static let longestSilence = Microseconds.seconds(10)

    /// Nil where nothing is wrong, or nothing is known.
    package init?(isGone: Bool, status: WorkerStatus?, now: Timestamp) {
        if isGone {
            self = .gone
        } else if let status, now - status.time > Self.longestSilence {
            self = .silent(since: status.time)
        } else {
            return nil
        }
    }

    /// What that means for its jobs; `worker` begins the sentence, and `them` are one job or several.
    package func reason(_ worker: String, leasedUntil deadline: Timestamp, now: Timestamp, them: String = "it")
        -> String
    {
        let isOver = deadline <= now
        switch self {
        case .gone:
            return "\(worker) ended without giving \(them) back; the next worker takes \(them) over"
                + (isOver ? "" : ", before the lease ends at \(deadline)")
        case .silent(let since):
            return "\(worker) gave no sign since \(since); the next worker takes \(them) over"
                + (isOver ? ", as the lease ended at \(deadline)" : " when the lease ends at \(deadline)")
        }
    }
}

extension LostHolder {
    /// Among the fields of what it is said of.
    func encode(in writer: inout CanonicalWriter) {
        if case .silent(let since) = self { writer.field("workerSeen", since) }
        writer.field("workerState", word)
    }

    private var word: String {
        switch self {
        case .gone: "gone"
        case .silent: "silent"
        }
    }
}

/// Jobs that count as running, while their worker gives no sign.
package struct LostJobs: Equatable, Sendable, CanonicalEncodable {
    package let holder: LostHolder
    package let jobs: Int
    /// When the last of their leases ends.
    package let leaseDeadline: Timestamp
    package let worker: WorkerID

    package init(_ worker: WorkerID, _ holder: LostHolder, jobs: Int, leaseDeadline: Timestamp) {
        self.holder = holder
        self.jobs = jobs
        self.leaseDeadline = leaseDeadline
        self.worker = worker
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("jobs", jobs)
        writer.field("leaseDeadline", leaseDeadline)
        writer.field("worker", worker)
        holder.encode(in: &writer)
        writer.endObject()
    }
}
