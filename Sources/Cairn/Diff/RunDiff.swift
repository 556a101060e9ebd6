package import CanonicalJSON
package import Jobs
package import Replay
package import Scoring

/// How two runs differ, or the same run in two stores.
package struct RunDiff: Equatable, Sendable {
    /// What was asked and answered, question by question.
    package struct Transcripts: Equatable, Sendable {
        /// Both asked and answered the same.
        package var same = 0
        package var otherAnswer = 0
        /// What was sent differs.
        package var otherQuestion = 0
        package var onlyFirst = 0
        package var onlySecond = 0
        /// The first of those that aren't the same, as in `spring/careful/1 turn 0: another answer`.
        package var examples: [String] = []

        package init() {}

        /// Those that aren't the same.
        package var differing: Int { otherAnswer + otherQuestion + onlyFirst + onlySecond }
        /// How many of them `examples` leaves out.
        package var more: Int { differing - examples.count }
    }

    /// One model's scores.
    package struct Scores: Equatable, Sendable {
        package let model: String
        /// Nil where no score has a partner.
        package let shift: PairedShift?
        package let onlyFirst: Int
        package let onlySecond: Int
    }

    /// One model's place.
    package struct Rank: Equatable, Sendable {
        package let model: String
        package let first: RankingEntry?
        package let second: RankingEntry?

        package var hasMoved: Bool { first?.rank != second?.rank }
    }

    /// The calls of one model for one purpose.
    package struct Usage: Equatable, Sendable {
        package let provider: String
        package let model: String
        package let purpose: String
        package let first: Side
        package let second: Side

        package struct Side: Equatable, Sendable {
            package var calls = 0
            /// In nano-dollars, of answers whose cost is known.
            package var cost = 0
            package var input = 0
            package var output = 0
            /// Answers whose cost isn't known.
            package var withoutCost = 0

            package init() {}

            /// Nil where there are answers, and the cost of none is known.
            package var knownCost: Int? { calls > 0 && withoutCost == calls ? nil : cost }

            static func + (one: Side, other: Side) -> Side {
                var sum = Side()
                sum.calls = one.calls + other.calls
                sum.cost = one.cost + other.cost
                sum.input = one.input + other.input
                sum.output = one.output + other.output
                sum.withoutCost = one.withoutCost + other.withoutCost
                return sum
            }
        }
    }

    package let first: RunID
    package let second: RunID
    package let experiment: String
    package let transcripts: Transcripts
    /// By model.
    package let scores: [Scores]
    /// In the order of the second ranking, then of the first.
    package let ranks: [Rank]
    package let usage: [Usage]

    package init(
        first: RunID, second: RunID, experiment: String, transcripts: Transcripts, scores: [Scores], ranks: [Rank],
        usage: [Usage]
    ) {
        self.first = first
        self.second = second
        self.experiment = experiment
        self.transcripts = transcripts
        self.scores = scores
        self.ranks = ranks
        self.usage = usage
    }

    /// Of all calls.
    package var total: (first: Usage.Side, second: Usage.Side) {
        (usage.reduce(Usage.Side()) { $0 + $1.first }, usage.reduce(Usage.Side()) { $0 + $1.second })
    }
}

/// How two stores differ, or two runs of one.
package struct StoreDiff: Equatable, Sendable {
    package struct Side: Equatable, Sendable {
        package let store: String
        package let events: UInt64
        package let head: String

        package init(store: String, events: UInt64, head: String) {
            self.store = store
            self.events = events
            self.head = head
        }
    }

    package let first: Side
    package let second: Side
    package let events: EventDiff
    package let runs: [RunDiff]
    /// Runs that only one of the stores has.
    package let onlyFirst: [RunID]
    package let onlySecond: [RunID]

    package init(
        first: Side, second: Side, events: EventDiff, runs: [RunDiff], onlyFirst: [RunID], onlySecond: [RunID]
    ) {
        self.first = first
        self.second = second
        self.events = events
        self.runs = runs
        self.onlyFirst = onlyFirst
        self.onlySecond = onlySecond
    }
}

extension RunDiff.Transcripts: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("examples", examples)
        writer.field("more", more)
        writer.field("onlyFirst", onlyFirst)
        writer.field("onlySecond", onlySecond)
        writer.field("otherAnswer", otherAnswer)
        writer.field("otherQuestion", otherQuestion)
        writer.field("same", same)
        writer.endObject()
    }
}

extension RunDiff.Scores: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("model", model)
        writer.field("onlyFirst", onlyFirst)
        writer.field("onlySecond", onlySecond)
        writer.optionalField("shift", shift)
        writer.endObject()
    }
}

extension RunDiff.Rank: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("first", first)
        writer.field("model", model)
        writer.optionalField("second", second)
        writer.endObject()
    }
}

extension RunDiff.Usage.Side: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("calls", calls)
        writer.field("cost", cost)
        writer.field("input", input)
        writer.field("output", output)
        writer.field("withoutCost", withoutCost)
        writer.endObject()
    }
}

extension RunDiff.Usage: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("first", first)
        writer.field("model", model)
        writer.field("provider", provider)
        writer.field("purpose", purpose)
        writer.field("second", second)
        writer.endObject()
    }
}

extension RunDiff: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("experiment", experiment)
        writer.field("first", first)
        writer.field("ranks", ranks)
        writer.field("scores", scores)
        writer.field("second", second)
        writer.field("transcripts", transcripts)
        writer.field("usage", usage)
        writer.endObject()
    }
}

extension StoreDiff.Side: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("events", events)
        writer.field("head", head)
        writer.field("store", store)
        writer.endObject()
    }
}

extension StoreDiff: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("events", events)
        writer.field("first", first)
        writer.field("onlyFirst", onlyFirst)
        writer.field("onlySecond", onlySecond)
        writer.field("runs", runs)
        writer.field("second", second)
        writer.endObject()
    }
}
