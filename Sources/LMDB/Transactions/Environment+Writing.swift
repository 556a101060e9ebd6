internal import CLMDB
internal import Glibc

extension Environment {
    /// Lends a write transaction to `body`; commits when it returns, and discards everything when it throws.
    ///
    /// When the map is full it is grown and **`body` runs again**, from the same state of the store, whatever it made of
    /// the error. So it should have no effects but those on the transaction, or begin by resetting them.
    ///
    /// One write transaction runs at a time in all processes; others wait. A write inside a write of the same thread is
    /// an error. When this returns with `.durable`, the changes are on disk.
    @discardableResult
    public func write<R>(_ body: (borrowing WriteTransaction) throws -> R) throws -> R {
        guard configuration.access == .readWrite else { throw LMDBError.readOnly(path, "writing in") }
        while true {
            let attempt = try Attempt(self)
            do {
                let result = try body(WriteTransaction(attempt.handle))
                if let full = try attempt.commit() { try grow(from: full) } else { return result }
            } catch {
                guard let full = attempt.abort() else { throw error }
                try grow(from: full)
            }
        }
    }

    /// One run of the body of a write.
    @safe private final class Attempt {
        let handle: TransactionHandle
        private let environment: Environment
        private let state: UnsafeMutablePointer<WriteState>
        private let mapSize: Int
        private var ended = false

        init(_ environment: Environment) throws(LMDBError) {
            let pointer = unsafe try environment.begin(flags: 0, writing: true, "writing in")
            unsafe state = .allocate(capacity: 1)
            unsafe state.initialize(to: WriteState())
            unsafe handle = TransactionHandle(pointer, state, environment.identifier)
            mapSize = environment.currentMapSize()
            self.environment = environment
        }

        deinit {
            unsafe state.deallocate()
        }

        /// Commits; if the map was full, aborts and returns the size that was too small.
        func commit() throws(LMDBError) -> Int? {
            if unsafe state.pointee.failure != 0 {
                let failure = unsafe state.pointee.failure
                if let full = abort() { return full }
                throw environment.commitFailed(failure)
            }
            ended = true
            let returnCode = unsafe mdb_txn_commit(handle.pointer)
            environment.leave(writing: true)
            if returnCode == MDB_MAP_FULL { return mapSize }
            if returnCode != 0 { throw environment.commitFailed(returnCode) }
            return nil
        }

        /// Aborts, unless it has ended; returns the size of the map if that was too small.
        func abort() -> Int? {
            if ended { return nil }
            ended = true
            unsafe mdb_txn_abort(handle.pointer)
            environment.leave(writing: true)
            return unsafe state.pointee.failure == MDB_MAP_FULL ? mapSize : nil
        }
    }

    /// LMDB reports a write that a full disk cut short as a general I/O error, so the disk is asked.
    private func commitFailed(_ returnCode: Int32) -> LMDBError {
        LMDBError(returnCode == EIO && isDiskFull() ? ENOSPC : returnCode, "committing to \(path)")
    }

    private func isDiskFull() -> Bool {
        var limit = rlimit()
        var space = statvfs()
        var status = stat()
        let file = path + "/data.mdb"
        let slack = 1 << 20
        if unsafe statvfs(file, &space) == 0 && Int(space.f_bavail) * Int(space.f_frsize) < slack { return true }
        guard unsafe stat(file, &status) == 0, unsafe getrlimit(Self.fileSizeLimit, &limit) == 0 else { return false }
        return UInt64(status.st_size) + UInt64(slack) > UInt64(limit.rlim_cur)
    }

    private static let fileSizeLimit = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
}
