import EventLog
import Jobs
import Projections
import Scoring

extension ExportTables {
    static let scores = ExportTable(
        "scores", "One row a judging job: the last score that it gave, or why it gave none.", key: ["run", "job"],
        from: [Scores.self],
        TableDefinition<(key: ScoreKey, row: ScoreRow)>()
            .text("run", "The run's id") { $0.key.run.rawValue }
            .text("job", "The judging job") { $0.key.job.rawValue }
            .text("outcome", "computed or refused") { $0.row.computed == nil ? "refused" : "computed" }
            .text("model", "The model's id in the experiment") { $0.row.labels.model }
            .text("scenario", "The scenario's id") { $0.row.labels.scenario }
            .integer("sample", "Which repetition it is, from 0") { $0.row.labels.sample }
            .text("judge", "The judge's id") { $0.row.labels.judge }
            .real("total", "The weighted mean of the criteria, from 0 to 1; empty when refused") {
                $0.row.computed?.total
            }
            .text("refusal", "Why there is no score; empty when there is one") { $0.row.refused?.reason }
            .integer("round", "How often the judge was asked before, since its answer couldn't be read") {
                $0.row.computed?.round ?? $0.row.refused?.round
            }
            .digest("rubric", "The rubric that was judged by") { $0.row.computed?.rubric }
            .position("position", "The event that says so") { $0.row.position },
        changed: { source, event in
            guard let job = JobID(inStreamOf: event), let run = try event.metadata().run.flatMap(RunID.init(rawValue:))
            else { return nil }
            let key = ScoreKey(run: run, job: job)
            return try source.views.tables(of: Scores.self).scores.get(key).map { (key, $0) }
        }
    ) { source, body in
        try source.views.tables(of: Scores.self).scores.forEach { key, row in
            try body((key, row))
            return true
        }
    }

    static let scoreCriteria = ExportTable(
        "score_criteria", "One row a criterion of a score.", key: ["run", "job", "criterion"], from: [Scores.self],
        TableDefinition<(key: ScoreKey, row: ScoreRow, criterion: CriterionScore)>()
            .text("run", "The run's id") { $0.key.run.rawValue }
            .text("job", "The judging job") { $0.key.job.rawValue }
            .text("criterion", "The criterion's id") { $0.criterion.id }
            .real("score", "What the judge gave, from 0 to 1") { $0.criterion.score }
            .real("weight", "How much it counts in the total") { $0.criterion.weight }
            .text("model", "The model's id in the experiment") { $0.row.labels.model }
            .text("scenario", "The scenario's id") { $0.row.labels.scenario }
            .integer("sample", "Which repetition it is, from 0") { $0.row.labels.sample }
            .text("judge", "The judge's id") { $0.row.labels.judge }
    ) { source, body in
        try source.views.tables(of: Scores.self).scores.forEach { key, row in
            for criterion in (row.computed?.criteria ?? []).sorted(by: { $0.id < $1.id }) {
                try body((key, row, criterion))
            }
            return true
        }
    }

    static let rankings = ExportTable(
        "rankings", "One row a model in a ranking of a run; is_current tells those in force.",
        key: ["run", "generation", "model"], from: [Rankings.self],
        TableDefinition<RankedModel>()
            .text("run", "The run's id") { $0.key.run.rawValue }
            .integer("generation", "How many rankings of the run came before, from 0") { $0.key.generation }
            .flag("is_current", "Whether the ranking is the run's last") { $0.isCurrent }
            .integer("rank", "Its rank, from 1; models that are equal share one") { $0.entry.rank }
            .text("model", "The model's id in the experiment") { $0.entry.model }
            .real("mean", "The mean of its scores, from 0 to 1; empty without any") { $0.entry.mean }
            .integer("scored", "Scores that count") { $0.entry.scored }
            .integer("missing", "Scores that are wanted and missing") { $0.entry.missing }
            .text("method", "How the ranking was made") { $0.row.ranking.method.rawValue }
            .moment("computed", "When the ranking was made") { $0.row.computed }
            .position("position", "The event that holds it") { $0.row.position }
            .digest("inputs", "The blob that lists the scores it was made from") { $0.row.ranking.inputs }
            .real("value", "What the method ranks by; empty where that is the mean, and without any") {
                $0.entry.value
            }
    ) { source, body in
        let tables = try source.views.tables(of: Rankings.self)
        try tables.rankings.forEach { key, row in
            let last = try tables.current(of: key.run)?.position
            for entry in row.ranking.entries.sorted(by: { $0.model < $1.model }) {
                try body(RankedModel(key: key, row: row, entry: entry, isCurrent: last == row.position))
            }
            return true
        }
    }

    struct RankedModel {
        let key: RankingKey
        let row: RankingRow
        let entry: RankingEntry
        let isCurrent: Bool
    }
}

extension ScoreRow {
    fileprivate var computed: ScoreComputed? {
        if case .computed(let computed) = outcome { computed } else { nil }
    }

    fileprivate var refused: ScoreRefused? {
        if case .refused(let refused) = outcome { refused } else { nil }
    }
}
