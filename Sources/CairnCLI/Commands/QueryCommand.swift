import ArgumentParser
import Cairn
import Determinism
import Experiments
import Jobs
import Scoring

/// Questions about runs, jobs and results; read models catch up with the log before they answer.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Ask about runs, queues, jobs and results, now or at any moment of the log.",
        discussion: """
            EXAMPLE
              cairn query rankings --at 2026-11-21T12:00:00Z
            """,
        subcommands: [
            QueryRuns.self, QueryCells.self, QueryJobs.self, QueryJob.self, QueryQueues.self, QuerySubmissions.self,
            QueryWorkers.self, QueryTranscripts.self, QueryScores.self, QueryRankings.self, QueryUsage.self,
            QuerySQL.self,
        ])
}

/// The command `cairn query runs`.
struct QueryRuns: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "Runs, and how far their cells have come.",
        discussion: """
            A run that nobody works on, though it is neither finished nor drained nor stopped, was left by a process that \
            was killed; the `cairn run` that began it goes on with it.

            EXAMPLE
              cairn query runs --json | jq '.[].cells'
            """)

    @OptionGroup var options: QueryOptions

    func run() async throws {
        let layout = TableLayout<QueryRow<RunRow>>()
            .column("run") { $0.text("run") }
            .column("experiment") { $0.row.experiment }
            .column("stage") { $0.row.stage.rawValue + ($0.isAbandoned ? ", nobody works on it" : "") }
            .number("cells") { Quantities.grouped($0.row.cells.total) }
            .number("done") { Quantities.grouped($0.row.cells.done) }
            .number("failed") { Quantities.grouped($0.row.cells.failed) }
            .number("skipped") { Quantities.grouped($0.row.cells.skipped) }
            .number("unknown") { Quantities.grouped($0.row.cells.unknown) }
            .number("outstanding") { Quantities.grouped($0.row.cells.outstanding) }
            .column("submitted") { $0.row.submitted.text }
        let runs = try options.ask { try $0.runsAtWork(options.selection()) }
        try options.answer.output.print(runs, as: layout, nothing: "no runs in this store yet")
        if !options.answer.json, runs.contains(where: \.isAbandoned) {
            Terminal.complain("a run that nobody works on goes on with the `cairn run` that began it\n")
        }
    }
}

/// The command `cairn query cells`.
struct QueryCells: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cells", abstract: "The results that a run wants, one by one, and why any is missing.",
        discussion: "EXAMPLE\n  cairn query cells --missing")

    @OptionGroup var options: QueryOptions
    @OptionGroup var labels: LabelOptions

    @Flag(help: "Only cells without a result.")
    var missing = false

    func run() async throws {
        let layout = TableLayout<QueryRow<CellRow>>()
            .column("run") { $0.text("run") }
            .column("scenario") { $0.row.labels["scenario"] ?? "" }
            .column("model") { $0.row.labels["model"] ?? "" }
            .column("sample") { $0.row.labels["sample"] ?? "" }
            .column("judge") { $0.row.labels["judge"] ?? "" }
            .column("status") { $0.row.status.rawValue }
            .column("why") { [$0.row.class, $0.row.message].compactMap(\.self).joined(separator: ": ") }
            .column("job") { ($0.row.rootCause ?? $0.row.job).rawValue }
        try options.answer.output.print(
            try options.ask { try $0.cells(options.selection(labels), missing: missing) }, as: layout,
            nothing: missing ? "no cell is missing" : "no cells")
    }
}

/// The command `cairn query scores`.
struct QueryScores: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scores", abstract: "What judges gave, criterion by criterion.",
        discussion: "EXAMPLE\n  cairn query scores --model careful")

    @OptionGroup var options: QueryOptions
    @OptionGroup var labels: LabelOptions

    func run() async throws {
        let layout = TableLayout<QueryRow<ScoreRow>>()
            .column("scenario") { $0.row.labels.scenario }
            .column("model") { $0.row.labels.model }
            .number("sample") { "\($0.row.labels.sample)" }
            .column("judge") { $0.row.labels.judge }
            .number("score") { row in
                if case .computed(let score) = row.row.outcome { return Quantities.decimal(score.total, places: 4) }
                return ""
            }
            .column("criteria") { row in
                switch row.row.outcome {
                case .computed(let score):
                    score.criteria.map { "\($0.id) \(Quantities.decimal($0.score, places: 2))" }.joined(separator: ", ")
                case .refused(let refusal): "refused: \(refusal.reason)"
                }
            }
        try options.answer.output.print(
            try options.ask { try $0.scores(options.selection(labels)) }, as: layout, nothing: "no scores yet")
    }
}

/// The command `cairn query rankings`.
struct QueryRankings: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rankings", abstract: "The ranking of each run.",
        discussion: "EXAMPLE\n  cairn query rankings --json | jq '.[0].ranking.entries'")

    @OptionGroup var options: QueryOptions

    func run() async throws {
        let (rankings, unjudged) = try options.ask { queries in
            let found = try queries.rankings(options.selection())
            return (found, found.isEmpty ? try queries.unjudgedRuns(options.selection()) : [])
        }
        if options.answer.json {
            try options.answer.output.print(rankings) { "" }
        } else if rankings.isEmpty {
            Terminal.complain(RankingText.absence(unjudged: unjudged))
        } else {
            try Terminal.print(
                rankings.map { row in
                    "run \(row.text("run")), by \(RankingText.name(of: row.row.ranking.method))\n"
                        + RankingText.table(row.row.ranking)
                }.joined(separator: "\n"))
        }
    }
}

/// A ranking as a table.
enum RankingText {
    /// Why there is none, given the finished runs that have no judges.
    static func absence(unjudged runs: [String]) -> String {
        guard let run = runs.first else { return "no rankings yet: a run is ranked when it has finished\n" }
        let which = runs.count == 1 ? "the run \(run) has" : "\(Quantities.counted(runs.count, "run")) have"
        return "no rankings: \(which) finished and no judges, whose scores a ranking is made of\n"
    }

    /// With a column of what the method ranks by, where that isn't the mean.
    static func table(_ ranking: RankingComputed) -> String {
        var layout = TableLayout<RankingEntry>()
            .number("rank") { $0.mean == nil ? "–" : "\($0.rank)" }
            .column("model") { $0.model }
        if ranking.method != .mean { layout = layout.number(name(of: ranking.method)) { decimal($0.value) } }
        return
            layout
            .number("mean") { decimal($0.mean) }
            .number("scored") { Quantities.grouped($0.scored) }
            .number("missing") { Quantities.grouped($0.missing) }
            .table(ranking.entries).rendered(bold: Terminal.bold)
    }

    /// What a method ranks by, in words.
    static func name(of method: RankingMethod) -> String {
        switch method {
        case .mean: "mean"
        case .median: "median"
        case .winRate: "win rate"
        }
    }

    private static func decimal(_ number: Double?) -> String {
        number.map { Quantities.decimal($0, places: 4) } ?? "–"
    }
}
