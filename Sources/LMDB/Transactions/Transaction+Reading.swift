public import CLMDB

/// Single values.
extension Transaction where Self: ~Copyable {
    /// Lends the value of a key to `body`; nil if there is none.
    @inlinable
    public func withValue<R>(of key: RawSpan, in table: Table, _ body: (RawSpan) throws -> R) throws -> R? {
        guard let value = unsafe try _handle.value(of: key, table) else { return nil }
        return unsafe try _handle.lend(value, body)
    }

    /// Lends the value of an integer key to `body`; nil if there is none.
    @inlinable
    public func withValue<R>(of key: UInt64, in table: Table, _ body: (RawSpan) throws -> R) throws -> R? {
        guard let value = unsafe try _handle.value(of: key, table) else { return nil }
        return unsafe try _handle.lend(value, body)
    }

    /// Lends the value of a key given as an array to `body`; nil if there is none.
    @inlinable
    public func withValue<R>(of key: [UInt8], in table: Table, _ body: (RawSpan) throws -> R) throws -> R? {
        try withValue(of: unsafe key.span.bytes, in: table, body)
    }

    /// A copy of a key's value, or nil.
    public func value(of key: RawSpan, in table: Table) throws(LMDBError) -> [UInt8]? {
        guard let value = unsafe try _handle.value(of: key, table) else { return nil }
        return unsafe Array(value.buffer)
    }

    /// A copy of an integer key's value, or nil.
    public func value(of key: UInt64, in table: Table) throws(LMDBError) -> [UInt8]? {
        guard let value = unsafe try _handle.value(of: key, table) else { return nil }
        return unsafe Array(value.buffer)
    }

    /// A copy of the value of a key given as an array, or nil.
    public func value(of key: [UInt8], in table: Table) throws(LMDBError) -> [UInt8]? {
        try value(of: unsafe key.span.bytes, in: table)
    }

    /// Whether a key is there.
    @inlinable
    public func contains(_ key: RawSpan, in table: Table) throws(LMDBError) -> Bool {
        unsafe try _handle.value(of: key, table) != nil
    }

    /// Whether an integer key is there.
    @inlinable
    public func contains(_ key: UInt64, in table: Table) throws(LMDBError) -> Bool {
        unsafe try _handle.value(of: key, table) != nil
    }

    /// Whether a key given as an array is there.
    @inlinable
    public func contains(_ key: [UInt8], in table: Table) throws(LMDBError) -> Bool {
        try contains(unsafe key.span.bytes, in: table)
    }

    /// How many entries a table has, each duplicate counted.
    public func count(of table: Table) throws(LMDBError) -> Int {
        try _handle.check(table)
        var statistics = MDB_stat()
        let returnCode = unsafe mdb_stat(_handle.pointer, table.dbi, &statistics)
        if returnCode != 0 { throw .failed(returnCode, "counting entries of", table) }
        return statistics.ms_entries
    }

    /// Lends a cursor to `body`.
    @inlinable
    public func withCursor<R>(in table: Table, _ body: (inout Cursor) throws -> R) throws -> R {
        var cursor = try Cursor(_handle, table)
        return try body(&cursor)
    }

    /// The smallest key, or nil of an empty table.
    public func firstKey(in table: Table) throws(LMDBError) -> [UInt8]? {
        var cursor = try Cursor(_handle, table)
        return try cursor.first() ? try cursor.key() : nil
    }

    /// The greatest key, or nil of an empty table.
    public func lastKey(in table: Table) throws(LMDBError) -> [UInt8]? {
        var cursor = try Cursor(_handle, table)
        return try cursor.last() ? try cursor.key() : nil
    }

    /// The smallest integer key, or nil of an empty table.
    public func firstIntegerKey(in table: Table) throws(LMDBError) -> UInt64? {
        var cursor = try Cursor(_handle, table)
        return try cursor.first() ? try cursor.integerKey() : nil
    }

    /// The greatest integer key, or nil of an empty table.
    public func lastIntegerKey(in table: Table) throws(LMDBError) -> UInt64? {
        var cursor = try Cursor(_handle, table)
        return try cursor.last() ? try cursor.integerKey() : nil
    }
}

extension TransactionHandle {
    @inlinable
    func value(of key: RawSpan, _ table: Table) throws(LMDBError) -> MDB_val? {
        var data = unsafe MDB_val()
        let returnCode = unsafe try withKey(key, table) { key in unsafe mdb_get(pointer, table.dbi, &key, &data) }
        return unsafe try found(returnCode, table) ? data : nil
    }

    @inlinable
    func value(of key: UInt64, _ table: Table) throws(LMDBError) -> MDB_val? {
        var data = unsafe MDB_val()
        let returnCode = unsafe try withKey(key, table) { key in unsafe mdb_get(pointer, table.dbi, &key, &data) }
        return unsafe try found(returnCode, table) ? data : nil
    }

    @inlinable
    func found(_ returnCode: Int32, _ table: Table) throws(LMDBError) -> Bool {
        if returnCode == 0 { return true }
        if returnCode == MDB_NOTFOUND { return false }
        throw .failed(returnCode, "reading", table)
    }
}
