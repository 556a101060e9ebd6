import Determinism

/// The leaf hashes of a commit's records, which its proposer makes while the writer writes the records.
///
/// A commit that expects any revision has none before it is placed; the writer makes them.
final class LeafHashes: Sendable {
    private let hashes: Monitor<[Digest]?>

    /// Hashes that are known already.
    init(_ hashes: [Digest]) {
        self.hashes = Monitor(hashes)
    }

    /// Hashes that `provide` will bring.
    init() {
        hashes = Monitor(nil)
    }

    /// Brings the hashes.
    func provide(_ made: [Digest]) {
        hashes.withLock { $0 = made }
        hashes.signal()
    }

    /// The hashes; sleeps until they are there.
    func wait() -> [Digest] {
        hashes.wait { $0 }
    }
}
