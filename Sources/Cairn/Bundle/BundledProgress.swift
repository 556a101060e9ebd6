import EventLog
package import Experiments
import Scoring

/// How far a run had come when it was bundled.
package struct BundledProgress: Equatable, Sendable {
    package let stage: RunRow.Stage
    package let cells: CellProgress

    init(_ row: RunRow) {
        stage = row.stage
        cells = row.cells
    }

    var isComplete: Bool { stage == .complete }

    /// Whether there is work left.
    var isUnfinished: Bool { stage.isUnfinished }

    /// For people; nil for a run that has all its results.
    package var note: String? {
        if isComplete { return nil }
        return isUnfinished
            ? "not finished (\(stage.rawValue)): \(results)" : "finished, and incomplete: \(results)"
    }

    /// Where the run isn't finished, a sentence that says so.
    var sentence: String? { isUnfinished ? "The run isn't finished: \(results)." : nil }

    private var results: String {
        "\(cells.done) of \(counted(cells.total, "cell")) \(cells.done == 1 ? "has its result" : "have their results")"
    }
}

extension BundleIndex {
    /// The words for what was done: models were asked, judges' answers were read, too, or the models were also ranked.
    func words(asked: String, scored: String, ranked: String) -> String {
        isRanked ? ranked : isScored ? scored : asked
    }

    private var isScored: Bool {
        let judging = JudgeAnswer.Reading.allCases.map(ScoringDerivations.judge)
        return code.contains { judging.contains($0.function) }
    }

    private var isRanked: Bool {
        let ranking = RankingMethod.allCases.map(ScoringDerivations.rank)
        return code.contains { ranking.contains($0.function) }
    }
}
