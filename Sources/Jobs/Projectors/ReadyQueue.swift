import Deciders
package import EventLog
package import Projections

/// What can be done next for each run: which jobs are ready, in order, and what the others wait for.
///
/// Jobs with terms aren't here: `JobQueue` has those.
///
/// Every job that isn't completed stands in exactly one place; the counts of a run add up to its jobs. Completed jobs
/// keep no row but a mark, so the tables stay as large as the work that is left.
package enum ReadyQueue: Projector {
    package static let name = "readyQueue"
    package static let version = 1
    package static let types = JobEvent.types.map { $0.type }

    package struct Tables: ViewTables {
        /// Jobs that aren't completed.
        package var jobs: ViewTable<JobID, QueuedJob>
        /// Jobs that are.
        package var completed: ViewTable<JobID, Bool>
        /// Jobs by one that they wait for.
        package var children: ViewTable<JobID, [JobID]>
        /// Ready jobs, by run, lane and place in the plan.
        package var ready: ViewTable<LaneKey, JobID>
        /// Jobs that wait for their next attempt, the earliest first.
        package var retrying: ViewTable<RetryKey, JobID>
        /// Jobs that somebody must write an event for: a retry to decide, or a skip.
        package var unsettled: ViewTable<RunKey, JobID>
        /// Leased jobs, by who has them.
        package var running: ViewTable<WorkerKey, JobID>
        /// How many jobs are ready, by run and lane; lanes without any have no row.
        package var lanes: ViewTable<LaneName, Int>
        /// How many jobs a worker has; workers without any have no row.
        package var workers: ViewTable<WorkerName, Int>
        package var runs: ViewTable<RunID, JobCounts>

        package init(_ make: inout TableMaker) {
            jobs = make.table("jobs")
            completed = make.table("completed")
            children = make.table("children")
            ready = make.table("ready")
            retrying = make.table("retrying")
            unsettled = make.table("unsettled")
            running = make.table("running")
            lanes = make.table("lanes")
            workers = make.table("workers")
            runs = make.table("runs")
        }
    }

    package static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        guard let happened = try event.read(JobEvent.self) else { return }
        let id = try JobID(streamOf: event.event)
        if case .submitted(let submission) = happened {
            guard submission.terms == nil else { return }
            tables.insert(id, QueuedJob(submission: submission, at: event.event))
            return
        }
        let stood = tables.jobs.change(id) { job in
            let before = job.standing
            job.take(happened, at: event.event)
            return (before: before, after: job.standing, hasParents: !job.progress.submission.after.isEmpty)
        }
        guard let stood, let before = stood.before else { return }
        if let after = stood.after {
            let refreshed = stood.hasParents ? tables.refresh(id) : after
            tables.move(id, from: before, to: refreshed)
        } else {
            tables.remove(id, before)
        }
        let mattersToChildren =
            switch happened {
            case .completed, .failed, .skipped, .retryRequested: true
            case .submitted, .leased, .leaseRenewed, .retryScheduled, .leaseExpired, .released, .cancelled, .crashed,
                .deferred, .progressed, .resultLate, .unlocked, .keyLost:
                false
            }
        if mattersToChildren { tables.refreshChildren(of: id) }
    }
}

extension JobID {
    /// The job whose stream an event is in.
    package init(streamOf event: EventLog.Event) throws(KeyError) {
        guard let id = JobID(inStreamOf: event) else { throw KeyError("\(event.stream) is no job's stream") }
        self = id
    }
}

extension ReadyQueue.Tables {
    fileprivate mutating func insert(_ id: JobID, _ new: QueuedJob) {
        for parent in new.progress.submission.after { children[parent, default: []].append(id) }
        jobs[id] = new
        guard let standing = new.progress.submission.after.isEmpty ? new.standing : refresh(id) else { return }
        enter(id, standing)
        count(standing.run) { $0[standing.place.kind] += 1 }
    }

    fileprivate mutating func move(_ id: JobID, from before: QueuedJob.Standing, to after: QueuedJob.Standing?) {
        guard let after, before.place != after.place else { return }
        leave(before)
        enter(id, after)
        count(after.run) { counts in
            counts[before.place.kind] -= 1
            counts[after.place.kind] += 1
        }
    }

    fileprivate mutating func remove(_ id: JobID, _ before: QueuedJob.Standing) {
        jobs[id] = nil
        completed[id] = true
        leave(before)
        count(before.run) { counts in
            counts[before.place.kind] -= 1
            counts.completed += 1
        }
    }

    private mutating func count(_ run: RunID, _ body: (inout JobCounts) -> Void) {
        if runs.change(run, body) == nil {
            var counts = JobCounts()
            body(&counts)
            runs[run] = counts
        }
    }

    fileprivate mutating func refreshChildren(of parent: JobID) {
        for child in children[parent] ?? [] {
            guard let before = jobs[child]?.standing else { continue }
            move(child, from: before, to: refresh(child))
        }
        if completed[parent] != nil { children[parent] = nil }
    }

    /// Looks at the jobs that a job waits for, and says where it then stands.
    fileprivate mutating func refresh(_ id: JobID) -> QueuedJob.Standing? {
        guard let after = jobs[id]?.progress.submission.after else { return nil }
        let unmet = after.filter { completed[$0] == nil }
        let doom = doom(by: unmet)
        return jobs.change(id) { job in
            job.unmet = unmet
            job.doom = doom
            return job.standing
        } ?? nil
    }

    private func doom(by parents: [JobID]) -> Doom? {
        for parent in parents {
            guard let row = jobs[parent] else { continue }
            switch row.progress.stage {
            case .failed(let kind): return Doom(cause: row.lastPosition, rootCause: parent, rootClass: kind)
            case .skipped(let skipped):
                return Doom(
                    cause: row.lastPosition, rootCause: skipped.rootCause, rootClass: skipped.rootClass)
            case .ready, .undecided, .retrying, .deferred, .leased, .completed, .cancelled: continue
            }
        }
        return nil
    }

    private mutating func enter(_ id: JobID, _ job: QueuedJob.Standing) {
        switch job.place {
        case .ready:
            ready[job.laneKey] = id
            lanes[LaneName(job.run, job.lane), default: 0] += 1
        case .retrying(let notBefore): retrying[RetryKey(job.run, notBefore, job.position)] = id
        case .undecided, .doomed: unsettled[RunKey(job.run, job.position)] = id
        case .running(let worker):
            running[WorkerKey(job.run, worker, job.position)] = id
            workers[WorkerName(job.run, worker), default: 0] += 1
        case .waiting, .failed, .skipped: break
        }
    }

    private mutating func leave(_ job: QueuedJob.Standing) {
        switch job.place {
        case .ready:
            ready[job.laneKey] = nil
            lanes[LaneName(job.run, job.lane)] = oneLess(lanes[LaneName(job.run, job.lane)])
        case .retrying(let notBefore): retrying[RetryKey(job.run, notBefore, job.position)] = nil
        case .undecided, .doomed: unsettled[RunKey(job.run, job.position)] = nil
        case .running(let worker):
            running[WorkerKey(job.run, worker, job.position)] = nil
            workers[WorkerName(job.run, worker)] = oneLess(workers[WorkerName(job.run, worker)])
        case .waiting, .failed, .skipped: break
        }
    }

    private func oneLess(_ count: Int?) -> Int? {
        guard let count, count > 1 else { return nil }
        return count - 1
    }
}

extension ViewTable {
    /// The row of a key, or another value where there is none, for `apply`.
    fileprivate subscript(key: Key, default value: @autoclosure () -> Row) -> Row {
        get { self[key] ?? value() }
        set { self[key] = newValue }
    }
}
