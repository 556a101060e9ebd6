import CanonicalJSON
import EventLog
import Jobs
import Projections

extension ExportTables {
    static let jobs = ExportTable(
        "jobs", "One row a job of a run; jobs of queues are in queue_jobs.", key: ["job"], from: [JobStatus.self],
        TableDefinition<(job: JobID, row: JobStatusRow)>()
            .text("job", "The job's id") { $0.job.rawValue }
            .text("run", "Its run") { $0.row.run.rawValue }
            .text("kind", "What kind of work it is, such as probe or judge") { $0.row.kind }
            .text("state", "queued, running, retrying, completed, failed or skipped") { $0.row.state.rawValue }
            .labels { $0.row.labels }
            .integer("ordinal", "Its place in the plan, from 0") { $0.row.ordinal }
            .text("lane", "What it is limited with, such as a provider") { $0.row.lane }
            .integer("attempts", "The number of the running or last attempt; 0 before the first") { $0.row.attempts }
            .integer("crashes", "How many leases were lost") { $0.row.crashes }
            .text("error_class", "How it failed last; empty when it didn't, or overcame it") { $0.row.errorClass }
            .text("error_message", "What was reported about that failure") { $0.row.errorMessage }
            .moment("submitted", "When it was submitted") { $0.row.submitted }
            .moment("first_leased", "When it was first begun") { $0.row.firstLeased }
            .moment("finished", "When it was completed, failed for good or skipped") { $0.row.finished }
            .text("worker", "Who has it, or had it last") { $0.row.worker?.rawValue }
            .position("position", "Where its submission stands") { $0.row.position }
            .json("after", "The jobs that it waited for: an array of ids") { $0.row.after }
            .json("labels", "All its labels: an object") { CanonicalTexts($0.row.labels) }
            .json("result", "What came of it; empty until it is completed") { $0.row.result },
        changed: { source, event in
            guard let job = JobID(inStreamOf: event) else { return nil }
            return try source.views.tables(of: JobStatus.self).jobs.get(job).map { (job, $0) }
        }
    ) { source, body in
        try source.views.tables(of: JobStatus.self).jobs.forEach { job, row in
            try body((job, row))
            return true
        }
    }
}
