import CanonicalJSON

/// Whether the bytes of a blob can be had, and if not why: the same four words wherever something tells of it.
package enum BlobState: String, Equatable, Sendable, CaseIterable {
    /// They can be read.
    case present
    /// They were erased on purpose, as an event says.
    case erased
    /// They are there, encrypted with a key that isn't.
    case sealed
    /// They aren't there, and nothing says why: lost.
    case missing
}

extension BlobState: CanonicalCodable {}
