internal import CLMDB
internal import Glibc

/// The lock file of an environment, which LMDB maps and writes to without a system call.
///
/// LMDB makes it sparse. Where the disk has no block left for a page of it that is touched, that is a signal, which ends
/// the process; so all its blocks are asked for before it is mapped, where a full disk is an error.
enum LockFile {
    /// What LMDB puts before the slots of readers takes less than a page; each slot is a cache line.
    private static let (headBytes, slotBytes) = (4_096, 64)
    /// The unit of `st_blocks`.
    private static let blockBytes = 512

    /// Gives the lock file in a directory its blocks, for as many slots as it has or will have.
    ///
    /// Its size stays, since that is what tells a process how many slots there are. Only for a directory that this process
    /// hasn't opened: closing a file lets go of the locks on it. A file that can't be written is left to LMDB, which says why
    /// or does without, and so is a file system that can't promise blocks.
    static func reserve(in path: String, readers: Int) throws(LMDBError) {
        let operation = "opening \(path)"
        let number = unsafe open(path + "/lock.mdb", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard number >= 0 else {
            if isFull(errno) { throw LMDBError(errno, operation) }
            return
        }
        defer { close(number) }
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { throw LMDBError(errno, operation) }
        let wanted = max(Int(status.st_size), headBytes + readers * slotBytes)
        if Int(status.st_blocks) * blockBytes >= wanted { return }
        var failure: Int32
        repeat { failure = clmdb_reserve_blocks(number, wanted) } while failure == EINTR
        if isFull(failure) { throw LMDBError(failure, operation) }
    }

    private static func isFull(_ number: Int32) -> Bool { [ENOSPC, EDQUOT, EFBIG].contains(number) }
}
