package import CanonicalJSON
import Deciders
import Determinism

/// How models are put in order.
package enum RankingMethod: String, Equatable, Sendable, CaseIterable {
    /// By the mean of their totals.
    case mean
    /// By the median of their totals: the middle one, or the mean of the two in the middle.
    case median
    /// By how often their total beats that of another model for the same scenario, sample and judge; a tie is half.
    case winRate
}

/// A model and the number of scores that the plan foresees for it.
///
/// A list of them is kept as a blob: it is how a ranking knows what is missing.
package struct RankedModel: Equatable, Sendable {
    package let cells: Int
    package let id: String

    package init(cells: Int, id: String) {
        self.cells = cells
        self.id = id
    }
}

/// The rules of a run's rankings, and how one is computed from scores.
package enum Ranking: Decider {
    package enum State: Equatable, Sendable {
        case absent
        /// The last generation.
        case computed(RankingComputed)
    }

    package enum Command: Equatable, Sendable {
        case compute(RankingComputed)
    }

    /// A ranking is never refused: from other scores it is another generation.
    package enum Refusal: Error, Equatable, Sendable {}

    package static let category = "ranking"
    package static let initial = State.absent

    package static func evolve(_ state: State, _ event: RankingEvent) -> State {
        switch event {
        case .computed(let computed): .computed(computed)
        }
    }

    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [RankingEvent] {
        switch (command, state) {
        case (.compute(let ranking), .computed(let standing)) where ranking == standing: []
        case (.compute(let ranking), .absent), (.compute(let ranking), .computed): [.computed(ranking)]
        }
    }
}

extension Ranking {
    /// The entries by a method, best first; equal ones share a rank and stand in the order of their ids.
    ///
    /// Totals are summed in the order given. Scores of models that aren't ranked are left out.
    package static func entries(
        of scores: [ScoreComputed], models: [RankedModel], by method: RankingMethod
    ) -> [RankingEntry] {
        var sums: [String: (sum: FixedOrderSum, count: Int)] = [:]
        for score in scores {
            sums[score.labels.model, default: (FixedOrderSum(), 0)].sum.add(score.total)
            sums[score.labels.model]?.count += 1
        }
        let values: [String: Double]
        switch method {
        case .mean: values = [:]
        case .median: values = medians(of: scores)
        case .winRate: values = winRates(of: scores, among: models)
        }
        let places = models.map { model in
            let entry = sums[model.id]
            let mean = entry.map { quantised($0.sum.value / Double($0.count), places: 6) }
            return Standing(model: model, mean: mean, value: values[model.id], scored: entry?.count ?? 0)
        }
        return ranked(places, by: method)
    }

    /// The entries by the mean of totals.
    package static func byMean(of scores: [ScoreComputed], models: [RankedModel]) -> [RankingEntry] {
        entries(of: scores, models: models, by: .mean)
    }

    private struct Standing {
        let model: RankedModel
        let mean: Double?
        let value: Double?
        let scored: Int
    }

    private static func ranked(_ places: [Standing], by method: RankingMethod) -> [RankingEntry] {
        func value(_ place: Standing) -> Double? { method == .mean ? place.mean : place.value }
        let ordered = places.sorted { first, second in
            let (a, b) = (value(first) ?? -1, value(second) ?? -1)
            return a == b ? Array(first.model.id.utf8).lexicographicallyPrecedes(second.model.id.utf8) : a > b
        }
        var entries: [RankingEntry] = []
        for (index, place) in ordered.enumerated() {
            let isTied = index > 0 && value(ordered[index - 1]) == value(place)
            entries.append(
                RankingEntry(
                    mean: place.mean, missing: max(0, place.model.cells - place.scored), model: place.model.id,
                    rank: isTied ? entries[index - 1].rank : index + 1, scored: place.scored, value: place.value))
        }
        return entries
    }

    private static func medians(of scores: [ScoreComputed]) -> [String: Double] {
        var totals: [String: [Double]] = [:]
        for score in scores { totals[score.labels.model, default: []].append(score.total) }
        return totals.mapValues { totals in
            let sorted = totals.sorted()
            let middle = sorted.count / 2
            let median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
            return quantised(median, places: 6)
        }
    }

    /// What is compared: the totals of different models for one question to one judge.
    private struct Match: Hashable {
        let judge: String
        let sample: Int
        let scenario: String
    }

    /// Of the matches that each model took part in; one that met no other model has no rate.
    private static func winRates(of scores: [ScoreComputed], among models: [RankedModel]) -> [String: Double] {
        var numbers: [String: Int] = [:]
        for (number, model) in models.enumerated() { numbers[model.id] = number }
        var places: [Match: Int] = [:]
        var matches: [[(model: Int, total: Double)]] = []
        for score in scores {
            guard let number = numbers[score.labels.model] else { continue }
            let labels = score.labels
            let match = Match(judge: labels.judge, sample: labels.sample, scenario: labels.scenario)
            let place = places[match] ?? matches.count
            if place == matches.count {
                places[match] = place
                matches.append([])
            }
            matches[place].append((number, score.total))
        }
        var halves = Array(repeating: 0, count: models.count)
        var played = Array(repeating: 0, count: models.count)
        for totals in matches {
            for one in totals {
                for other in totals where other.model != one.model {
                    played[one.model] += 1
                    halves[one.model] += one.total > other.total ? 2 : one.total == other.total ? 1 : 0
                }
            }
        }
        var rates: [String: Double] = [:]
        for (number, model) in models.enumerated() where played[number] > 0 {
            rates[model.id] = quantised(Double(halves[number]) / Double(2 * played[number]), places: 6)
        }
        return rates
    }
}

extension RankedModel: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("cells", cells)
        writer.field("id", id)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        cells = try reader.field("cells")
        id = try reader.field("id")
        try reader.endObject()
    }
}
