package import CanonicalJSON
package import Determinism

/// One thing that a judge looks at, with its scale.
package struct Criterion: Equatable, Sendable {
    /// How the judge's answer names it: letters, digits, `_` and `-`.
    package let id: String
    /// What the judge is told about it.
    package let description: String
    /// Its share of the total, relative to the other criteria; greater than 0.
    package let weight: Double
    /// The worst score.
    package let min: Double
    /// The best score; greater than `min`.
    package let max: Double

    package init(id: String, description: String, weight: Double, min: Double, max: Double) {
        self.id = id
        self.description = description
        self.weight = weight
        self.min = min
        self.max = max
    }

    package func allows(_ score: Double) -> Bool { score >= min && score <= max }
}

/// What a judge is asked: its instructions, and the criteria in the order in which they are summed.
///
/// Kept as a blob of its own, so that a score cites exactly the rubric that it was computed with.
package struct Rubric: Equatable, Sendable {
    package let criteria: [Criterion]
    /// Advice from the author of the experiment; nil when the criteria say it all.
    package let instructions: String?

    package init(criteria: [Criterion], instructions: String? = nil) {
        self.criteria = criteria
        self.instructions = instructions
    }

    /// The name of the rubric: the hash of its canonical JSON.
    package var digest: Digest { Digest(of: canonicalBytes()) }

    /// The weighted mean of scores on their scales, from 0 (all worst) to 1 (all best).
    ///
    /// Summed in the order of the criteria and rounded to six places, so that it is the same everywhere.
    package func total(of scores: [CriterionScore]) -> Double {
        var sum = FixedOrderSum()
        var weights = FixedOrderSum()
        for (criterion, score) in zip(criteria, scores) {
            let share = (score.score - criterion.min) / (criterion.max - criterion.min)
            sum.add(share * criterion.weight)
            weights.add(criterion.weight)
        }
        return quantised(sum.value / weights.value, places: 6)
    }
}

/// What a judge gave for one criterion.
package struct CriterionScore: Equatable, Sendable {
    package let id: String
    package let score: Double
    /// The criterion's weight when it was judged.
    package let weight: Double

    package init(id: String, score: Double, weight: Double) {
        self.id = id
        self.score = score
        self.weight = weight
    }
}

extension Criterion: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("description", description)
        writer.field("id", id)
        writer.field("max", max)
        writer.field("min", min)
        writer.field("weight", weight)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        description = try reader.field("description")
        id = try reader.field("id")
        max = try reader.field("max")
        min = try reader.field("min")
        weight = try reader.field("weight")
        try reader.endObject()
    }
}

extension Rubric: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("criteria", criteria)
        writer.optionalField("instructions", instructions)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        criteria = try reader.field("criteria")
        instructions = try reader.optionalField("instructions")
        try reader.endObject()
    }
}

extension CriterionScore: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("id", id)
        writer.field("score", score)
        writer.field("weight", weight)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        id = try reader.field("id")
        score = try reader.field("score")
        weight = try reader.field("weight")
        try reader.endObject()
    }
}
