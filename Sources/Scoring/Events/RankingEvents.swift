package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog
package import Jobs

/// One model's place in a ranking.
package struct RankingEntry: Equatable, Sendable {
    /// The mean of the totals that there are, six places; nil when there is none, which ranks last.
    package let mean: Double?
    /// Cells of the plan without a score.
    package let missing: Int
    package let model: String
    /// From 1; models with the same mean share it, and the next rank is skipped accordingly.
    package let rank: Int
    /// Cells with a score.
    package let scored: Int
    /// What the method ranks by, six places; nil where that is the mean, and for a model without it.
    package let value: Double?

    package init(mean: Double?, missing: Int, model: String, rank: Int, scored: Int, value: Double? = nil) {
        self.mean = mean
        self.missing = missing
        self.model = model
        self.rank = rank
        self.scored = scored
        self.value = value
    }
}

/// The models of a run, in the order of their scores.
package struct RankingComputed: EventPayload {
    package static let type = EventType("ranking.computed")
    package static let version = 2
    package static let readableFrom = 1

    /// By rank, then by model id.
    package let entries: [RankingEntry]
    /// The blob with the positions of the scores, a JSON array in the order in which they were summed.
    package let inputs: Digest
    package let method: RankingMethod
    package let run: RunID

    package init(entries: [RankingEntry], inputs: Digest, method: RankingMethod, run: RunID) {
        self.entries = entries
        self.inputs = inputs
        self.method = method
        self.run = run
    }

    package var blobs: [Digest] { [inputs] }
    /// Only other methods than the mean need the newer version.
    package var writtenVersion: Int { method == .mean && entries.allSatisfy { $0.value == nil } ? 1 : 2 }
}

/// The events of a `ranking` stream; each one is a generation, the last is in force.
package enum RankingEvent: EventFamily {
    case computed(RankingComputed)

    package static let types: [any EventPayload.Type] = [RankingComputed.self]

    package var payload: any EventPayload {
        switch self {
        case .computed(let payload): payload
        }
    }

    package init?(_ payload: any EventPayload) {
        guard let payload = payload as? RankingComputed else { return nil }
        self = .computed(payload)
    }
}

extension RankingMethod: CanonicalCodable {}

extension RankingEntry: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("mean", mean)
        writer.field("missing", missing)
        writer.field("model", model)
        writer.field("rank", rank)
        writer.field("scored", scored)
        writer.optionalField("value", value)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        mean = try reader.optionalShare("mean")
        missing = try reader.integer("missing", atLeast: 0)
        model = try reader.field("model")
        rank = try reader.integer("rank", atLeast: 1)
        scored = try reader.integer("scored", atLeast: 0)
        value = try reader.optionalShare("value")
        try reader.endObject()
    }
}

extension RankingComputed {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("entries", entries)
        writer.field("inputs", inputs)
        writer.field("method", method)
        writer.field("run", run)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        entries = try reader.field("entries")
        inputs = try reader.field("inputs")
        method = try reader.field("method")
        run = try reader.field("run")
        try reader.endObject()
    }
}
