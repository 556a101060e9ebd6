import EventLog
import Glibc

/// Says that something is being erased in a store, as long as its bytes may still be in the files.
///
/// A file beside the blobs' data: made before an event tells of the erasure, removed when the data was written anew. What a
/// killed process left undone the next one does that opens the store.
package struct PendingErasure {
    private let store: String
    private var path: String { store + "/blobs/erasing" }

    /// What whoever looks at the store is told.
    package static let notice =
        "an erasure isn't finished: no command shows what was erased, but its bytes are still in blobs/; the next command "
        + "that has the store for itself takes them from there, such as `cairn store compact`"

    package init(of store: String) { self.store = store }

    package var isPending: Bool { access(path, F_OK) == 0 }

    /// On disk when this returns.
    func begin() throws(LogError) {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw LogError.system("making \(path)") }
        defer { close(file) }
        guard fsync(file) == 0 else { throw LogError.system("making \(path)") }
        try DirectoryEntries.sync(store + "/blobs")
    }

    /// Erases what events say, and writes the data file anew, without a byte of it.
    ///
    /// Throws `.inUse` while another process has the store open.
    func finish() throws {
        guard isPending else { return }
        let log = try LMDBLog.open(at: store, LMDBLog.Options(access: .mustExist))
        do {
            defer { log.close() }
            _ = try log.finishErasing()
            try log.finishDropping()
            try log.rewriteBlobs()
        }
        unlink(path)
        try DirectoryEntries.sync(store + "/blobs")
    }

    /// Finishes what another process left undone, if nobody else is at it or has the store open; else a later one does.
    func finishIfPossible() {
        guard isPending else { return }
        try? StoreCareLock.hold(alone: true, of: store) { try finish() }
    }
}
