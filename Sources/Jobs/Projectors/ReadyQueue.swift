import Deciders
package import EventLog
package import Projections

/// What can be done next for each run: which jobs are ready, in order, and what the others wait for.
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

    private static let reader = FamilyReader<JobEvent>()

    package static func apply(_ event: EventLog.Event, to tables: inout Tables) throws {
        guard let happened = try reader.read(event) else { return }
        let id = try JobID(streamOf: event)
        if case .submitted(let submission) = happened {
            tables.insert(id, QueuedJob(submission: submission, at: event))
            return
        }
        guard var job = tables.jobs[id] else { return }
        let before = job.place
        job.take(happened, at: event)
        if case .completed = job.progress.stage {
            tables.remove(id, job, from: before)
        } else {
            tables.update(id, job, from: before)
        }
        let mattersToChildren =
            switch happened {
            case .completed, .failed, .skipped, .retryRequested: true
            case .submitted, .leased, .leaseRenewed, .retryScheduled, .leaseExpired, .released: false
            }
        if mattersToChildren { tables.refreshChildren(of: id) }
    }
}

extension JobID {
    /// The job whose stream an event is in.
    package init(streamOf event: EventLog.Event) throws(KeyError) {
        let stream = event.stream
        guard let id = JobID(rawValue: stream.id) else { throw KeyError("\(stream) is no job's stream") }
        self = id
    }
}

extension ReadyQueue.Tables {
    fileprivate mutating func insert(_ id: JobID, _ new: QueuedJob) {
        for parent in new.progress.submission.after { children[parent, default: []].append(id) }
        var job = new
        refresh(&job)
        jobs[id] = job
        enter(id, job)
        runs[job.run, default: JobCounts()][job.place.kind] += 1
    }

    fileprivate mutating func update(_ id: JobID, _ job: QueuedJob, from before: QueuedJob.Place) {
        var job = job
        refresh(&job)
        jobs[id] = job
        let after = job.place
        guard before != after else { return }
        leave(job, before)
        enter(id, job)
        runs[job.run, default: JobCounts()][before.kind] -= 1
        runs[job.run, default: JobCounts()][after.kind] += 1
    }

    fileprivate mutating func remove(_ id: JobID, _ job: QueuedJob, from before: QueuedJob.Place) {
        jobs[id] = nil
        completed[id] = true
        leave(job, before)
        runs[job.run, default: JobCounts()][before.kind] -= 1
        runs[job.run, default: JobCounts()].completed += 1
    }

    fileprivate mutating func refreshChildren(of parent: JobID) {
        for child in children[parent] ?? [] {
            guard let job = jobs[child] else { continue }
            update(child, job, from: job.place)
        }
        if completed[parent] != nil { children[parent] = nil }
    }

    /// Looks at the jobs that a job waits for.
    private func refresh(_ job: inout QueuedJob) {
        if job.progress.submission.after.isEmpty { return }
        job.unmet = job.progress.submission.after.filter { completed[$0] == nil }
        job.doom = nil
        for parent in job.unmet {
            guard let row = jobs[parent] else { continue }
            switch row.progress.stage {
            case .failed(let kind):
                job.doom = Doom(cause: row.lastPosition, rootCause: parent, rootClass: kind)
                return
            case .skipped(let rootCause, let rootClass):
                job.doom = Doom(cause: row.lastPosition, rootCause: rootCause, rootClass: rootClass)
                return
            case .ready, .undecided, .retrying, .leased, .completed: continue
            }
        }
    }

    private mutating func enter(_ id: JobID, _ job: QueuedJob) {
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

    private mutating func leave(_ job: QueuedJob, _ place: QueuedJob.Place) {
        switch place {
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
