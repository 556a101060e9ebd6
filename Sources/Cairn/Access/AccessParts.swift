package import CanonicalJSON
import Determinism
import EventLog
import Jobs

/// Who did something with a store.
package struct Actor: Equatable, Sendable {
    package enum Kind: String, Sendable, CaseIterable, CanonicalCodable {
        /// A user of the operating system.
        case user
        /// The holder of an API key.
        case apiKey
    }

    package let kind: Kind
    /// The user's name, or the key's: never the key itself.
    package let name: String

    /// Cuts a name that is too long.
    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name.prefix(codePoints: JobUnlocked.longestName)
    }

    package static func user(_ name: String) -> Actor { Actor(.user, name) }
    package static func apiKey(_ name: String) -> Actor { Actor(.apiKey, name) }
}

/// Where something went that left the store.
package struct AccessDestination: Equatable, Sendable {
    package enum Kind: String, Sendable, CaseIterable, CanonicalCodable {
        case directory, file, standardOutput
    }

    package let kind: Kind
    /// The last part of its path, since the rest would tell of the machine; nil for standard output.
    package let name: String?

    package static let standardOutput = AccessDestination(.standardOutput, nil)
    package static func file(_ path: String) -> AccessDestination { AccessDestination(.file, path) }
    package static func directory(_ path: String) -> AccessDestination { AccessDestination(.directory, path) }

    private init(_ kind: Kind, _ path: String?) {
        self.kind = kind
        name = path.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
            .prefix(codePoints: JobUnlocked.longestName)
    }
}

/// What was chosen for erasure.
package struct RedactionTarget: Equatable, Sendable {
    package enum Kind: String, Sendable, CaseIterable, CanonicalCodable {
        case blob, job, run, subject
    }

    package let kind: Kind
    /// The blob's hash, an id, or the subject as labels and tags name it.
    package let name: String

    /// Cuts a name that is too long.
    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name.prefix(codePoints: JobUnlocked.longestName)
    }
}

extension Actor: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("kind", kind)
        writer.field("name", name)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        kind = try reader.field("kind")
        name = try reader.text("name", atMost: 200)
        try reader.endObject()
    }
}

extension Actor: CustomStringConvertible {
    package var description: String { kind == .user ? name : "API key \(name)" }
}

extension AccessDestination: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("kind", kind)
        writer.optionalField("name", name)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        kind = try reader.field("kind")
        name = try reader.optionalText("name", atMost: 200)
        try reader.endObject()
    }
}

extension AccessDestination: CustomStringConvertible {
    package var description: String {
        switch kind {
        case .standardOutput: "standard output"
        case .file: name ?? "a file"
        case .directory: "\(name ?? "a directory")/"
        }
    }
}

extension RedactionTarget: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("kind", kind)
        writer.field("name", name)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        kind = try reader.field("kind")
        name = try reader.text("name", atMost: 200)
        try reader.endObject()
    }
}

extension RedactionTarget: CustomStringConvertible {
    package var description: String { "\(kind.rawValue) \(name)" }
}

/// The head as events of the trail have it: `{"root":…,"size":…}`.
struct RecordedHead: CanonicalCodable {
    let head: TreeHead

    init(_ head: TreeHead) { self.head = head }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("root", head.root)
        writer.field("size", Int(head.size))
        writer.endObject()
    }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let root: Digest = try reader.field("root")
        head = TreeHead(size: UInt64(try reader.integer("size", atLeast: 0)), root: root)
        try reader.endObject()
    }
}
