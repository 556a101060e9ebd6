package import CanonicalJSON
import Determinism
package import EventLog
package import Jobs
import Projections
package import Replay
package import Scoring

/// What changes in a store's results if something had been different; nothing is called and nothing kept.
package struct WhatIf: Sendable {
    /// What a run's results are at one step: as recorded, or with the first changes applied.
    package struct Standing: Equatable, Sendable {
        /// Empty for a run that isn't ranked.
        package var entries: [RankingEntry]
        package var scored: Int
        /// Nil where it can't be told without making the fork.
        package var cost: Cost?

        package init(entries: [RankingEntry], scored: Int, cost: Cost?) {
            self.entries = entries
            self.scored = scored
            self.cost = cost
        }
    }

    /// What a run's calls cost.
    package struct Cost: Equatable, Sendable {
        /// Answered calls with a known cost, and those without.
        package var known: Int
        package var unknown: Int
        /// In nano-dollars.
        package var total: Int

        package init(known: Int = 0, unknown: Int = 0, total: Int = 0) {
            self.known = known
            self.unknown = unknown
            self.total = total
        }

        /// Nil where there are answers, and the cost of none is known.
        package var knownTotal: Int? { known == 0 && unknown > 0 ? nil : total }
    }

    /// A model whose place in the ranking changed.
    package struct Move: Equatable, Sendable {
        package let model: String
        /// Nil for one that wasn't ranked, or is ranked no more.
        package let from: Place?
        package let to: Place?
        /// The changes that moved it, in the order in which they were applied.
        package let movedBy: [Step]

        /// A rank with what it was given for.
        package struct Place: Equatable, Sendable {
            package let rank: Int
            package let mean: Double?
            package let value: Double?
        }

        /// One change, and the ranks before and after it.
        package struct Step: Equatable, Sendable {
            package let change: ForkCreated.Change
            package let title: String
            package let from: Int?
            package let to: Int?
        }
    }

    /// The result for one run.
    package struct RunResult: Equatable, Sendable {
        package let run: RunID
        package let experiment: String
        package let before: Standing
        package let after: Standing
        /// Those whose rank changed, by their rank before.
        package let moves: [Move]
        package let scores: ScoreChanges
    }

    /// What became of a run's scores.
    package struct ScoreChanges: Equatable, Sendable {
        /// Those there are before and after, with another total.
        package var changed = 0
        /// Those that aren't there any more.
        package var gone = 0
        /// Those that there were none of before.
        package var new = 0

        package init(changed: Int = 0, gone: Int = 0, new: Int = 0) {
            self.changed = changed
            self.gone = gone
            self.new = new
        }

        package init<Place: Hashable>(from before: [Place: Double], to after: [Place: Double]) {
            for (place, total) in before {
                guard let now = after[place] else {
                    gone += 1
                    continue
                }
                if now != total { changed += 1 }
            }
            new = after.count - (before.count - gone)
        }
    }

    /// The result for a store.
    package struct Report: Equatable, Sendable {
        package let parent: String
        package let head: TreeHead
        package let changes: [ForkCreated.Change]
        package let runs: [RunResult]
        /// Calls that were sent to a provider: none, unless that was allowed.
        package let calls: Int
        /// The fork that was kept; nil without one.
        package let fork: ForkService.Report?
    }
}

extension WhatIf {
    /// Which ranks moved, and by which changes: `steps` are the standings after each of them.
    static func moves(from before: Standing, through steps: [(Substitution, Standing)]) -> [Move] {
        let after = steps.last?.1 ?? before
        let models =
            before.entries.map(\.model)
            + after.entries.map(\.model).filter { model in
                !before.entries.contains { $0.model == model }
            }
        return models.compactMap { model in
            let (from, to) = (place(of: model, in: before), place(of: model, in: after))
            var moved: [Move.Step] = []
            var last = from?.rank
            for (substitution, standing) in steps {
                let rank = place(of: model, in: standing)?.rank
                if rank != last {
                    moved.append(
                        Move.Step(change: substitution.change, title: substitution.title, from: last, to: rank))
                }
                last = rank
            }
            if moved.isEmpty { return nil }
            return Move(model: model, from: from, to: to, movedBy: moved)
        }
    }

    private static func place(of model: String, in standing: Standing) -> Move.Place? {
        standing.entries.first { $0.model == model }
            .map { Move.Place(rank: $0.rank, mean: $0.mean, value: $0.value) }
    }
}

extension WhatIf.Cost: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("known", known)
        writer.field("total", total)
        writer.field("unknown", unknown)
        writer.endObject()
    }
}

extension WhatIf.Standing: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("cost", cost)
        writer.field("entries", entries)
        writer.field("scored", scored)
        writer.endObject()
    }
}

extension WhatIf.Move.Place: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("mean", mean)
        writer.field("rank", rank)
        writer.optionalField("value", value)
        writer.endObject()
    }
}

extension WhatIf.Move.Step: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("change", change)
        writer.optionalField("from", from)
        writer.optionalField("to", to)
        writer.endObject()
    }
}

extension WhatIf.Move: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("from", from)
        writer.field("model", model)
        writer.field("movedBy", movedBy)
        writer.optionalField("to", to)
        writer.endObject()
    }
}

extension WhatIf.RunResult: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("after", after)
        writer.field("before", before)
        writer.field("changedScores", scores.changed)
        writer.field("experiment", experiment)
        writer.field("goneScores", scores.gone)
        writer.field("moves", moves)
        writer.field("newScores", scores.new)
        writer.field("run", run)
        writer.endObject()
    }
}

extension WhatIf.Report: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("calls", calls)
        writer.field("changes", changes)
        writer.optionalField("fork", fork)
        writer.field("head", head.root.hex)
        writer.field("parent", parent)
        writer.field("position", head.size)
        writer.field("runs", runs)
        writer.endObject()
    }
}
