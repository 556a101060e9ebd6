import EventLog
import Glibc
import Jobs

/// Keeps those apart that copy a store from those that erase something in it: a copy that missed what was erased
/// meanwhile would look like a damaged one.
enum StoreCareLock {
    /// Held together by those who copy, alone by those who erase; throws `.inUse` when others are at it.
    static func hold<R>(alone: Bool, of store: String, _ body: () async throws -> R) async throws -> R {
        let lock = try take(alone: alone, of: store)
        defer { close(lock) }
        return try await body()
    }

    /// The same for what doesn't wait.
    static func hold<R>(alone: Bool, of store: String, _ body: () throws -> R) throws -> R {
        let lock = try take(alone: alone, of: store)
        defer { close(lock) }
        return try body()
    }

    private static func take(alone: Bool, of store: String) throws -> CInt {
        // A store that isn't there is told as everybody tells it, not as a lock that can't be made.
        if access(store + "/store.json", F_OK) != 0 {
            try LMDBLog.open(at: store, LMDBLog.Options(access: .readOnly)).close()
        }
        let directory = store + "/workers"
        let file = try WorkerLock.file(at: directory + "/care.lock", in: directory)
        while flock(file, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let isHeld = errno == EWOULDBLOCK
            let reason = WorkerLock.lastError()
            close(file)
            throw LogError(
                isHeld ? .inUse : .other, during: alone ? "erasing in \(store)" : "copying \(store)",
                isHeld
                    ? "another process \(alone ? "copies the store or erases in it" : "erases in it"); wait until it has ended"
                    : reason)
        }
        return file
    }
}
