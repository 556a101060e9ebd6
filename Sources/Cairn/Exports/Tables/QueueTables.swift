import CanonicalJSON
import Jobs
import Projections

extension ExportTables {
    static let queueJobs = ExportTable(
        "queue_jobs", "One row a job of a queue that wasn't dropped.", key: ["job"], from: [JobQueue.self],
        TableDefinition<(job: JobID, row: QueueRow)>()
            .text("job", "The job's id") { $0.job.rawValue }
            .text("queue", "Its queue") { $0.row.queue }
            .text("kind", "What kind of work it is") { $0.row.kind }
            .text("name", "Its name in its submission; empty without one") { $0.row.name }
            .text("state", "waiting, scheduled, ready, running, retrying, completed, dead, cancelled or skipped") {
                $0.row.state.rawValue
            }
            .text("submission", "The submission that it came with") { $0.row.run.rawValue }
            .integer("priority", "The higher one comes first") { $0.row.priority }
            .integer("attempts", "Attempts that were begun since it was submitted") {
                $0.row.failures + ($0.row.state == .running || $0.row.state == .completed ? 1 : 0)
            }
            .integer("max_attempts", "How many attempts it may make") { $0.row.maxAttempts }
            .integer("failures", "Attempts that failed") { $0.row.failures }
            .integer("crashes", "Leases that were lost since it was last asked for") { $0.row.crashes }
            .integer("deferrals", "How often it was put off or given back") { $0.row.deferrals }
            .integer("parents", "Jobs that it waits or waited for") { $0.row.parents }
            .integer("pending_parents", "Of those: not ended yet") { $0.row.pending }
            .integer("children", "Jobs that wait or waited for it") { $0.row.children }
            .text("error_class", "How it failed last; empty when it didn't, or overcame it") { $0.row.errorClass }
            .text("error_message", "What was reported about that") { $0.row.errorMessage }
            .moment("submitted", "When it was submitted") { $0.row.submitted }
            .moment("not_before", "Before this it isn't begun; empty when nothing holds it") { $0.row.notBefore }
            .moment("deadline", "When it must have ended; empty without such a time") { $0.row.deadline }
            .moment("started", "When its last attempt began") { $0.row.started }
            .moment("finished", "When it ended") { $0.row.finished }
            .duration("timeout", "How long an attempt may take; empty without a bound") { $0.row.timeout }
            .text("worker", "Who has it, or had it last") { $0.row.worker?.rawValue }
            .position("position", "Where its submission stands") { $0.row.position }
            .json("labels", "Its tags: an object") { $0.row.labels }
    ) { source, body in
        try source.views.tables(of: JobQueue.self).jobs.forEach { job, row in
            try body((job, row))
            return true
        }
    }

    static let queues = ExportTable(
        "queues", "One row a queue.", key: ["queue"], from: [JobQueue.self],
        TableDefinition<(queue: String, row: QueueSummary)>()
            .text("queue", "Its name") { $0.queue }
            .integer("concurrency", "How many of its jobs may run at once; empty without a bound") {
                $0.row.concurrency
            }
            .flag("is_draining", "Whether submissions are refused") { $0.row.isDraining }
            .text("paused_by", "Who paused it; empty when it isn't paused") { $0.row.pause?.by }
            .text("paused_note", "Why it is paused, in their words") { $0.row.pause?.note }
            .moment("paused", "Since when it is paused") { $0.row.pause?.since }
            .queueCounts { $0.row.counts }
            .integer("pruned", "Ended jobs that were dropped and aren't counted") { $0.row.pruned }
    ) { source, body in
        try source.views.tables(of: JobQueue.self).queues.forEach { queue, row in
            try body((queue, row))
            return true
        }
    }

    static let submissions = ExportTable(
        "submissions", "One row a submission to queues.", key: ["submission"], from: [JobQueue.self],
        TableDefinition<(run: RunID, row: SubmissionRow)>()
            .text("submission", "Its id") { $0.run.rawValue }
            .text("name", "The name that it was given") { $0.row.submitID }
            .text("submitted_by", "Who submitted it") { $0.row.by }
            .integer("jobs", "Jobs that were accepted") { $0.row.jobs }
            .queueCounts { $0.row.counts }
            .integer("pruned", "Ended jobs that were dropped and aren't counted") { $0.row.pruned }
            .moment("submitted", "When it was submitted") { $0.row.submitted }
            .moment("finished", "When the last of its jobs ended") { $0.row.finished }
    ) { source, body in
        try source.views.tables(of: JobQueue.self).submissions.forEach { run, row in
            try body((run, row))
            return true
        }
    }

    static let workers = ExportTable(
        "workers", "One row a worker of queues; one that was killed has neither drained nor stopped.", key: ["worker"],
        from: [JobQueue.self],
        TableDefinition<(worker: WorkerID, row: WorkerRow)>()
            .text("worker", "Its id") { $0.worker.rawValue }
            .integer("concurrency", "How many jobs it runs at once") { $0.row.concurrency }
            .text("host", "The machine") { $0.row.host }
            .integer("process", "The process id there") { $0.row.process }
            .json("queues", "The queues that it serves: an array, empty for all") { $0.row.queues }
            .moment("started", "When it began") { $0.row.started }
            .moment("draining", "Since when it takes no more jobs") { $0.row.draining }
            .moment("stopped", "When it stopped") { $0.row.stopped }
            .text("stop_reason", "Why it stopped") { $0.row.stopReason?.rawValue }
    ) { source, body in
        try source.views.tables(of: JobQueue.self).workers.forEach { worker, row in
            try body((worker, row))
            return true
        }
    }
}

extension TableDefinition {
    fileprivate func queueCounts(_ counts: @escaping @Sendable (Row) -> QueueCounts) -> Self {
        QueueState.allCases.reduce(self) { definition, state in
            definition.integer(state.rawValue, "Jobs in this state") { counts($0)[state] }
        }
    }
}
