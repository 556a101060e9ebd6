import CanonicalJSON
import DeciderTestSupport
import Determinism
import Jobs
import Scoring
import Testing

@Suite("Ranking")
struct RankingTests {
    private func score(_ model: String, _ total: Double) -> ScoreComputed {
        ScoreComputed(
            criteria: [], labels: ScoreLabels(judge: "j", model: model, sample: 1, scenario: "s"), repair: nil,
            round: 0,
            rubric: Digest(of: "rubric"), total: total)
    }

    private func models(_ ids: String...) -> [RankedModel] { ids.map { RankedModel(cells: 2, id: $0) } }

    @Test("the best mean comes first, and missing cells are counted")
    func order() {
        let scores = [score("a", 0.5), score("b", 0.75), score("a", 0.25), score("b", 1)]
        #expect(
            Ranking.byMean(of: scores, models: [RankedModel(cells: 3, id: "a"), RankedModel(cells: 2, id: "b")]) == [
                RankingEntry(mean: 0.875, missing: 0, model: "b", rank: 1, scored: 2),
                RankingEntry(mean: 0.375, missing: 1, model: "a", rank: 2, scored: 2),
            ])
    }

    @Test("models with the same mean share a rank, stand by id, and the next rank is skipped")
    func ties() {
        let scores = [score("c", 0.5), score("a", 0.5), score("b", 0.9), score("d", 0.1)]
        let entries = Ranking.byMean(of: scores, models: models("d", "c", "b", "a"))
        #expect(entries.map(\.model) == ["b", "a", "c", "d"])
        #expect(entries.map(\.rank) == [1, 2, 2, 4])
    }

    @Test("means that differ only beyond six places are a tie")
    func quantising() {
        let scores = [score("a", 0.1), score("a", 0.2), score("a", 0.3), score("b", 0.2)]
        #expect(Ranking.byMean(of: scores, models: models("a", "b")).map(\.rank) == [1, 1])
    }

    @Test("models without any score share the last rank")
    func unscored() {
        let entries = Ranking.byMean(of: [score("b", 0)], models: models("c", "a", "b"))
        #expect(entries.map(\.model) == ["b", "a", "c"])
        #expect(entries.map(\.rank) == [1, 2, 2])
        #expect(entries.map(\.missing) == [1, 2, 2])
        #expect(entries.map(\.mean) == [0, nil, nil])
    }

    @Test("the order in which models are listed doesn't matter")
    func listing() {
        let scores = [score("a", 0.5), score("b", 0.7), score("c", 0.5)]
        let once = Ranking.byMean(of: scores, models: models("a", "b", "c"))
        #expect(Ranking.byMean(of: scores, models: models("c", "b", "a")) == once)
    }

    @Test("the same ranking isn't recorded twice, another one is the next generation")
    func generations() {
        let first = ranking(mean: 0.5)
        let second = ranking(mean: 0.6)
        #expect(decision(Ranking.self, given: [], when: .compute(first)) == .success([.computed(first)]))
        #expect(decision(Ranking.self, given: [.computed(first)], when: .compute(first)) == .success([]))
        #expect(
            decision(Ranking.self, given: [.computed(first)], when: .compute(second)) == .success([.computed(second)]))
    }

    private func ranking(mean: Double) -> RankingComputed {
        RankingComputed(
            entries: [RankingEntry(mean: mean, missing: 0, model: "a", rank: 1, scored: 1)],
            inputs: Digest(of: "inputs"),
            method: .mean, run: RunID(identifying: ["run"]))
    }
}
