internal import CLMDB
internal import Glibc

extension Environment {
    /// Opens the environment in a directory.
    ///
    /// With `.readWrite` the directory, though not its parents, is made if it is missing. What is there already is
    /// judged before it is mapped: a file that isn't LMDB's, of another version, or cut short is an error and never a
    /// signal; so is a disk that has no room for the lock file. Slots of readers that died are cleared.
    public static func open(at path: String, _ configuration: Configuration = .init()) throws(LMDBError) -> Environment
    {
        try prepareDirectory(path, configuration)
        let directory = try FileDescriptor(reading: path, directory: true)
        if let network = directory.networkFileSystem() { throw .networkFileSystem(path, network) }
        let identity = try directory.identity()
        guard OpenEnvironments.register(identity) else { throw .alreadyOpen(path) }
        directory.lockExclusively()
        do throws(LMDBError) {
            let dataFile = try checkDataFile(path, configuration)
            try LockFile.reserve(in: path, readers: max(1, configuration.maxReaders))
            let handle = unsafe try openHandle(path, configuration, dataFile)
            directory.unlock()
            let environment = unsafe Environment(handle, path, configuration, directory, identity)
            _ = try? environment.clearStaleReaders()
            return environment
        } catch {
            OpenEnvironments.unregister(identity)
            throw error
        }
    }

    private static func prepareDirectory(_ path: String, _ configuration: Configuration) throws(LMDBError) {
        var status = stat()
        if unsafe stat(path, &status) == 0 { return }
        guard errno == ENOENT else { throw LMDBError(errno, "opening \(path)") }
        guard configuration.access == .readWrite else { throw .missing(path) }
        if unsafe mkdir(path, 0o777) != 0 && errno != EEXIST { throw LMDBError(errno, "creating \(path)") }
    }

    private static func checkDataFile(_ path: String, _ configuration: Configuration) throws(LMDBError) -> DataFile? {
        let file = path + "/data.mdb"
        var status = stat()
        if unsafe stat(file, &status) != 0 && errno == ENOENT {
            if configuration.access == .readOnly { throw .missing(path) }
            return nil
        }
        let found = try DataFile.check(file)
        if found == nil && configuration.access == .readOnly {
            throw LMDBError(
                code: .truncated, operation: "opening \(path)",
                message: "the data file is empty; restore it from a copy, or open with .readWrite to begin anew")
        }
        return found
    }

    private static func openHandle(
        _ path: String, _ configuration: Configuration, _ found: DataFile?
    ) throws(LMDBError) -> OpaquePointer {
        var created: OpaquePointer?
        let returnCode = unsafe mdb_env_create(&created)
        guard returnCode == 0, let handle = unsafe created else { throw LMDBError(returnCode, "opening \(path)") }
        let failure = unsafe configureAndOpen(handle, path, configuration, found)
        if failure != 0 {
            unsafe mdb_env_close(handle)
            throw LMDBError(failure, "opening \(path)")
        }
        return unsafe handle
    }

    private static func configureAndOpen(
        _ handle: OpaquePointer, _ path: String, _ configuration: Configuration, _ found: DataFile?
    ) -> Int32 {
        let mapSize = roundedToPages(max(configuration.initialMapSize, found?.mapSize ?? 0, 1 << 20))
        var flags = UInt32(MDB_NOTLS)
        if configuration.access == .readOnly { flags |= UInt32(MDB_RDONLY) }
        if configuration.durability == .noSync { flags |= UInt32(MDB_NOSYNC) }
        var returnCode = unsafe mdb_env_set_mapsize(handle, mapSize)
        if returnCode == 0 { returnCode = unsafe mdb_env_set_maxdbs(handle, UInt32(clamping: configuration.maxTables)) }
        if returnCode == 0 {
            returnCode = unsafe mdb_env_set_maxreaders(handle, UInt32(clamping: max(1, configuration.maxReaders)))
        }
        return returnCode != 0 ? returnCode : unsafe mdb_env_open(handle, path, flags, 0o666)
    }

    /// The map is a whole number of the largest pages of any machine.
    static func roundedToPages(_ bytes: Int) -> Int {
        let page = 65_536
        return (min(bytes, Int.max - page) + page - 1) / page * page
    }
}
