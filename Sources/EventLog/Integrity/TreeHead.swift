public import Determinism

/// The size of a log and the root of its Merkle tree: what two copies compare, and what a signature covers.
public struct TreeHead: Sendable, Equatable {
    /// How many events the log has.
    public let size: UInt64
    /// The root hash of RFC 6962 over the records; for no records, SHA-256 of the empty string.
    public let root: Digest

    /// A size and its root.
    public init(size: UInt64, root: Digest) {
        self.size = size
        self.root = root
    }
}

extension TreeHead: CustomStringConvertible {
    /// Size and root.
    public var description: String { "\(size) \(root.hex)" }
}
