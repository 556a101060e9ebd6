internal import CLMDB
internal import Glibc

/// An open file descriptor, closed when the value goes away.
struct FileDescriptor: ~Copyable {
    let number: Int32

    /// Opens for reading; throws `.missing`, `.accessDenied` and the like.
    init(reading path: String, directory: Bool = false) throws(LMDBError) {
        let flags = O_RDONLY | O_CLOEXEC | (directory ? O_DIRECTORY : 0)
        number = unsafe open(path, flags)
        if number < 0 { throw LMDBError(errno, "opening \(path)") }
    }

    /// Opens for reading and writing, as a lock that keeps others from writing needs it.
    init(locking path: String) throws(LMDBError) {
        number = unsafe open(path, O_RDWR | O_CLOEXEC)
        if number < 0 { throw LMDBError(errno, "opening \(path)") }
    }

    deinit {
        close(number)
    }

    /// Waits until the file, or the names in the directory, are on disk.
    func sync(_ path: String) throws(LMDBError) {
        if fsync(number) != 0 { throw LMDBError(errno, "syncing \(path)") }
    }

    /// The size in bytes.
    func size() throws(LMDBError) -> Int {
        var status = stat()
        if unsafe fstat(number, &status) != 0 { throw LMDBError(errno, "reading the size of the data file") }
        return Int(status.st_size)
    }

    /// What tells this file from all others.
    func identity() throws(LMDBError) -> OpenEnvironments.Identity {
        var status = stat()
        if unsafe fstat(number, &status) != 0 { throw LMDBError(errno, "identifying the directory") }
        return OpenEnvironments.Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Reads up to `count` bytes at `offset`; fewer only at the end of the file.
    func read(_ count: Int, at offset: Int) throws(LMDBError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = unsafe pread(
                    number, buffer.baseAddress?.advanced(by: filled), count - filled, offset + filled)
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { break }
                filled += got
            }
        }
        if failure != 0 { throw LMDBError(failure, "reading the data file") }
        return bytes
    }

    /// Waits for the advisory lock of the directory, so that processes open an environment one after the other.
    ///
    /// File systems that have no such locks go without: LMDB's own lock still serialises the creation.
    func lockExclusively() {
        while flock(number, LOCK_EX) != 0 && errno == EINTR {}
    }

    /// Lets the next process have the lock.
    func unlock() {
        flock(number, LOCK_UN)
    }

    /// The name of the network file system that the file is on, or nil if it is on a local one.
    func networkFileSystem() -> String? {
        Self.networkFileSystemName(type: clmdb_file_system_type(number))
    }

    /// The magic numbers of Linux's `statfs` for file systems shared between machines.
    static func networkFileSystemName(type: UInt32) -> String? {
        switch type {
        case 0x6969: "NFS"
        case 0x517B: "SMB"
        case 0xFF53_4D42: "CIFS"
        case 0xFE53_4D42: "SMB2"
        case 0x5346_414F, 0x6B41_4653: "AFS"
        case 0x00C3_6400: "Ceph"
        case 0x0BD0_0BD0: "Lustre"
        case 0x7375_7245: "Coda"
        default: nil
        }
    }
}
