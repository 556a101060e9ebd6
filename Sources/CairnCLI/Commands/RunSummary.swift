import Cairn
import Calls
import CanonicalJSON
import Experiments

/// The end of a run, as JSON and in words.
struct RunSummary: CanonicalEncodable {
    let report: RunExecutor.Report
    /// What waited when it was asked to end, and why; nil if it wasn't asked.
    let waits: Pacing?
    /// Calls that were under way when the work ended: whether they were answered isn't known.
    let cut: Int
    /// What it would take to go on; nil unless the budget is used up.
    let need: BudgetNeed?

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("cells", report.row.cells)
        writer.field("cut", cut)
        writer.field("drained", isDrained)
        writer.field("experiment", report.row.experiment)
        writer.optionalField("need", need)
        writer.optionalField("ranking", report.ranking)
        writer.field("run", report.run)
        writer.field("stage", report.row.stage)
        writer.optionalField("stop", report.row.stop)
        writer.optionalField("waits", waits.map { $0.waits.map { "\($0.calls) of \($0.model): \($0.reason)" } })
        writer.endObject()
    }

    /// Whether somebody asked it to end; a budget that is used up is another matter.
    private var isDrained: Bool { report.isDrained && !report.row.isStopped }

    var isIncomplete: Bool { report.isDrained || report.row.cells.missing > 0 }

    /// Everything, for people.
    func text(resume command: String) -> String {
        message + "\n" + (advice(resume: command).map { $0 + "\n" } ?? "")
    }

    /// How far the run has come, and what is known of why not farther.
    var message: String {
        let cells = report.row.cells
        let counts =
            "\(Quantities.grouped(cells.done)) of \(Quantities.counted(cells.total, "cell")) done"
            + part(cells.failed, "failed") + part(cells.skipped, "skipped") + part(cells.unknown, "unknown")
            + part(cells.outstanding, "outstanding")
        let state =
            report.row.isStopped
            ? "stopped, its budget is used up" : report.isDrained ? "drained" : report.row.stage.rawValue
        var lines = ["run \(report.run) \(state): \(counts)"]
        if let waits, !waits.waits.isEmpty { lines.append("waiting: \(waits)") }
        if let stop = report.row.stop, report.row.isStopped { lines += spending(stop) }
        if cut > 0 {
            let calls = cut == 1 ? "1 call was" : "\(Quantities.grouped(cut)) calls were"
            lines.append("\(calls) cut off: the outcome isn't known; they are asked again when the run goes on")
        }
        return lines.joined(separator: "\n")
    }

    /// What to do now; nil when nothing is left to do.
    func advice(resume command: String) -> String? {
        if let need, let stop = report.row.stop { return Self.advice(need, stop.budget, resume: command) }
        if report.isDrained { return "resume with: \(command)" }
        guard report.row.cells.missing > 0 else { return nil }
        return "see why with: cairn query cells --missing --run \(report.run)\n"
            + "try them again with: \(command) --retry-failed"
    }

    /// For each bound that ended it: what was spent, what nobody knows, and what the next call may need.
    private func spending(_ stop: RunStopped) -> [String] {
        let needed = stop.spent + stop.reserved + stop.wanted
        let spent = need?.spent ?? stop.spent
        var lines: [String] = []
        func line(
            _ verb: String, _ bound: Int, _ part: (Spending) -> Int, unit: String = "",
            _ words: (Int) -> String = Quantities.grouped
        ) {
            var line = "\(verb) \(words(part(spent))) of \(words(bound))\(unit)"
            if let need {
                if need.unknown.calls > 0 {
                    let calls = "\(Quantities.grouped(need.unknown.calls)) whose outcome isn't known"
                    line += ", of that \(words(part(need.unknown))) as the worst case of \(calls)"
                }
                if need.reserved.calls > 0 {
                    line +=
                        ", \(words(part(need.reserved))) kept back for \(Quantities.grouped(need.reserved.calls)) cut off"
                }
            }
            lines.append(line + "; the next may need \(words(part(stop.wanted)))")
        }
        if let most = stop.budget.maxCost, needed.cost > most {
            line("spent", most, \.cost) { Quantities.dollars(nano: $0) }
        }
        if let most = stop.budget.maxTokens, needed.tokens > most {
            line("used", most, \.tokens, unit: most == 1 ? " token" : " tokens")
        }
        if let most = stop.budget.maxCalls, needed.calls > most {
            line("made", most, \.calls, unit: most == 1 ? " call" : " calls")
        }
        return lines
    }

    /// The command whose budget is enough at worst, what that counts, and the budget that is likely to do.
    static func advice(_ need: BudgetNeed, _ budget: Budget, resume command: String) -> String {
        let (most, likely) = (options(need.sufficient, budget), options(need.likely, budget))
        let times = need.attempts == 1 ? "once" : "\(Quantities.grouped(need.attempts)) times"
        var lines = ["resume with: \(command)\(most)"]
        let isCounted = most.contains("--max-calls") && need.sends > need.attempts
        let refusals = Quantities.grouped(need.sends - need.attempts)
        lines.append(
            "enough even if every call that is left is sent \(times) at its worst"
                + (isCounted ? ", and refused for the rate \(refusals) times more" : ""))
        if likely != most { lines.append("enough if calls fail as often as so far:\(likely)") }
        return lines.joined(separator: "\n")
    }

    /// The options for the bounds that are too small.
    static func options(_ enough: Budget, _ budget: Budget) -> String {
        var options = ""
        if let cost = enough.maxCost, cost > budget.maxCost ?? cost {
            options += " --max-cost \(Quantities.exactDollars(nano: cost))"
        }
        if let tokens = enough.maxTokens, tokens > budget.maxTokens ?? tokens { options += " --max-tokens \(tokens)" }
        if let calls = enough.maxCalls, calls > budget.maxCalls ?? calls { options += " --max-calls \(calls)" }
        return options
    }

    private func part(_ count: Int, _ what: String) -> String {
        count == 0 ? "" : ", \(Quantities.grouped(count)) \(what)"
    }
}

extension RunRow {
    /// Whether the budget ended it.
    var isStopped: Bool { stage == .stopped && stop != nil }
}
