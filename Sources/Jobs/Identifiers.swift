package import CanonicalJSON
import Determinism
package import EventLog
package import Projections

/// An id that is a type of its own, so that a job's can't stand where a run's belongs.
///
/// 1 to 120 letters, digits, `_`, `.`, `:` and `-`: what may follow the category in a stream's name.
package protocol EntityID: RawRepresentable, Hashable, Comparable, Sendable, CanonicalCodable, CustomStringConvertible,
    ViewKey
where RawValue == String {
    /// What keeps the stable ids of two kinds apart.
    static var kind: String { get }
    var text: IDText { get }
    init(text: IDText)
}

extension EntityID {
    /// Takes text that is known to be well formed.
    package init(wellFormed text: String) { self.init(text: IDText(wellFormed: text)) }

    /// Nil for text that can't be an id.
    package init?(rawValue: String) {
        var rawValue = rawValue
        guard let text = rawValue.withUTF8({ IDText(UnsafeRawBufferPointer($0)) }) else { return nil }
        self.init(text: text)
    }

    /// The id of whatever these parts identify: the same parts give the same id, on any machine.
    package init(identifying parts: [String]) {
        self.init(wellFormed: StableID.make(kind: Self.kind, parts: parts))
    }

    /// The entity whose stream an event is in, whatever its category; nil if the rest of the name is no id.
    package init?(inStreamOf event: Event) {
        let text = event.withStream { name in
            name.withUnsafeBytes { name in
                guard let hyphen = name.firstIndex(of: UInt8(ascii: "-")) else { return nil as IDText? }
                return IDText(UnsafeRawBufferPointer(rebasing: name[(hyphen + 1)...]))
            }
        }
        guard let text else { return nil }
        self.init(text: text)
    }

    package var rawValue: String { text.string }

    package var description: String { text.string }

    package static func == (left: Self, right: Self) -> Bool { left.text == right.text }

    package func hash(into hasher: inout Hasher) { text.hash(into: &hasher) }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

extension EntityID {
    package func encode(to writer: inout CanonicalWriter) { text.encode(to: &writer) }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        self.init(text: try reader.readString(as: "an id") { IDText($0) })
    }

    package func encode(to key: inout KeyWriter) { text.encode(to: &key) }

    package init(from key: inout KeyReader) throws(KeyError) {
        let raw: String = try key.read()
        guard let value = Self(rawValue: raw) else { throw KeyError("\(raw) is no \(Self.self)") }
        self = value
    }

    package func mix(into hash: inout KeyHash) { text.mix(into: &hash) }
}

/// One submission of an experiment, from the first job to the ranking.
package struct RunID: EntityID {
    package static let kind = "run"
    package let text: IDText
    package init(text: IDText) { self.text = text }
}

/// One piece of work of a run; made from content, so that submitting again finds the same job.
package struct JobID: EntityID {
    package static let kind = "job"
    package let text: IDText
    package init(text: IDText) { self.text = text }
}

/// Whose calls the jobs of a kind make, as `handlers.yaml` names it: what shares a budget of retries.
package struct ProviderID: EntityID {
    package static let kind = "provider"
    package let text: IDText
    package init(text: IDText) { self.text = text }
}

/// A unique key with what it is unique among; made from both, so that all who want it look at one stream.
package struct UniqueKeyID: EntityID {
    package static let kind = "uniqueKey"
    package let text: IDText
    package init(text: IDText) { self.text = text }
}

/// One process working on a run; new at each start, so that nobody is mistaken for a predecessor.
package struct WorkerID: EntityID {
    package static let kind = "worker"
    package let text: IDText
    package init(text: IDText) { self.text = text }
}
