internal import CLMDB
internal import Glibc

extension Environment {
    /// How large an environment is.
    public struct Statistics: Hashable, Sendable {
        /// The bytes of address space reserved.
        public let mapSize: Int
        /// The bytes of the data file.
        public let fileSize: Int
        /// The bytes of a page.
        public let pageSize: Int
        /// The greatest page number in use.
        public let lastPage: Int
        /// The last committed transaction.
        public let lastTransaction: UInt64
        /// How many named tables there are.
        public let tables: Int
        /// How many reader slots were taken at most.
        public let readersInUse: Int
    }

    /// How large the environment is at the moment.
    public func statistics() throws(LMDBError) -> Statistics {
        try enter(writing: false, "measuring")
        defer { leave(writing: false) }
        var information = unsafe MDB_envinfo()
        var table = MDB_stat()
        var descriptor: Int32 = -1
        unsafe mdb_env_info(handle, &information)
        unsafe mdb_env_stat(handle, &table)
        unsafe mdb_env_get_fd(handle, &descriptor)
        var status = stat()
        if unsafe fstat(descriptor, &status) != 0 { throw LMDBError(errno, "measuring \(path)") }
        return unsafe Statistics(
            mapSize: information.me_mapsize, fileSize: Int(status.st_size), pageSize: Int(table.ms_psize),
            lastPage: information.me_last_pgno, lastTransaction: UInt64(information.me_last_txnid),
            tables: table.ms_entries, readersInUse: Int(information.me_numreaders))
    }

    /// Copies the last committed state into an empty or missing directory, while others read and write.
    ///
    /// A compacting copy leaves out free pages; bytes that were deleted may still stand in the unused ends of pages.
    /// A copy is a long read: until it ends, freed pages aren't used again. When this returns the copy is on disk.
    public func copy(to destination: String, compacting: Bool) throws(LMDBError) {
        let operation = "copying \(path) to \(destination)"
        if unsafe mkdir(destination, 0o777) != 0 && errno != EEXIST { throw LMDBError(errno, operation) }
        while true {
            try enter(writing: false, "copying")
            let returnCode = unsafe mdb_env_copy2(handle, destination, compacting ? UInt32(MDB_CP_COMPACT) : 0)
            leave(writing: false)
            if returnCode == 0 { break }
            if returnCode != MDB_MAP_RESIZED { throw LMDBError(returnCode, operation) }
            try adoptMapSize()
        }
        let file = destination + "/data.mdb"
        try FileDescriptor(reading: file).sync(file)
        try FileDescriptor(reading: destination, directory: true).sync(destination)
    }
}
