internal import CLMDB
internal import Synchronization

/// The map is replaced only while no transaction of this process is open; other processes learn of it when they begin
/// their next transaction, and follow.
extension Environment {
    /// The bytes that the map covers now.
    ///
    /// Only for use by a thread that the gate let in, or exclusively.
    private var mapSize: Int {
        var information = unsafe MDB_envinfo()
        unsafe mdb_env_info(handle, &information)
        return unsafe information.me_mapsize
    }

    /// The size of the map, to be compared with later by ``grow(from:)``; call with a transaction open.
    func currentMapSize() -> Int {
        mapSize
    }

    /// Makes the map larger than it was when it was found full, whoever does it.
    func grow(from full: Int) throws(LMDBError) {
        _ = try? clearStaleReaders()
        let limit = Self.roundedToPages(configuration.maximumMapSize)
        try replaceMap("growing", blocked: .growthBlocked(path)) { [self] in
            let adopted = adoptLargerMap()
            let size = mapSize
            if adopted != 0 || size > full { return adopted }
            if size >= limit { return MDB_MAP_FULL }
            return unsafe mdb_env_set_mapsize(handle, size > limit / 2 ? limit : size * 2)
        }
    }

    /// Takes over the size that another process gave the map.
    func adoptMapSize() throws(LMDBError) {
        try replaceMap("following the growth of", blocked: LMDBError(MDB_MAP_RESIZED, "reading \(path)")) { [self] in
            adoptLargerMap()
        }
    }

    /// Maps as much as the last commit of any process did, or as much as before if that is more.
    private func adoptLargerMap() -> Int32 {
        let before = mapSize
        let returnCode = unsafe mdb_env_set_mapsize(handle, 0)
        return returnCode != 0 || mapSize >= before ? returnCode : unsafe mdb_env_set_mapsize(handle, before)
    }

    private func replaceMap(
        _ operation: String, blocked: LMDBError, _ replace: () -> Int32
    ) throws(LMDBError) {
        if gate.isHeldByThisThread { throw blocked }
        let returnCode = gate.exclusively {
            let returnCode = replace()
            if returnCode != 0 && returnCode != MDB_MAP_FULL { unmapped.store(true, ordering: .releasing) }
            return returnCode
        }
        switch returnCode {
        case 0: break
        case nil: throw .closed(path, operation)
        case MDB_MAP_FULL: throw .mapFull(path, limit: configuration.maximumMapSize)
        case let failure?: throw LMDBError(failure, "\(operation) \(path)")
        }
    }
}
