import Determinism
import EventLog
import Synchronization

/// Blobs that are known to be in the store, so that what many events cite is handed over once.
final class StoredBlobs: Sendable {
    /// The lock makes looking and adding one step each.
    private let digests = Mutex<Set<Digest>>([])

    /// The blob if it isn't known to be stored.
    func missing(_ blob: Blob) -> [Blob] {
        digests.withLock { $0.contains(blob.digest) } ? [] : [blob]
    }

    func stored(_ blob: Blob) {
        digests.withLock { _ = $0.insert(blob.digest) }
    }
}
