import Calls
package import CanonicalJSON
import Determinism
import EventLog
import Jobs
import Scoring

extension ExperimentDefinition: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("dataset", dataset)
        writer.field("format", Self.format)
        writer.field("judges", judges)
        writer.field("limits", limits)
        writer.field("models", models)
        writer.field("name", name)
        writer.optionalField("preamble", preamble)
        writer.field("ranking", ranking)
        writer.optionalField("reading", reading == .exact ? nil : reading.rawValue)
        writer.optionalField("reuse", reuse == .never ? nil : reuse.rawValue)
        writer.field("samples", samples)
        writer.field("scenarios", scenarios)
        writer.optionalField("simulation", simulation)
        writer.field("turns", turns)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        dataset = try reader.optionalField("dataset")
        let start = reader.offset
        let format: Int = try reader.field("format")
        guard format == Self.format else {
            throw reader.error(at: start, expected: "an experiment of format \(Self.format)", found: "\(format)")
        }
        judges = try reader.field("judges")
        limits = try reader.field("limits")
        models = try reader.field("models")
        name = try reader.field("name")
        preamble = try reader.optionalField("preamble")
        ranking = try reader.field("ranking")
        let readingStart = reader.offset
        let version: Int? = try reader.optionalField("reading")
        guard let known = version.map(JudgeAnswer.Reading.init(rawValue:)) ?? .exact else {
            throw reader.error(at: readingStart, expected: "a way of reading answers", found: "\(version ?? 0)")
        }
        reading = known
        let place = reader.offset
        let word: String? = try reader.optionalField("reuse")
        guard let policy = word.map(ReusePolicy.init(rawValue:)) ?? .never else {
            throw reader.error(at: place, expected: "a rule of reuse", found: "«\(word?.prefix(40) ?? "")»")
        }
        reuse = policy
        samples = try reader.field("samples")
        scenarios = try reader.field("scenarios")
        simulation = try reader.optionalField("simulation")
        turns = try reader.field("turns")
        try reader.endObject()
    }
}

extension Scenario: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("id", id)
        writer.optionalField("preamble", preamble)
        writer.field("variables", variables)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        id = try reader.field("id")
        preamble = try reader.optionalField("preamble")
        variables = try reader.field("variables")
        try reader.endObject()
    }
}

extension DatasetReference: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("digest", digest)
        writer.field("rows", rows)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        digest = try reader.field("digest")
        rows = try reader.field("rows")
        try reader.endObject()
    }
}

extension JudgeDefinition: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("id", id)
        writer.field("model", model)
        writer.field("rubric", rubric)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        id = try reader.field("id")
        model = try reader.field("model")
        rubric = try reader.field("rubric")
        try reader.endObject()
    }
}

extension RunLimits: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("concurrency", concurrency)
        writer.field("judgeRounds", judgeRounds)
        writer.optionalField("perProvider", perProvider.isEmpty ? nil : perProvider)
        writer.field("retry", retry)
        writer.optionalField("retryRule", retryRule == .everyFailureCounts ? nil : retryRule)
        writer.field("timeout", timeout.count)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        concurrency = try reader.field("concurrency")
        judgeRounds = try reader.field("judgeRounds")
        perProvider = try reader.optionalField("perProvider") ?? [:]
        retry = try reader.field("retry")
        retryRule = try reader.optionalField("retryRule") ?? .everyFailureCounts
        timeout = Microseconds(try reader.field("timeout"))
        try reader.endObject()
    }
}
