import CanonicalJSON
import EventLog
import Foundation

/// Reads the data of every event of a log as JSON: by our reader, or by Foundation's.
enum DecodeCase {
    static func run(_ arguments: inout Arguments) throws {
        let log = try LMDBLog.open(at: arguments.word(), .init(access: .readOnly))
        let decode: (Event) throws -> Void
        switch arguments.word() {
        case "canonical":
            decode = { event in try event.withData { _ = try JSONValue(canonicalBytes: $0) } }
        case "foundation":
            let decoder = JSONDecoder()
            decode = { event in _ = try decoder.decode(AnyJSON.self, from: Data(event.dataBytes)) }
        default: return arguments.refuse()
        }
        let start = Moment.now
        var events = 0
        try log.scan { event in
            try decode(event)
            events += 1
        }
        report(Cost(since: start, events: events))
        log.close()
    }

    /// Any JSON, as `Codable` programs read it.
    private enum AnyJSON: Decodable {
        case null
        case bool(Bool)
        case number(Double)
        case string(String)
        case array([AnyJSON])
        case object([String: AnyJSON])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .string(text)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else if let object = try? container.decode([String: AnyJSON].self) {
                self = .object(object)
            } else if let array = try? container.decode([AnyJSON].self) {
                self = .array(array)
            } else if let flag = try? container.decode(Bool.self) {
                self = .bool(flag)
            } else {
                self = .null
            }
        }
    }
}
