import CanonicalJSON
import Determinism
import EventLog

/// A span as OTLP's JSON form has it.
struct TraceSpan {
    /// What a span is towards others, by OTLP's numbers.
    enum Kind: Int {
        case `internal` = 1
        case client = 3
    }

    enum Value: Equatable {
        case text(String)
        case integer(Int)
        case texts([String])
    }

    let name: String
    let kind: Kind
    let traceID: String
    let spanID: String
    var parentSpanID: String?
    let start: Timestamp
    let end: Timestamp
    /// What went wrong; nil when nothing did.
    var failure: String?
    private(set) var attributes: [(key: String, value: Value)] = []

    init(
        _ name: String, _ kind: Kind, trace: String, span: String, parent: String?, from start: Timestamp,
        to end: Timestamp
    ) {
        self.name = name
        self.kind = kind
        traceID = trace
        spanID = span
        parentSpanID = parent
        self.start = start
        self.end = max(start, end)
    }

    mutating func add(_ key: String, _ text: String?) {
        if let text { attributes.append((key, .text(text))) }
    }

    mutating func add(_ key: String, _ number: Int?) {
        if let number { attributes.append((key, .integer(number))) }
    }

    mutating func add(_ key: String, _ texts: [String]) { attributes.append((key, .texts(texts))) }
    mutating func add(_ key: String, _ position: Position) { add(key, Int(clamping: position.rawValue)) }
}

extension TraceSpan: CanonicalEncodable {
    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attributes", attributes.map(TraceAttribute.init))
        writer.field("endTimeUnixNano", Self.nanoseconds(end))
        writer.field("kind", kind.rawValue)
        writer.field("name", name)
        writer.optionalField("parentSpanId", parentSpanID)
        writer.field("spanId", spanID)
        writer.field("startTimeUnixNano", Self.nanoseconds(start))
        writer.field("status") { writer in
            writer.beginObject()
            if let failure {
                writer.field("code", Self.failed)
                writer.field("message", failure)
            }
            writer.endObject()
        }
        writer.field("traceId", traceID)
        writer.endObject()
    }

    /// `STATUS_CODE_ERROR`.
    private static let failed = 2

    /// A 64-bit number is a text in OTLP's JSON form.
    private static func nanoseconds(_ moment: Timestamp) -> String { "\(moment.microseconds)000" }
}

/// A key and its value, which says of what type it is.
struct TraceAttribute: CanonicalEncodable {
    let key: String
    let value: TraceSpan.Value

    init(_ attribute: (key: String, value: TraceSpan.Value)) {
        key = attribute.key
        value = attribute.value
    }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("key", key)
        writer.field("value") { writer in
            writer.beginObject()
            switch value {
            case .text(let text): writer.field("stringValue", text)
            case .integer(let number): writer.field("intValue", "\(number)")
            case .texts(let texts): writer.field("arrayValue") { Self.encode(texts, to: &$0) }
            }
            writer.endObject()
        }
        writer.endObject()
    }

    private static func encode(_ texts: [String], to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("values") { writer in
            writer.beginArray()
            for text in texts {
                writer.element { writer in
                    writer.beginObject()
                    writer.field("stringValue", text)
                    writer.endObject()
                }
            }
            writer.endArray()
        }
        writer.endObject()
    }
}
