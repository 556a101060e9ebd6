import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Projections

@testable import Jobs

/// The log of a simulation with its read model, and the rules that every appended event must keep.
struct SimulatedStore {
    /// A rule that was broken.
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    let log = MemoryLog()
    private var view = MemoryView(JobQueue.self)
    private var viewed = 0
    private(set) var streams: [JobID: Loaded<Job>] = [:]
    private(set) var ends: [JobID: ParentEnd] = [:]
    /// Jobs that an operator wanted done again, so that what their children saw may have changed.
    private(set) var reopened: Set<JobID> = []
    /// Whose calls the jobs make; nil for nobody's.
    var provider: ProviderID?
    private var completions: [JobID: Int] = [:]
    /// Answers that failed, since the job was submitted or somebody wanted it done again.
    private var failures: [JobID: Int] = [:]

    /// The read model with all that was appended.
    mutating func tables() throws -> JobQueue.Tables {
        let events = log.events
        if viewed < events.count { try view.apply(events[viewed...]) }
        viewed = events.count
        return view.tables
    }

    func loaded(_ id: JobID) -> Loaded<Job> { streams[id] ?? .empty }

    /// Decides a command as a command handler does: by the held state first, and again when that was stale.
    ///
    /// Nil where it was refused. `hook` is called before an append; false means that it never happens.
    mutating func handle(
        _ id: JobID, from held: Loaded<Job>?, blobs: [Blob] = [], cause: Cause? = nil, of type: EventType? = nil,
        by worker: WorkerID?, at time: Timestamp, _ command: (Timestamp) -> Job.Command
    ) throws -> Loaded<Job>? {
        var loaded = held ?? self.loaded(id)
        while true {
            let events: [JobEvent]
            do throws(Job.Refusal) {
                events = try Job.decide(command(time), loaded.state)
            } catch {
                return nil
            }
            if events.isEmpty { return loaded }
            let truth = self.loaded(id)
            if truth.revision == loaded.revision {
                return try append(events, to: id, blobs, cause, type, worker, time, truth)
            }
            loaded = truth
        }
    }

    private mutating func append(
        _ events: [JobEvent], to id: JobID, _ blobs: [Blob], _ cause: Cause?, _ type: EventType?, _ worker: WorkerID?,
        _ time: Timestamp, _ before: Loaded<Job>
    ) throws -> Loaded<Job> {
        let stream = try StreamName(category: Job.category, id: id.rawValue)
        let recorded = events.map { event in
            let payload = event.payload
            let carries = type == nil || Swift.type(of: payload).type == type
            let metadata = EventMetadata(
                cause: carries ? cause : nil, job: id.rawValue, run: nil, worker: worker?.rawValue)
            return NewEvent(
                type: Swift.type(of: payload).type, version: payload.writtenVersion, time: time,
                data: payload.canonicalBytes(), metadata: metadata.canonicalBytes())
        }
        var state = before.state
        for event in events {
            try check(event, of: id, in: state, at: time)
            state = Job.evolve(state, event)
        }
        let expected = before.revision.map(ExpectedRevision.exact) ?? .noStream
        let appended = try log.add(Commit(stream: stream, expected: expected, events: recorded, blobs: blobs))
        let last = Position(appended.first.rawValue + UInt64(appended.count) - 1)
        let after = Loaded<Job>(state: state, revision: appended.lastRevision, lastPosition: last)
        streams[id] = after
        return after
    }

    /// Proposes what must come to nothing.
    func propose(illegal command: Job.Command, to id: JobID) throws {
        let state = loaded(id).state
        guard let events = try? Job.decide(command, state), !events.isEmpty, case .known(let job) = state else {
            return
        }
        throw Violation(description: "\(id): in \(job.stage) \(command) was let through: \(events)")
    }

    /// What a provider's budget allows for failures, recorded where it isn't yet.
    func allow(
        _ failures: [RetryBudgetPast.Failure], of provider: ProviderID, calls: Int, by worker: WorkerID,
        at time: Timestamp
    ) throws -> [RetryBudgetPast.Allowed] {
        let past = try RetryBudgetPast(of: provider, in: log)
        if let (commit, _) = try past.commit(for: failures, calls: calls, at: time, by: worker) { try log.add(commit) }
        let now = try RetryBudgetPast(of: provider, in: log)
        return failures.compactMap { now.allowed($0) }
    }

    mutating func submit(_ plan: SubmissionPlan, at time: Timestamp) throws {
        for item in plan.jobs {
            _ = try handle(item.id, from: .empty, by: nil, at: time) { _ in .submit(item.job) }
        }
    }

    /// Drops those of some jobs that the read model lets go.
    func prune(_ ids: [JobID], at time: Timestamp) throws {
        let pruned = QueuePruned(
            by: "operator", counts: QueueCounts(), jobs: ids.map { JobRange($0) },
            policy: PrunePolicy(states: QueueState.allCases.filter(\.isEnded)))
        try log.record([pruned], in: RetentionEvent.pruned(pruned).stream, at: time)
    }

    func control(_ event: QueueEvent, of queue: String, at time: Timestamp) throws {
        try log.record([event.payload], in: StreamName(category: QueueControl.category, id: queue), at: time)
    }
}

// MARK: - Rules

extension SimulatedStore {
    private mutating func check(_ event: JobEvent, of id: JobID, in state: Job.State, at time: Timestamp) throws {
        guard case .known(let job) = state else { return }
        switch event {
        case .leased(let lease):
            guard lease.attempt == job.failures + 1 else {
                throw Violation(description: "\(id): attempt \(lease.attempt) after \(job.failures) failures")
            }
            if case .leased = job.stage { throw Violation(description: "\(id): leased twice at once") }
            try checkParents(of: id, job)
        case .completed(let completed):
            completions[id, default: 0] += 1
            if completions[id] != 1 { throw Violation(description: "\(id): completed twice") }
            try checkLease(of: id, job, by: completed.worker, at: time)
        case .failed(let failed) where failed.class != Job.poisonClass:
            failures[id, default: 0] += 1
            try checkLease(of: id, job, by: failed.worker, at: time)
            let isLast = failures[id, default: 0] >= job.submission.maxAttempts
            if failed.final != (isLast || !failed.retryable) {
                throw Violation(
                    description: "\(id): failure \(failures[id, default: 0]) of \(job.submission.maxAttempts)")
            }
        case .leaseExpired(let expired) where expired.reason == .deadline && time < expired.deadline:
            throw Violation(description: "\(id): expired at \(time), before \(expired.deadline)")
        case .skipped(let skipped): try checkSkip(skipped, of: id, job)
        case .retryRequested:
            ends[id] = nil
            failures[id] = 0
            reopened.insert(id)
        default: break
        }
        if let end = ParentEnd(event, of: id) { ends[id] = end }
    }

    /// A job is begun only when its parents let it; those that were done again may have ended otherwise meanwhile.
    private func checkParents(of id: JobID, _ job: Job.Progress) throws {
        guard let terms = job.submission.terms, !terms.parents.isEmpty, job.failures == 0 else { return }
        let parents = terms.parents.flatMap { range in range.jobs.map { ($0, range.onFailure) } }
        guard parents.allSatisfy({ !reopened.contains($0.0) }), !reopened.contains(id) else { return }
        let isFine =
            switch terms.join {
            case .allDone: parents.allSatisfy { ends[$0.0] != nil }
            case .anyFailed: parents.contains { if case .failed = ends[$0.0] { true } else { false } }
            case .allSuccess:
                parents.allSatisfy { parent, onFailure in
                    switch ends[parent] {
                    case .succeeded: true
                    case .failed: onFailure == .continue
                    case nil: false
                    }
                }
            }
        if !isFine { throw Violation(description: "\(id): begun before its parents let it") }
    }

    /// Only whoever has the job answers, and in time.
    private func checkLease(of id: JobID, _ job: Job.Progress, by worker: WorkerID, at time: Timestamp) throws {
        guard case .leased(let lease) = job.stage, lease.worker == worker, time < lease.deadline else {
            throw Violation(description: "\(id): \(worker) answers at \(time), and the job is \(job.stage)")
        }
    }

    private func checkSkip(_ skipped: JobSkipped, of id: JobID, _ job: Job.Progress) throws {
        try checkSkipIsDue(of: id, job)
        if skipped.rootClass == "noFailure" || reopened.contains(skipped.rootCause) { return }
        guard case .failed(let root, _) = ends[skipped.rootCause], root == skipped.rootCause else {
            throw Violation(description: "\(id): skipped because of \(skipped.rootCause), which didn't fail")
        }
    }

    /// A job is skipped only when its parents leave it nothing else.
    private func checkSkipIsDue(of id: JobID, _ job: Job.Progress) throws {
        guard let terms = job.submission.terms else { return }
        let parents = terms.parents.flatMap { range in range.jobs.map { ($0, range.onFailure) } }
        if parents.contains(where: { reopened.contains($0.0) }) { return }
        let isDue =
            switch terms.join {
            case .allDone: false
            case .anyFailed: parents.allSatisfy { ends[$0.0] == .succeeded }
            case .allSuccess:
                parents.contains { parent, onFailure in
                    guard case .failed = ends[parent] else { return false }
                    return onFailure != .continue
                }
            }
        if !isDue { throw Violation(description: "\(id): skipped though its parents let it go on") }
    }

    /// What must be true when everything has ended.
    mutating func checkEnd() throws {
        try checkEnds()
        try checkDerived()
        try checkBudgets()
    }

    /// Each retry is taken from its provider's budget, and once.
    private func checkBudgets() throws {
        var allowed: [JobID: Set<Int>] = [:]
        for event in log.events {
            if let spent = try event.decode(if: RetryBudgetSpent.self) {
                for retry in spent.retries where !allowed[retry.job, default: []].insert(retry.attempt).inserted {
                    throw Violation(description: "\(retry.job): attempt \(retry.attempt) was paid for twice")
                }
            } else if let retry = try event.decode(if: JobRetryScheduled.self), let budget = retry.budget {
                let id = try JobID(streamOf: event)
                guard allowed[id]?.contains(retry.attempt) == true, retry.delay >= budget.wait else {
                    throw Violation(description: "\(id): attempt \(retry.attempt) exceeds the budget")
                }
            } else if let failed = try event.decode(if: JobFailed.self), failed.class != Job.poisonClass {
                let isNamed = failed.provider != nil
                if isNamed != (provider != nil) { throw Violation(description: "\(event.stream): whose budget?") }
            }
        }
    }

    /// Every job is in a final state, and the read model knows.
    mutating func checkEnds() throws {
        for (id, loaded) in streams.sorted(by: { $0.key < $1.key }) {
            guard case .known(let job) = loaded.state else { continue }
            switch job.stage {
            case .completed, .failed, .cancelled, .skipped: break
            case .ready, .undecided, .retrying, .deferred, .leased:
                throw Violation(description: "\(id) waits for ever: \(job.stage)")
            }
        }
        let queues = try tables().allQueues().map(\.queue)
        let counts = queues.reduce(QueueCounts()) { $0 + $1.counts }
        guard counts.unfinished == 0, counts.ended + queues.reduce(0, { $0 + $1.pruned }) == streams.count else {
            throw Violation(description: "the counts don't add up: \(counts)")
        }
    }

    /// The read model and all derived events come out the same when they are made anew.
    mutating func checkDerived() throws {
        _ = try tables()
        let anew = MemoryView(JobQueue.self)
        try anew.apply(log.events)
        guard try anew.digest() == view.digest() else {
            throw Violation(description: "the read model depends on how it was built")
        }
        let divergences = try Derived.divergences(in: log)
        guard divergences.isEmpty else { throw Violation(description: "not derived again: \(divergences)") }
    }
}
