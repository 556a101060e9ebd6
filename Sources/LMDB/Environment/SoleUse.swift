internal import Glibc

/// The sole use of an environment: no other process has it open, and whoever wants to open it waits.
///
/// The environment is closed when this goes away, since its own locks go with it.
@safe public struct SoleUse: ~Copyable {
    private let environment: Environment
    private let directory: FileDescriptor
    private let lockFile: FileDescriptor
    private let transaction: UInt64

    /// Takes an environment that this process has open for itself.
    ///
    /// Throws `.inUse` if another process has it open; the environment is closed then, too.
    public init(of environment: Environment) throws(LMDBError) {
        let path = environment.path
        do throws(LMDBError) {
            let directory = try FileDescriptor(reading: path, directory: true)
            // Held from here on: Cairn's own processes open an environment under this lock.
            directory.lockExclusively()
            let lockFile = try FileDescriptor(locking: path + "/lock.mdb")
            try Self.excludeOthers(lockFile, path)
            self.transaction = try environment.statistics().lastTransaction
            self.directory = directory
            self.lockFile = lockFile
            self.environment = environment
        } catch {
            environment.close()
            throw error
        }
    }

    deinit {
        environment.close()
    }

    /// Puts a data file in the place of the environment's, at once and on disk; the environment is closed.
    ///
    /// The file must be in the same file system, and made of the state that the environment has had since the sole use
    /// began: if this process has written to it meanwhile, that is an error.
    public consuming func replaceData(with file: String) throws(LMDBError) {
        let path = environment.path
        guard try environment.statistics().lastTransaction == transaction else {
            throw LMDBError(
                code: .inUse, operation: "replacing the data of \(path)",
                message: "this process has written to it since the copy was begun; try again")
        }
        try FileDescriptor(reading: file).sync(file)
        if unsafe rename(file, path + "/data.mdb") != 0 { throw LMDBError(errno, "replacing the data of \(path)") }
        try directory.sync(path)
    }

    /// LMDB itself holds a shared lock on the first byte of the lock file as long as an environment is open.
    private static func excludeOthers(_ lockFile: borrowing FileDescriptor, _ path: String) throws(LMDBError) {
        var wanted = flock()
        wanted.l_type = Int16(F_WRLCK)
        wanted.l_whence = Int16(SEEK_SET)
        wanted.l_start = 0
        wanted.l_len = 1
        while unsafe fcntl(lockFile.number, F_SETLK, &wanted) != 0 {
            switch errno {
            case EINTR: continue
            case EACCES, EAGAIN:
                let isTold = unsafe fcntl(lockFile.number, F_GETLK, &wanted) == 0 && wanted.l_type != Int16(F_UNLCK)
                throw .inUse(path, by: isTold && wanted.l_pid > 0 ? wanted.l_pid : nil)
            default: throw LMDBError(errno, "locking \(path)/lock.mdb")
            }
        }
    }
}
