package import CanonicalJSON
import Deciders
import Determinism

/// How models are put in order.
package enum RankingMethod: String, Equatable, Sendable {
    /// By the mean of their totals.
    case mean
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
    /// The entries by the mean of totals, best first; equal means share a rank and stand in the order of their ids.
    ///
    /// Totals are summed in the order given. Scores of models that aren't ranked are left out.
    package static func byMean(of scores: [ScoreComputed], models: [RankedModel]) -> [RankingEntry] {
        var sums: [String: (sum: FixedOrderSum, count: Int)] = [:]
        for score in scores {
            var entry = sums[score.labels.model] ?? (FixedOrderSum(), 0)
            entry.sum.add(score.total)
            entry.count += 1
            sums[score.labels.model] = entry
        }
        let means = models.map { model in
            let entry = sums[model.id]
            let mean = entry.map { quantised($0.sum.value / Double($0.count), places: 6) }
            return (model: model, mean: mean, scored: entry?.count ?? 0)
        }
        let ordered = means.sorted { first, second in
            let (a, b) = (first.mean ?? -1, second.mean ?? -1)
            return a == b ? Array(first.model.id.utf8).lexicographicallyPrecedes(second.model.id.utf8) : a > b
        }
        var entries: [RankingEntry] = []
        for (index, place) in ordered.enumerated() {
            let previous = entries.last.flatMap { $0.mean == place.mean ? $0.rank : nil }
            entries.append(
                RankingEntry(
                    mean: place.mean, missing: max(0, place.model.cells - place.scored), model: place.model.id,
                    rank: previous ?? index + 1, scored: place.scored))
        }
        return entries
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
