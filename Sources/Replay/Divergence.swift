package import CanonicalJSON
package import EventLog

/// A place where the log and the code don't agree: what was recorded, and what the code makes of the same inputs.
package struct Divergence: Error, Equatable, Sendable {
    package enum Reason: Equatable, Sendable {
        /// The derived data differs in these fields.
        case fields([FieldDifference])
        /// The event is of a derived type and doesn't name the function that made it.
        case noFunction
        /// This program doesn't have the function that the event cites.
        case unknownFunction
        /// The function couldn't be applied to the recorded causes.
        case notDerivable(String)
        /// The record holds an event here that the code never produced.
        case neverProduced
    }

    /// Where the recorded event is.
    package let position: Position
    package let stream: StreamName
    package let type: EventType
    /// The function that the event cites, if it cites one.
    package let function: FunctionReference?
    package let reason: Reason

    package init(at event: Event, function: FunctionReference?, _ reason: Reason) {
        position = event.position
        stream = event.stream
        type = event.type
        self.function = function
        self.reason = reason
    }
}

extension Divergence: CustomStringConvertible {
    package var description: String {
        let cited = function.map { " by \($0.name) v\($0.version)" } ?? ""
        return "position \(position) in \(stream): \(type)\(cited): \(reason)"
    }
}

extension Divergence {
    /// Several lines for people: what and where, then each field with what the log holds and what the code makes.
    package var text: String {
        guard case .fields(let differences) = reason else { return "\(self)\n" }
        let cited = function.map { " by \($0.name) v\($0.version)" } ?? ""
        let fields = differences.map { difference in
            """
              \(difference.path)
                log:  \(Reason.text(difference.recorded))
                code: \(Reason.text(difference.derived))

            """
        }
        return "position \(position) in \(stream): \(type)\(cited):\n" + fields.joined()
    }
}

extension Divergence.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .fields(let differences):
            differences.map { difference in
                "\(difference.path) is \(Self.text(difference.recorded)) in the log, \(Self.text(difference.derived)) from the code"
            }.joined(separator: "; ")
        case .noFunction: "a derived event without the function that made it in its cause"
        case .unknownFunction:
            "this program doesn't have that function; use the release that wrote the log, or a later one"
        case .notDerivable(let why): why
        case .neverProduced: "the log holds this event, and the code never produced it"
        }
    }

    fileprivate static func text(_ value: JSONValue?) -> String {
        value.map { String(decoding: $0.canonicalBytes(), as: UTF8.self) } ?? "absent"
    }
}

extension Divergence: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        if case .fields(let differences) = reason {
            writer.field("fields", differences)
        }
        writer.optionalField("function", function)
        writer.field("message", "\(reason)")
        writer.field("position", position)
        writer.field("stream", stream)
        writer.field("type", type)
        writer.endObject()
    }
}

extension FieldDifference: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("derived", derived)
        writer.field("path", path)
        writer.optionalField("recorded", recorded)
        writer.endObject()
    }
}
