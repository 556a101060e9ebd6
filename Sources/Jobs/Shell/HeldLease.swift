package import Deciders
package import Determinism
import Synchronization

/// A lease that this worker holds, and the job's stream as far as it knows it.
package final class HeldLease: Sendable {
    private let id: JobID
    private let worker: WorkerID
    private let policy: LeasePolicy
    private let jobs: CommandHandler<Job>
    /// The lock makes taking and replacing it one step each; renewals come one after the other.
    private let stream: Mutex<Loaded<Job>>

    package init(of id: JobID, by worker: WorkerID, policy: LeasePolicy, jobs: CommandHandler<Job>, loaded: Loaded<Job>)
    {
        self.id = id
        self.worker = worker
        self.policy = policy
        self.jobs = jobs
        stream = Mutex(loaded)
    }

    /// The job's stream after the last event that this worker wrote.
    package var loaded: Loaded<Job> { stream.withLock { $0 } }

    /// The last moment at which a call may begin to wait for its turn no longer: a quarter of the lease is left then.
    ///
    /// Throws `LeaseLost` when the job isn't leased any more.
    package var latestStart: Timestamp { get throws(LeaseLost) { try deadline - policy.length / 4 } }

    /// When a call had better not begin; nil where it may begin at any time.
    ///
    /// Throws `LeaseLost` when the job isn't leased any more.
    package var gap: Range<Timestamp>? { get throws(LeaseLost) { policy.gap(deadline: try deadline) } }

    private var deadline: Timestamp {
        get throws(LeaseLost) {
            guard case .known(let job) = loaded.state, case .leased(let lease) = job.stage else {
                throw LeaseLost(job: id)
            }
            return lease.deadline
        }
    }

    /// Renews the lease if something that begins at `now` should find more than half of it.
    ///
    /// Called before each call to the outside with the time that its intent will carry, so that a replay decides alike.
    package func renewIfDue(at now: Timestamp) async throws {
        guard case .known(let job) = loaded.state, case .leased(let lease) = job.stage else { throw LeaseLost(job: id) }
        if policy.isRenewalDue(deadline: lease.deadline, now: now) { try await renew() }
    }

    /// Renews the lease, however much of it is left.
    package func renew() async throws {
        guard case .known(let job) = loaded.state else { throw LeaseLost(job: id) }
        let (worker, length) = (worker, policy.length)
        do throws(CommandError<Job.Refusal>) {
            let handled = try await jobs.handle(
                id.rawValue, run: job.submission.run.rawValue, job: id.rawValue, from: loaded
            ) { .renew(by: worker, at: $0, for: length) }
            stream.withLock { $0 = handled.loaded }
        } catch {
            throw error.asLeaseLost(of: id)
        }
    }
}

extension CommandError where Refusal == Job.Refusal {
    /// What a step of a job throws: a lost lease and the end of the outside world by their own names.
    func asLeaseLost(of id: JobID) -> any Error {
        switch self {
        case .refused: LeaseLost(job: id)
        case .effect(let error): error
        case .contended, .unreadable, .log: self
        }
    }
}
