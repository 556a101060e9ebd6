import EventLog
import Glibc
import Synchronization

/// Who uses a directory of read models, and whether a crash of the machine may have damaged it.
///
/// Commits there don't wait for the disk. So before the first one a marker with the machine's boot id is made durable,
/// and the last user to leave syncs and removes it. A marker of another boot means that the machine crashed in between:
/// the read models are thrown away and built again. Each user holds a shared lock on `users.lock`, so that the kernel
/// counts them, whatever way they end.
final class ViewDirectory: Sendable {
    let path: String
    /// Whether nobody else used the directory when it was opened.
    let wasAlone: Bool
    private let lock: Int32
    private let isMarked = Mutex(false)

    /// Takes part in the directory, which is made if it is missing; throws away what a crash may have damaged.
    ///
    /// A temporary directory isn't synced and needs no marker. `bootID` is the machine's unless a test says otherwise.
    init(at path: String, isTemporary: Bool = false, bootID: String? = nil) throws(ViewError) {
        self.path = path
        self.isTemporary = isTemporary
        if mkdir(path, 0o777) != 0 && errno != EEXIST { throw .system("creating \(path)") }
        lock = open(path + "/users.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        if lock < 0 { throw .system("opening \(path)/users.lock") }
        let boot = bootID ?? BootID.current
        self.bootID = boot
        while true {
            if Self.acquire(lock, LOCK_EX | LOCK_NB) == 0 {
                if let marker = Self.marker(path), marker != boot { Self.removeContents(of: path) }
                Self.removePastViews(in: path)
                _ = Self.acquire(lock, LOCK_SH)
                wasAlone = true
                return
            }
            _ = Self.acquire(lock, LOCK_SH)
            let marker = Self.marker(path)
            if marker == nil || marker == boot {
                wasAlone = false
                return
            }
            _ = Self.acquire(lock, LOCK_UN)
        }
    }

    private let bootID: String
    private let isTemporary: Bool

    /// Notes durably that commits may be lost in a crash; call it before the first one.
    func markDirty() throws(ViewError) {
        if isTemporary || isMarked.withLock({ $0 }) { return }
        let marker = open(path + "/dirty", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard marker >= 0 else { throw .system("creating \(path)/dirty") }
        defer { close(marker) }
        let written = bootID.utf8CString.withUnsafeBytes { write(marker, $0.baseAddress, $0.count - 1) }
        guard written == bootID.utf8.count, fsync(marker) == 0 else { throw .system("writing \(path)/dirty") }
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .system("opening \(path)") }
        defer { close(directory) }
        if fsync(directory) != 0 { throw .system("syncing \(path)") }
        isMarked.withLock { $0 = true }
    }

    deinit { close(lock) }

    /// Leaves the directory; the last one to leave calls `sync` and then removes the marker.
    func leave(sync: () throws -> Void) {
        defer { _ = Self.acquire(lock, LOCK_UN) }
        guard Self.acquire(lock, LOCK_EX | LOCK_NB) == 0, Self.marker(path) != nil else { return }
        do {
            try sync()
            unlink(path + "/dirty")
        } catch {
            // The marker stays, and with it the caution.
        }
    }

    /// Throws away the read models; only for the one user.
    static func removeContents(of path: String) {
        for name in ["data.mdb", "lock.mdb", "dirty"] { unlink(path + "/" + name) }
    }

    /// Removes a directory of read models as of a moment in the past.
    static func removeWhole(_ path: String) {
        removeContents(of: path)
        unlink(path + "/users.lock")
        rmdir(path)
    }

    static let pastPrefix = "past-"

    private static func removePastViews(in path: String) {
        for name in DirectoryEntries.names(in: path) ?? [] where name.hasPrefix(pastPrefix) {
            removeWhole(path + "/" + name)
        }
    }

    private static func marker(_ path: String) -> String? { BootID.firstLine(of: path + "/dirty") }

    private static func acquire(_ file: Int32, _ operation: Int32) -> Int32 {
        while true {
            let result = flock(file, operation)
            if result == 0 || errno != EINTR { return result }
        }
    }
}
