internal import CLMDB
internal import Synchronization

extension Environment {
    /// Opens a table, and makes it if it is missing and `create` says so.
    ///
    /// Call it outside of transactions, before those that use the table. Opening a table again is cheap.
    public func openTable(
        _ name: String, flags: TableFlags = [], create: Bool = true
    ) throws(LMDBError) -> Table {
        if gate.isHeldByThisThread { throw .nested("opening table \(name)") }
        let found = tableOpening.withLock { _ in
            Result { () throws(LMDBError) in try open(name, flags, create: create) }
        }
        return try found.get()
    }

    private func open(_ name: String, _ flags: TableFlags, create: Bool) throws(LMDBError) -> Table {
        if let table = try openExisting(name, flags) { return table }
        guard create else { throw .noSuchTable(name) }
        guard configuration.access == .readWrite else { throw .readOnly(path, "creating table \(name) in") }
        return try openCreating(name, flags)
    }

    private func openExisting(_ name: String, _ flags: TableFlags) throws(LMDBError) -> Table? {
        let transaction = unsafe try begin(flags: UInt32(MDB_RDONLY), writing: false, "reading")
        defer { leave(writing: false) }
        var dbi: UInt32 = 0
        let returnCode = unsafe mdb_dbi_open(transaction, name, 0, &dbi)
        if returnCode != 0 {
            unsafe mdb_txn_abort(transaction)
            if returnCode == MDB_NOTFOUND { return nil }
            throw LMDBError(returnCode, "opening table \(name)")
        }
        return unsafe try finish(transaction, name, flags, dbi)
    }

    private func openCreating(_ name: String, _ flags: TableFlags) throws(LMDBError) -> Table {
        while true {
            let transaction = unsafe try begin(flags: 0, writing: true, "creating table \(name) in")
            let mapSize = currentMapSize()
            var dbi: UInt32 = 0
            let returnCode = unsafe mdb_dbi_open(transaction, name, flags.rawValue | UInt32(MDB_CREATE), &dbi)
            if returnCode == 0 {
                defer { leave(writing: true) }
                return unsafe try finish(transaction, name, flags, dbi)
            }
            unsafe mdb_txn_abort(transaction)
            leave(writing: true)
            if returnCode != MDB_MAP_FULL { throw LMDBError(returnCode, "creating table \(name)") }
            try grow(from: mapSize)
        }
    }

    /// Ends the transaction so that the handle stays valid, and compares the flags.
    private func finish(
        _ transaction: OpaquePointer, _ name: String, _ flags: TableFlags, _ dbi: UInt32
    ) throws(LMDBError) -> Table {
        var stored: UInt32 = 0
        unsafe mdb_dbi_flags(transaction, dbi, &stored)
        let found = TableFlags(rawValue: stored).intersection(.known)
        guard found == flags else {
            unsafe mdb_txn_abort(transaction)
            throw .otherFlags(name, asked: flags, found: found)
        }
        let returnCode = unsafe mdb_txn_commit(transaction)
        if returnCode != 0 { throw LMDBError(returnCode, "opening table \(name)") }
        return Table(name: name, flags: found, dbi: dbi, environment: identifier)
    }
}
