import CanonicalJSON

/// A payload as the log's events have them: the shape that the coding interface is made for.
struct JobLeased: CanonicalCodable, Equatable {
    enum Kind: String, CanonicalCodable { case first, retry }

    var attempt: Int
    var costs: [String: Double]
    var kind: Kind
    var note: String?
    var tags: [String]
    var worker: String

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("costs", costs)
        writer.field("kind", kind)
        writer.optionalField("note", note)
        writer.field("tags", tags)
        writer.field("worker", worker)
        writer.endObject()
    }
}

extension JobLeased {
    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.field("attempt")
        costs = try reader.field("costs")
        kind = try reader.field("kind")
        note = try reader.optionalField("note")
        tags = try reader.field("tags")
        worker = try reader.field("worker")
        try reader.endObject()
    }

    static let example = JobLeased(
        attempt: 3, costs: ["b": 0.25, "a": 2], kind: .retry, note: "tab\t", tags: ["x", "é"], worker: "w-1")
    static let text =
        #"{"attempt":3,"costs":{"a":2,"b":0.25},"kind":"retry","note":"tab\t","tags":["x","é"],"worker":"w-1"}"#
}
