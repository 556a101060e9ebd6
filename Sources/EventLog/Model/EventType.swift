/// The kind of an event, named as a past fact: `noun.pastVerb`, such as `job.submitted`.
///
/// Two or more segments with dots between them, each `[a-z][A-Za-z0-9]*` in lower camel case; at most 100 bytes in all.
public struct EventType: Hashable, Sendable {
    /// The name.
    public let text: String

    /// The longest name, in bytes.
    public static let longest = 100

    /// A name written in source; traps on one that breaks the grammar.
    public init(_ name: StaticString) {
        let text = name.description
        precondition(EventType.isValid(text), "an event type is noun.pastVerb in lower camel segments: \(text)")
        self.text = text
    }

    /// Reads a name; throws `.invalid` for one that breaks the grammar.
    public init(validating text: String) throws(LogError) {
        guard EventType.isValid(text) else {
            throw LogError(
                .invalid, during: "naming an event type",
                "«\(text.prefix(80))» is not noun.pastVerb in lower camel segments, within 100 bytes")
        }
        self.text = text
    }

    /// A name read from a record, whose grammar `verify` has checked or will check.
    init(recorded text: String) {
        self.text = text
    }

    static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= longest else { return false }
        let segments = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return segments.count >= 2
            && segments.allSatisfy { segment in
                guard let first = segment.first, ASCII.isLower(first) else { return false }
                return segment.allSatisfy(ASCII.isAlphanumeric)
            }
    }
}

extension EventType: Comparable {
    /// The order of the names' bytes.
    public static func < (left: EventType, right: EventType) -> Bool { left.text < right.text }
}

extension EventType: CustomStringConvertible {
    /// The name.
    public var description: String { text }
}
