import Deciders
package import EventLog
package import Projections

/// What the jobs of queues are, where each stands, and what can be done next.
///
/// Only jobs with terms are here; those of experiments are in `ReadyQueue`. Every job keeps its row until it is pruned,
/// and stands in exactly one of the places `waiting`, `ready`, `timed`, `unsettled`, `running` and `ended`.
package enum JobQueue: Projector {
    package static let name = "queue"
    package static let version = 2
    package static let types =
        (JobEvent.types + SubmissionEvent.types + QueueEvent.types + WorkerEvent.types).map { $0.type }
        + [QueuePruned.type]

    package struct Tables: ViewTables {
        package var jobs: ViewTable<JobID, QueueRow>
        /// The children of a job, in the order of their submissions; their number is in the job's row.
        package var edges: ViewTable<EdgeKey, QueueEdge>
        /// The ranges of a job's parents; their number is in the job's row.
        package var parents: ViewTable<EdgeKey, ParentRange>
        /// Jobs that wait for their parents, by the position of their submission.
        package var waiting: ViewTable<Position, JobID>
        /// Jobs that may be begun, in order.
        package var ready: ViewTable<ReadyKey, JobID>
        /// Jobs that may be begun from a time on: ready in fact when that has come.
        package var timed: ViewTable<TimedKey, JobID>
        /// Jobs that somebody must write an event for, by the position of their submission.
        package var unsettled: ViewTable<Position, JobID>
        package var running: ViewTable<RunningKey, JobID>
        package var ended: ViewTable<EndedKey, JobID>
        /// Unfinished jobs that have a deadline, the earliest first.
        package var deadlines: ViewTable<DeadlineKey, JobID>
        package var queues: ViewTable<String, QueueSummary>
        /// The kinds that jobs were ever submitted of.
        package var kinds: ViewTable<String, Bool>
        package var submissions: ViewTable<RunID, SubmissionRow>
        package var workers: ViewTable<WorkerID, WorkerRow>
        /// Jobs that were dropped: how they ended.
        package var pruned: ViewTable<JobID, PrunedJob>

        package init(_ make: inout TableMaker) {
            jobs = make.table("jobs")
            edges = make.table("edges")
            parents = make.table("parents")
            waiting = make.table("waiting")
            ready = make.table("ready")
            timed = make.table("timed")
            unsettled = make.table("unsettled")
            running = make.table("running")
            ended = make.table("ended")
            deadlines = make.table("deadlines")
            queues = make.table("queues")
            kinds = make.table("kinds")
            submissions = make.table("submissions")
            workers = make.table("workers")
            pruned = make.table("pruned")
        }
    }

    package static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        if let happened = try event.read(JobEvent.self) {
            let id = try JobID(streamOf: event.event)
            switch happened {
            case .submitted(let submission): tables.submit(id, submission, at: event.event)
            case .retryRequested: tables.returnToQueue(id, happened, at: event.event)
            default: tables.take(id, happened, at: event.event)
            }
        } else if let happened = try event.read(SubmissionEvent.self) {
            guard let run = RunID(inStreamOf: event.event) else { throw KeyError("\(event.stream) is no submission's") }
            tables.take(run, happened, at: event.event)
        } else if let happened = try event.read(QueueEvent.self) {
            tables.take(event.stream.id, happened, at: event.event)
        } else if event.event.hasType(QueuePruned.type) {
            tables.prune(try event.decode(QueuePruned.self).jobs)
        } else if let happened = try event.readUnlessNewer(WorkerEvent.self) {
            // Workers are listed for people, and no job depends on them.
            guard let worker = WorkerID(inStreamOf: event.event) else {
                throw KeyError("\(event.stream) is no worker's stream")
            }
            tables.take(worker, happened, at: event.event)
        }
    }
}

extension JobQueue.Tables {
    fileprivate mutating func take(_ run: RunID, _ happened: SubmissionEvent, at event: EventLog.Event) {
        switch happened {
        case .accepted(let accepted): submissions[run] = SubmissionRow(accepted, at: event.time)
        }
    }

    fileprivate mutating func take(_ queue: String, _ happened: QueueEvent, at event: EventLog.Event) {
        change(queue) { $0.take(happened, at: event.time) }
    }

    fileprivate mutating func take(_ worker: WorkerID, _ happened: WorkerEvent, at event: EventLog.Event) {
        switch happened {
        case .started(let started):
            if let row = WorkerRow(started, at: event.time) { workers[worker] = row }
        case .drainRequested: workers.change(worker) { $0.draining = event.time }
        case .stopped(let stopped):
            workers.change(worker) { row in
                row.stopped = event.time
                row.stopReason = stopped.reason
            }
        case .kindPaused, .kindResumed: break
        }
    }

    /// Changes the row of a queue, which is there from the first that is heard of it.
    mutating func change(_ queue: String, _ body: (inout QueueSummary) -> Void) {
        if queues.change(queue, body) == nil {
            var summary = QueueSummary()
            body(&summary)
            queues[queue] = summary
        }
    }
}
