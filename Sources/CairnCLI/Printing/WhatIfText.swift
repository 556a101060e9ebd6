import Cairn
import Determinism
import EventLog
import Jobs
import Replay
import Scoring

/// What a what-if comes to, for people.
enum WhatIfText {
    static func text(_ report: WhatIf.Report) -> String {
        var text = report.runs.map { run($0, isAlone: report.changes.count == 1) }.joined(separator: "\n")
        text +=
            "\n\(report.calls == 0 ? "no call was made" : Quantities.counted(report.calls, "live call") + " made")\n"
        if let fork = report.fork {
            text += """
                fork \(fork.store) of the first \(Quantities.counted(Int(report.head.size), "event")) of \
                \(report.parent): \
                \(Quantities.grouped(Int(fork.head.size))) events, \(Quantities.grouped(fork.taken.changed)) changed, \
                \(Quantities.grouped(fork.taken.leftOut)) left out
                head \(fork.head.root.hex)

                """
            text += fork.others.map { run in
                "run \(run) had reused answers that the fork leaves out: in the fork it asks for them itself, as far as "
                    + "its own budget goes, and gets the same ones\n"
            }.joined()
        }
        return text
    }

    private static func run(_ result: WhatIf.RunResult, isAlone: Bool) -> String {
        var text = "run \(result.run) (\(result.experiment.inOneLine))\n"
        if !result.after.entries.isEmpty || !result.moves.isEmpty { text += ranking(result) }
        let moved = result.moves.count
        if !result.before.entries.isEmpty {
            text += moved == 0 ? "no rank moved" : Quantities.counted(moved, "rank") + " moved"
            text += "; " + scores(result) + "\n"
            if result.after.entries.isEmpty { text += "not ranked any more: the run doesn't come to its end\n" }
        }
        return text + cost(result)
    }

    /// As in `3 of 18 scores changed, 6 gone`.
    private static func scores(_ result: WhatIf.RunResult) -> String {
        let scores = result.scores
        return "\(Quantities.grouped(scores.changed)) of \(Quantities.counted(result.before.scored, "score")) changed"
            + (scores.gone == 0 ? "" : ", \(Quantities.grouped(scores.gone)) gone")
            + (scores.new == 0 ? "" : ", \(Quantities.grouped(scores.new)) new")
    }

    private static func cost(_ result: WhatIf.RunResult) -> String {
        guard let before = result.before.cost, let after = result.after.cost else { return "" }
        guard before != after else { return "" }
        func amount(_ cost: WhatIf.Cost) -> String {
            (cost.knownTotal.map(Quantities.dollars(nano:)) ?? "?")
                + (cost.unknown > 0 ? " and \(Quantities.counted(cost.unknown, "answer")) without a price" : "")
        }
        return "cost \(amount(before)) → \(amount(after))\n"
    }

    /// One line of the table: a model as it is ranked now, or was.
    private struct Line {
        let model: String
        let now: RankingEntry?
        let was: RankingEntry?
        let movedBy: String
    }

    private static func ranking(_ result: WhatIf.RunResult) -> String {
        let gone = result.before.entries.filter { entry in
            !result.after.entries.contains { $0.model == entry.model }
        }
        let lines = (result.after.entries + gone).map { entry in
            Line(
                model: entry.model, now: result.after.entries.first { $0.model == entry.model },
                was: result.before.entries.first { $0.model == entry.model },
                movedBy: movedBy(result.moves.first { $0.model == entry.model }))
        }
        var layout = TableLayout<Line>()
            .number("rank") { $0.now.map(rank) ?? "out" }
            .number("was") { $0.was.map(rank) ?? "out" }
            .column("model") { $0.model }
            .number("mean") { $0.now?.mean.map { Quantities.decimal($0, places: 4) } ?? "–" }
            .number("was") { $0.was?.mean.map { Quantities.decimal($0, places: 4) } ?? "–" }
        if lines.contains(where: { $0.now?.value != nil || $0.was?.value != nil }) {
            layout = layout.number("value") { $0.now?.value.map { Quantities.decimal($0, places: 4) } ?? "–" }
        }
        return layout.column("moved by") { $0.movedBy }.table(lines).rendered(bold: Terminal.bold)
    }

    private static func rank(_ entry: RankingEntry) -> String { entry.mean == nil ? "–" : "\(entry.rank)" }

    /// As in `--weights imagery=0.5 (2 → 1)`.
    private static func movedBy(_ move: WhatIf.Move?) -> String {
        guard let move else { return "" }
        return move.movedBy.map { step in
            "\(step.title) (\(step.from.map(String.init) ?? "out") → \(step.to.map(String.init) ?? "out"))"
        }.joined(separator: ", ")
    }
}
