public import CLMDB

/// A cursor that also writes, lent to a closure by ``WriteTransaction/withWriteCursor(in:_:)``.
///
/// Appending many entries through one cursor is the fastest way to write: it stays at the end of the table.
@safe public struct WriteCursor: ~Copyable {
    /// Where the cursor is, and the moves.
    public var position: Cursor

    @usableFromInline
    init(_ transaction: TransactionHandle, _ table: Table) throws(LMDBError) {
        position = try Cursor(transaction, table)
    }
}

extension WriteCursor {
    /// Stores a value; the cursor is on it afterwards.
    @inlinable
    public mutating func put(_ value: RawSpan, at key: RawSpan, mode: PutMode = .upsert) throws(LMDBError) {
        let transaction = position.transaction
        try transaction.beginWriting(value.byteCount, position.table)
        let returnCode = unsafe try transaction.withKey(key, position.table) { key in
            unsafe put(value, &key, mode.flags(position.table))
        }
        try written(returnCode)
    }

    /// Stores a value at an integer key; the cursor is on it afterwards.
    @inlinable
    public mutating func put(_ value: RawSpan, at key: UInt64, mode: PutMode = .upsert) throws(LMDBError) {
        let transaction = position.transaction
        try transaction.beginWriting(value.byteCount, position.table)
        let returnCode = unsafe try transaction.withKey(key, position.table) { key in
            unsafe put(value, &key, mode.flags(position.table))
        }
        try written(returnCode)
    }

    /// Adds the greatest of an integer key's integer duplicates.
    @inlinable
    public mutating func appendDuplicate(_ value: UInt64, at key: UInt64) throws(LMDBError) {
        if !position.table.flags.contains(.integerDup) { throw .notIntegerDuplicates(position.table) }
        let transaction = position.transaction
        try transaction.beginWriting(8, position.table)
        let returnCode = unsafe try transaction.withKey(key, position.table) { key in
            unsafe withUnsafeBytes(of: value) { bytes in
                var data = unsafe MDB_val(bytes)
                return unsafe mdb_cursor_put(position.pointer, &key, &data, UInt32(MDB_APPENDDUP))
            }
        }
        try written(returnCode)
    }

    /// Removes the entry that the cursor is on; `next` then moves to the one after it.
    ///
    /// Not among sorted duplicates: LMDB 0.9.24 goes wrong on repeated deletes there, so remove the whole key instead.
    public mutating func delete() throws(LMDBError) {
        if position.table.flags.contains(.dupSort) {
            throw LMDBError(MDB_INCOMPATIBLE, "deleting a duplicate in table \(position.table.name)")
        }
        guard position.place == .entry else { throw .notPositioned(position.table) }
        try position.transaction.beginWriting(8, position.table)
        let returnCode = unsafe mdb_cursor_del(position.pointer, 0)
        position.place = .gap
        if returnCode != 0 { throw position.transaction.writeFailed(returnCode, position.table) }
    }

    @inlinable
    func put(_ value: RawSpan, _ key: inout MDB_val, _ flags: UInt32) -> Int32 {
        unsafe value.withUnsafeBytes { bytes in
            var data = unsafe MDB_val(bytes)
            return unsafe mdb_cursor_put(position.pointer, &key, &data, flags)
        }
    }

    /// The cursor is on what was written, and will look where that lies when it is asked.
    @inlinable
    mutating func written(_ returnCode: Int32) throws(LMDBError) {
        if returnCode != 0 {
            position.place = .none
            throw position.transaction.writeFailed(returnCode, position.table)
        }
        position.place = .entry
    }
}

extension WriteTransaction {
    /// Lends a cursor that writes to `body`.
    @inlinable
    public func withWriteCursor<R>(in table: Table, _ body: (inout WriteCursor) throws -> R) throws -> R {
        var cursor = try WriteCursor(_handle, table)
        return try body(&cursor)
    }
}
