import Deciders
import Determinism
import EventLog

/// What an audit knows of blobs while it goes through the events that name them.
struct BlobCheck {
    /// How many digests are remembered as looked at; what is forgotten is looked at again.
    private static let mostRemembered = 65_536

    /// How many events were looked at, from the first.
    var events: UInt64 = 0
    private(set) var references = 0
    /// How many of the references are to blobs that were erased on purpose.
    private(set) var erased = 0
    /// How many of the references are to blobs that can't be opened, since their keys aren't here.
    private(set) var sealed = 0
    var finding: AuditFinding?
    private var sound: Set<Digest> = []
    private var missing: [Digest: Missing] = [:]

    /// A blob that isn't there, and that no event seen so far says is erased.
    private struct Missing {
        let first: Position
        var last: Position
        var references = 1
    }

    /// Counts a reference; false if the blob was looked at lately.
    mutating func mustLook(at digest: Digest) -> Bool {
        references += 1
        return !sound.contains(digest)
    }

    mutating func isThere(_ digest: Digest) {
        if sound.count == Self.mostRemembered { sound = [] }
        sound.insert(digest)
    }

    /// How many blobs are missing as far as is known.
    var lost: Int { missing.count }

    mutating func isSealed() { sealed += 1 }

    mutating func isMissing(_ digest: Digest, at position: Position) {
        guard var known = missing[digest] else {
            missing[digest] = Missing(first: position, last: position)
            return
        }
        known.last = position
        known.references += 1
        missing[digest] = known
    }

    /// Takes blobs for erased that nothing has named at or behind the position which the erasure gives.
    mutating func take(_ erasure: Erasure) {
        for digest in erasure.blobs {
            guard let known = missing[digest], known.last < erasure.before else { continue }
            erased += known.references
            missing[digest] = nil
        }
    }

    /// What is still missing at the end was lost.
    mutating func end() {
        guard finding == nil, let lost = missing.min(by: { $0.value.first < $1.value.first }) else { return }
        finding = AuditFinding(
            position: lost.value.first, message: "the blob \(lost.key.hex) that it names isn't in the store")
    }
}
