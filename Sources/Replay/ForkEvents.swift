package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog

/// A store begins as a fork: what it was taken from, and what was changed.
///
/// The first event of the fork, in a stream of its own.
package struct ForkCreated: EventPayload {
    package static let type = EventType("fork.created")
    package static let version = 1
    /// The longest text about a substitution, in bytes.
    package static let longestText = 1_000

    /// One thing that was changed.
    package struct Change: Equatable, Sendable {
        /// As the command names it: `weights`, `parser`, `prices`, `retry`, `budget`, `ranking`, `without`.
        package let kind: String
        /// What takes its place, as in `accuracy=0.5`.
        package let text: String

        package init(kind: String, text: String) {
            self.kind = kind
            self.text = text
        }
    }

    /// In the order in which they were applied.
    package let changes: [Change]
    /// The Merkle root of the parent's first `position` events.
    package let head: Digest
    /// The parent's store id.
    package let parent: String
    /// How many events of the parent the fork was made of.
    package let position: Position
    /// The runs that the changes apply to; what others recorded is taken over as it is.
    package let runs: [String]

    package init(changes: [Change], head: Digest, parent: String, position: Position, runs: [String]) {
        self.changes = changes
        self.head = head
        self.parent = parent
        self.position = position
        self.runs = runs
    }
}

/// Everything that the parent recorded is taken over or left out; what follows in the log happened in the fork.
package struct ForkTaken: EventPayload {
    package static let type = EventType("fork.taken")
    package static let version = 1

    /// Events whose data differs from the parent's.
    package let changed: Int
    /// Events of the parent without a counterpart.
    package let leftOut: Int
    /// Jobs that what was changed leaves open: the pipeline goes on with them.
    package let open: Int
    /// Events of the parent that were taken over or derived anew.
    package let taken: Int

    package init(changed: Int, leftOut: Int, open: Int, taken: Int) {
        self.changed = changed
        self.leftOut = leftOut
        self.open = open
        self.taken = taken
    }
}

/// A call that the parent has no answer to is about to be sent to its provider; on disk before it leaves.
package struct ForkCallSent: EventPayload {
    package static let type = EventType("fork.callSent")
    package static let version = 1

    package let attempt: Int
    /// The call's id.
    package let call: String

    package init(attempt: Int, call: String) {
        self.attempt = attempt
        self.call = call
    }
}

/// The events of a `fork` stream.
package enum ForkEvent: EventFamily {
    case created(ForkCreated)
    case taken(ForkTaken)
    case callSent(ForkCallSent)

    /// The category of the stream; the id is made of the parent and the changes.
    package static let category = "fork"
    package static let types: [any EventPayload.Type] = [ForkCreated.self, ForkTaken.self, ForkCallSent.self]

    package var payload: any EventPayload {
        switch self {
        case .created(let payload): payload
        case .taken(let payload): payload
        case .callSent(let payload): payload
        }
    }

    package init?(_ payload: any EventPayload) {
        switch payload {
        case let payload as ForkCreated: self = .created(payload)
        case let payload as ForkTaken: self = .taken(payload)
        case let payload as ForkCallSent: self = .callSent(payload)
        default: return nil
        }
    }
}

extension ForkCreated.Change: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("kind", kind)
        writer.field("text", text)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        kind = try reader.field("kind")
        text = try reader.field("text")
        try reader.endObject()
    }
}

extension ForkCreated {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("changes", changes)
        writer.field("head", head)
        writer.field("parent", parent)
        writer.field("position", position)
        writer.field("runs", runs)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        changes = try reader.field("changes")
        head = try reader.field("head")
        parent = try reader.field("parent")
        position = try reader.field("position")
        runs = try reader.field("runs")
        try reader.endObject()
    }
}

extension ForkTaken {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("changed", changed)
        writer.field("leftOut", leftOut)
        writer.field("open", open)
        writer.field("taken", taken)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        changed = try reader.count("changed")
        leftOut = try reader.count("leftOut")
        open = try reader.count("open")
        taken = try reader.count("taken")
        try reader.endObject()
    }
}

extension ForkCallSent {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("call", call)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.count("attempt")
        call = try reader.field("call")
        try reader.endObject()
    }
}

extension CanonicalReader {
    /// A number from 0.
    fileprivate mutating func count(_ key: StaticString) throws(JSONError) -> Int {
        let start = offset
        let count: Int = try field(key)
        guard count >= 0 else { throw error(at: start, expected: "a number from 0", found: "\(count)") }
        return count
    }
}
