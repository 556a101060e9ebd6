import CanonicalJSON
import Deciders
import Determinism
import Scoring
import Testing

@Suite struct RankingMethodTests {
    private static func score(_ model: String, _ scenario: String, _ total: Double, judge: String = "j")
        -> ScoreComputed
    {
        ScoreComputed(
            criteria: [], labels: ScoreLabels(judge: "j", model: model, sample: 1, scenario: scenario), repair: nil,
            round: 0, rubric: Digest(of: []), total: total)
    }

    private static let models = ["a", "b", "c"].map { RankedModel(cells: 3, id: $0) }

    /// By the mean b leads, since its one great success outweighs what a wins otherwise.
    private static let scores = [
        score("a", "s1", 0.5), score("a", "s2", 0.5), score("a", "s3", 0.5),
        score("b", "s1", 0.4), score("b", "s2", 0.4), score("b", "s3", 1),
        score("c", "s1", 0.4), score("c", "s2", 0.1),
    ]

    @Test func `each method puts the models in its own order`() {
        func order(_ method: RankingMethod) -> [String] {
            Ranking.entries(of: Self.scores, models: Self.models, by: method).map(\.model)
        }
        #expect(order(.mean) == ["b", "a", "c"])
        #expect(order(.median) == ["a", "b", "c"])
        #expect(order(.winRate) == ["a", "b", "c"])
    }

    @Test func `a win rate counts matches with another model, and a tie for half`() {
        let entries = Ranking.entries(of: Self.scores, models: Self.models, by: .winRate)
        // a: beats b twice of three, c twice of two; b: once of three, and half and one of two; c: half of four.
        #expect(entries.map(\.value) == [0.8, 0.5, 0.125])
        #expect(entries.map(\.missing) == [0, 0, 1])
        let alone = Ranking.entries(of: [Self.score("a", "s1", 1)], models: Self.models, by: .winRate)
        #expect(alone.map(\.value) == [nil, nil, nil])
        #expect(alone.map(\.rank) == [1, 1, 1])
    }

    @Test func `the median of an even number is between the two in the middle`() {
        let entries = Ranking.entries(of: Self.scores, models: Self.models, by: .median)
        #expect(entries.map(\.value) == [0.5, 0.4, 0.25])
        #expect(entries.map(\.mean) == [0.5, 0.6, 0.25])
    }

    @Test func `the order of the scores changes no method's ranking`() {
        for method in RankingMethod.allCases {
            #expect(
                Ranking.entries(of: Self.scores.reversed(), models: Self.models, by: method)
                    == Ranking.entries(of: Self.scores, models: Self.models, by: method))
        }
    }
}
