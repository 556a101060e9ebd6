package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog
import Jobs

/// Which answer a score is for, and who judged it.
package struct ScoreLabels: Equatable, Hashable, Sendable {
    package let judge: String
    /// The model that was judged.
    package let model: String
    /// From 1.
    package let sample: Int
    package let scenario: String

    package init(judge: String, model: String, sample: Int, scenario: String) {
        self.judge = judge
        self.model = model
        self.sample = sample
        self.scenario = scenario
    }
}

/// A judge's answer was read: its scores, and the total that rankings are made from.
package struct ScoreComputed: EventPayload {
    package static let type = EventType("score.computed")
    package static let version = 1

    /// In the rubric's order.
    package let criteria: [CriterionScore]
    package let labels: ScoreLabels
    /// What had to be taken away to find the JSON; nil when the answer was the JSON and nothing else.
    package let repair: JudgeAnswer.Repair?
    /// How often the judge had been asked before with an answer that couldn't be used.
    package let round: Int
    /// The blob of the rubric that was applied.
    package let rubric: Digest
    /// The weighted mean on a scale from 0 to 1, six places.
    package let total: Double

    package init(
        criteria: [CriterionScore], labels: ScoreLabels, repair: JudgeAnswer.Repair?, round: Int, rubric: Digest,
        total: Double
    ) {
        self.criteria = criteria
        self.labels = labels
        self.repair = repair
        self.round = round
        self.rubric = rubric
        self.total = total
    }
}

/// A judge's answer couldn't be used; it is asked anew, or the job fails.
package struct ScoreRefused: EventPayload {
    package static let type = EventType("score.refused")
    package static let version = 1
    /// In code points.
    package static let longestReason = 500

    package let labels: ScoreLabels
    /// What was wrong, without any text of the answer.
    package let reason: String
    /// How often the judge had been asked before.
    package let round: Int

    package init(labels: ScoreLabels, reason: String, round: Int) {
        self.labels = labels
        self.reason = reason
        self.round = round
    }
}

/// The events of a `score` stream.
package indirect enum ScoreEvent: EventFamily {
    case computed(ScoreComputed)
    case refused(ScoreRefused)

    package static let types: [any EventPayload.Type] = [ScoreComputed.self, ScoreRefused.self]

    package var payload: any EventPayload {
        switch self {
        case .computed(let payload): payload
        case .refused(let payload): payload
        }
    }

    package init?(_ payload: any EventPayload) {
        switch payload {
        case let payload as ScoreComputed: self = .computed(payload)
        case let payload as ScoreRefused: self = .refused(payload)
        default: return nil
        }
    }
}

extension JudgeAnswer.Repair: CanonicalCodable {}

extension ScoreLabels: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("judge", judge)
        writer.field("model", model)
        writer.field("sample", sample)
        writer.field("scenario", scenario)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        judge = try reader.field("judge")
        model = try reader.field("model")
        sample = try reader.integer("sample", atLeast: 1)
        scenario = try reader.field("scenario")
        try reader.endObject()
    }
}

extension ScoreComputed {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("criteria", criteria)
        writer.field("labels", labels)
        writer.optionalField("repair", repair)
        writer.field("round", round)
        writer.field("rubric", rubric)
        writer.field("total", total)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        criteria = try reader.field("criteria")
        labels = try reader.field("labels")
        repair = try reader.optionalField("repair")
        round = try reader.integer("round", atLeast: 0)
        rubric = try reader.field("rubric")
        total = try reader.share("total")
        try reader.endObject()
    }
}

extension ScoreRefused {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("labels", labels)
        writer.field("reason", reason)
        writer.field("round", round)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        labels = try reader.field("labels")
        reason = try reader.text("reason", atMost: Self.longestReason)
        round = try reader.integer("round", atLeast: 0)
        try reader.endObject()
    }
}
