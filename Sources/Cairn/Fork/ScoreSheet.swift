import Determinism
import Experiments
import Jobs
import Projections
import Scoring

/// The scores of one run in the order of the plan, to be ranked again and again.
struct ScoreSheet {
    private struct Line {
        let score: ScoreComputed
        /// Sample, scenario, model and judge as numbers, in the plan's order.
        let place: SIMD4<Int32>
        let judge: Int
    }

    private let definition: ExperimentDefinition
    private let lines: [Line]
    /// The totals as they were recorded.
    private let recorded: [Double]

    init(of run: RunID, _ definition: ExperimentDefinition, in views: ProjectionRunner) throws {
        self.definition = definition
        let models = Self.numbers(definition.models.map(\.id))
        let scenarios = Self.numbers(definition.scenarios.map(\.id))
        let judges = Self.numbers(definition.judges.map(\.id))
        var lines: [Line] = []
        try views.query(Scores.self) { tables in
            try tables.scores.forEach(prefix: KeyPrefix(run)) { _, row in
                guard case .computed(let score) = row.outcome, let model = models[score.labels.model],
                    let scenario = scenarios[score.labels.scenario], let judge = judges[score.labels.judge]
                else { return true }
                let sample = Int32(clamping: score.labels.sample)
                lines.append(Line(score: score, place: [sample, scenario, model, judge], judge: Int(judge)))
                return true
            }
        }
        lines.sort { first, second in
            for index in 0..<4 where first.place[index] != second.place[index] {
                return first.place[index] < second.place[index]
            }
            return false
        }
        self.lines = lines
        recorded = lines.map(\.score.total)
    }

    private static func numbers(_ ids: [String]) -> [String: Int32] {
        Dictionary(zip(ids, 0...)) { first, _ in first }
    }

    /// The ranking as the pipeline would have computed it under another definition, and how many totals differ.
    func ranking(under other: ExperimentDefinition) -> (entries: [RankingEntry], scored: Int, changed: Int) {
        let rubrics = definition.judges.map { judge in other.judge(judge.id)?.rubric }
        let models = Set(other.models.map(\.id))
        let scenarios = Set(other.scenarios.map(\.id))
        var scores: [ScoreComputed] = []
        scores.reserveCapacity(lines.count)
        var changed = 0
        for (line, total) in zip(lines, recorded) {
            guard let rubric = rubrics[line.judge], models.contains(line.score.labels.model),
                scenarios.contains(line.score.labels.scenario)
            else { continue }
            let isSame = rubric == definition.judges[line.judge].rubric
            let score = isSame ? line.score : line.score.weighed(by: rubric)
            if score.total != total { changed += 1 }
            scores.append(score)
        }
        guard !other.judges.isEmpty else { return ([], 0, 0) }
        let entries = Ranking.entries(of: scores, models: other.rankedModels, by: other.ranking)
        return (entries, scores.count, changed)
    }
}

extension ScoreComputed {
    /// The same answer by a rubric with other weights.
    fileprivate func weighed(by rubric: Rubric) -> ScoreComputed {
        let criteria = zip(self.criteria, rubric.criteria).map { score, criterion in
            CriterionScore(id: score.id, score: score.score, weight: criterion.weight)
        }
        return ScoreComputed(
            criteria: criteria, labels: labels, repair: repair, round: round, rubric: self.rubric,
            total: rubric.total(of: criteria))
    }
}
