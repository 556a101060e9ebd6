import Calls
import Experiments
import Jobs
import Projections

extension ExportTables {
    static let runs = ExportTable(
        "runs", "One row a run.", key: ["run"], from: [Runs.self],
        TableDefinition<(run: RunID, row: RunRow)>()
            .text("run", "The run's id") { $0.run.rawValue }
            .text("experiment", "The experiment's name") { $0.row.experiment }
            .text("stage", "How far it is: submitting, working, drained, stopped, complete or incomplete") {
                $0.row.stage.rawValue
            }
            .integer("cells", "Results that are wanted") { $0.row.cells.total }
            .integer("done", "Cells that have their result") { $0.row.cells.done }
            .integer("failed", "Cells whose job failed for good") { $0.row.cells.failed }
            .integer("skipped", "Cells whose job can't run, as one that it waited for failed") { $0.row.cells.skipped }
            .integer("unknown", "Cells with a call whose outcome isn't known") { $0.row.cells.unknown }
            .integer("outstanding", "Cells that are still to come") { $0.row.cells.outstanding }
            .integer("jobs", "Jobs of the plan") { $0.row.jobs }
            .integer("submitted_jobs", "Jobs that are in the log") { $0.row.submittedJobs }
            .moment("submitted", "When it was submitted") { $0.row.submitted }
            .moment("finished", "When it was finished; empty before, and after it was reopened") { $0.row.finished }
            .cost("budget", "The most that it may cost; empty without such a bound") { $0.row.budget?.maxCost }
            .digest("definition", "The blob of the experiment's definition") { $0.row.definition }
    ) { source, body in
        try source.views.tables(of: Runs.self).runs.forEach { run, row in
            try body((run, row))
            return true
        }
    }

    static let cells = ExportTable(
        "cells", "One row a result that a run wants, and why it isn't there if it isn't.", key: ["run", "ordinal"],
        from: [Runs.self],
        TableDefinition<(key: CellKey, row: CellRow)>()
            .text("run", "The run's id") { $0.key.run.rawValue }
            .integer("ordinal", "Its place in the plan, from 0") { $0.key.ordinal }
            .text("status", "done, failed, skipped, unknown or outstanding") { $0.row.status.rawValue }
            .labels { $0.row.labels }
            .text("job", "The job whose result it is") { $0.row.job.rawValue }
            .text("error_class", "How its job, or the one that it waited for, failed") { $0.row.class }
            .text("error_message", "What was reported about the failure") { $0.row.message }
            .text("root_cause", "The job that failed, where it isn't the cell's own") { $0.row.rootCause?.rawValue }
            .position("settled_position", "The event that ended its job") { $0.row.settled }
    ) { source, body in
        try source.views.tables(of: Runs.self).cells.forEach { key, row in
            try body((key, row))
            return true
        }
    }
}

extension TableDefinition {
    /// What a job or a cell is about.
    func labels(_ labels: @escaping @Sendable (Row) -> [String: String]) -> Self {
        adding([
            TableColumn("model", .text, "The model's id in the experiment"),
            TableColumn("scenario", .text, "The scenario's id"),
            TableColumn("sample", .integer, "Which repetition it is, from 0"),
            TableColumn("judge", .text, "The judge's id; empty for what isn't judged"),
        ]) { row, values in
            let labels = labels(row)
            values.append(TableValue(labels["model"]))
            values.append(TableValue(labels["scenario"]))
            values.append(TableValue(labels["sample"].flatMap { Int($0) }))
            values.append(TableValue(labels["judge"]))
        }
    }
}
