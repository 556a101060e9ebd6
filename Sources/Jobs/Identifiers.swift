package import CanonicalJSON
import Determinism

/// An id that is a type of its own, so that a job's can't stand where a run's belongs.
///
/// 1 to 120 letters, digits, `_`, `.`, `:` and `-`: what may follow the category in a stream's name.
package protocol EntityID: RawRepresentable, Hashable, Comparable, Sendable, CanonicalCodable, CustomStringConvertible
where RawValue == String {
    /// What keeps the stable ids of two kinds apart.
    static var kind: String { get }
    /// Takes text that is known to be well formed.
    init(wellFormed: String)
}

extension EntityID {
    /// Nil for text that can't be an id.
    package init?(rawValue: String) {
        guard (1...120).contains(rawValue.utf8.count), rawValue.utf8.allSatisfy(isIDByte) else { return nil }
        self.init(wellFormed: rawValue)
    }

    /// The id of whatever these parts identify: the same parts give the same id, on any machine.
    package init(identifying parts: [String]) {
        self.init(wellFormed: StableID.make(kind: Self.kind, parts: parts))
    }

    package var description: String { rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

private func isIDByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"),
        UInt8(ascii: "-"):
        true
    default: false
    }
}

/// One submission of an experiment, from the first job to the ranking.
package struct RunID: EntityID {
    package static let kind = "run"
    package let rawValue: String
    package init(wellFormed: String) { rawValue = wellFormed }
}

/// One piece of work of a run; made from content, so that submitting again finds the same job.
package struct JobID: EntityID {
    package static let kind = "job"
    package let rawValue: String
    package init(wellFormed: String) { rawValue = wellFormed }
}

/// One process working on a run; new at each start, so that nobody is mistaken for a predecessor.
package struct WorkerID: EntityID {
    package static let kind = "worker"
    package let rawValue: String
    package init(wellFormed: String) { rawValue = wellFormed }
}
