public import CLMDB

/// A place in a table that moves in key order; lent to a closure by ``Transaction/withCursor(in:_:)``.
///
/// Moves return whether there is an entry. After `false` the cursor is on none, and stays so until it seeks again. A
/// cursor that hasn't moved yet begins with `next` at the first entry and with `previous` at the last.
@safe public struct Cursor: ~Copyable {
    @usableFromInline
    enum Place {
        case unset, entry, gap, none
    }

    @usableFromInline let pointer: OpaquePointer
    @usableFromInline let transaction: TransactionHandle
    /// The table that the cursor is in.
    public let table: Table
    @usableFromInline var keyBytes = unsafe MDB_val()
    @usableFromInline var valueBytes = unsafe MDB_val()
    @usableFromInline var place = Place.unset
    @usableFromInline var writesSeen = 0

    @usableFromInline
    init(_ transaction: TransactionHandle, _ table: Table) throws(LMDBError) {
        try transaction.check(table)
        var opened: OpaquePointer?
        let returnCode = unsafe mdb_cursor_open(transaction.pointer, table.dbi, &opened)
        guard returnCode == 0, let opened = unsafe opened else {
            throw .failed(returnCode, "opening a cursor in", table)
        }
        unsafe pointer = opened
        self.transaction = transaction
        self.table = table
    }

    deinit {
        unsafe mdb_cursor_close(pointer)
    }
}

extension Cursor {
    /// Moves to the first entry.
    @inlinable public mutating func first() throws(LMDBError) -> Bool { try move(MDB_FIRST) }

    /// Moves to the last entry.
    @inlinable public mutating func last() throws(LMDBError) -> Bool { try move(MDB_LAST) }

    /// Moves to the next entry.
    @inlinable public mutating func next() throws(LMDBError) -> Bool { try step(MDB_NEXT) }

    /// Moves to the previous entry.
    @inlinable public mutating func previous() throws(LMDBError) -> Bool { try step(MDB_PREV) }

    /// Moves to the next value of the same key.
    @inlinable public mutating func nextDuplicate() throws(LMDBError) -> Bool { try step(MDB_NEXT_DUP) }

    /// Moves to the previous value of the same key.
    @inlinable public mutating func previousDuplicate() throws(LMDBError) -> Bool { try step(MDB_PREV_DUP) }

    /// Moves to the greatest value of the same key.
    @inlinable public mutating func lastDuplicate() throws(LMDBError) -> Bool {
        place == .none ? false : try moveToLastDuplicate()
    }

    /// Moves to the first value of the next key.
    @inlinable public mutating func nextKey() throws(LMDBError) -> Bool { try step(MDB_NEXT_NODUP) }

    /// Moves to the last value of the previous key.
    @inlinable public mutating func previousKey() throws(LMDBError) -> Bool { try step(MDB_PREV_NODUP) }

    /// Moves to the first entry whose key is this one or greater.
    @inlinable public mutating func seek(to key: RawSpan) throws(LMDBError) -> Bool { try seek(key, MDB_SET_RANGE) }

    /// Moves to the first entry whose integer key is this one or greater.
    @inlinable public mutating func seek(to key: UInt64) throws(LMDBError) -> Bool { try seek(key, MDB_SET_RANGE) }

    /// Moves to the first entry of exactly this key.
    @inlinable public mutating func seek(exactly key: RawSpan) throws(LMDBError) -> Bool { try seek(key, MDB_SET_KEY) }

    /// Moves to the first entry of exactly this integer key.
    @inlinable public mutating func seek(exactly key: UInt64) throws(LMDBError) -> Bool { try seek(key, MDB_SET_KEY) }

    /// Moves to the last entry whose key is this one or smaller.
    @inlinable
    public mutating func seek(atOrBefore key: RawSpan) throws(LMDBError) -> Bool {
        if try seek(exactly: key) { return try atLastDuplicate() }
        return try seek(to: key) ? try step(MDB_PREV) : try move(MDB_LAST)
    }

    /// Moves to the last entry whose integer key is this one or smaller.
    @inlinable
    public mutating func seek(atOrBefore key: UInt64) throws(LMDBError) -> Bool {
        if try seek(exactly: key) { return try atLastDuplicate() }
        return try seek(to: key) ? try step(MDB_PREV) : try move(MDB_LAST)
    }

    /// Moves to the first of an integer key's integer duplicates that is `value` or greater.
    @inlinable
    public mutating func seek(to key: UInt64, duplicate value: UInt64) throws(LMDBError) -> Bool {
        if !table.flags.contains(.integerDup) { throw .notIntegerDuplicates(table) }
        let returnCode = unsafe try transaction.withKey(key, table) { wanted in
            unsafe withUnsafeBytes(of: value) { bytes in
                unsafe keyBytes = wanted
                unsafe valueBytes = MDB_val(bytes)
                return unsafe mdb_cursor_get(pointer, &keyBytes, &valueBytes, MDB_GET_BOTH_RANGE)
            }
        }
        // This operation leaves the key as it was passed in, which is a local of ours.
        guard try moved(returnCode) else { return false }
        return try move(MDB_GET_CURRENT)
    }

    /// Whether the cursor is on an entry.
    @inlinable public var isOnEntry: Bool { place == .entry }

    /// Lends the entry's key and value.
    @inlinable
    public mutating func withEntry<R>(_ body: (RawSpan, RawSpan) throws -> R) throws -> R {
        try refresh()
        let key = unsafe keyBytes
        return unsafe try transaction.lend(valueBytes) { value in unsafe try body(key.buffer.bytes, value) }
    }

    /// Lends the entry's value, with its integer key.
    @inlinable
    public mutating func withIntegerEntry<R>(_ body: (UInt64, RawSpan) throws -> R) throws -> R {
        try refresh()
        let key = unsafe try integer(keyBytes)
        return unsafe try transaction.lend(valueBytes) { value in try body(key, value) }
    }

    /// The entry's key, copied.
    public mutating func key() throws(LMDBError) -> [UInt8] {
        try refresh()
        return unsafe Array(keyBytes.buffer)
    }

    /// The entry's integer key.
    @inlinable
    public mutating func integerKey() throws(LMDBError) -> UInt64 {
        try refresh()
        return unsafe try integer(keyBytes)
    }

    /// How many values the entry's key has.
    public mutating func duplicateCount() throws(LMDBError) -> Int {
        try refresh()
        var count = 0
        let returnCode = unsafe mdb_cursor_count(pointer, &count)
        if returnCode != 0 { throw .failed(returnCode, "counting duplicates in", table) }
        return count
    }
}

extension Cursor {
    @inlinable
    mutating func move(_ operation: MDB_cursor_op) throws(LMDBError) -> Bool {
        try moved(unsafe mdb_cursor_get(pointer, &keyBytes, &valueBytes, operation))
    }

    /// A move relative to the present place.
    @inlinable
    mutating func step(_ operation: MDB_cursor_op) throws(LMDBError) -> Bool {
        place == .none ? false : try move(operation)
    }

    @inlinable
    mutating func moved(_ returnCode: Int32) throws(LMDBError) -> Bool {
        if returnCode == 0 {
            if let writing = unsafe transaction.writing { writesSeen = unsafe writing.pointee.writes }
            place = .entry
            return true
        }
        place = .none
        if returnCode == MDB_NOTFOUND { return false }
        throw .failed(returnCode, "moving in", table)
    }

    @inlinable
    mutating func seek(_ wanted: RawSpan, _ operation: MDB_cursor_op) throws(LMDBError) -> Bool {
        let returnCode = unsafe try transaction.withKey(wanted, table) { wanted in
            unsafe keyBytes = wanted
            return unsafe mdb_cursor_get(pointer, &keyBytes, &valueBytes, operation)
        }
        return try moved(returnCode)
    }

    @inlinable
    mutating func seek(_ wanted: UInt64, _ operation: MDB_cursor_op) throws(LMDBError) -> Bool {
        let returnCode = unsafe try transaction.withKey(wanted, table) { wanted in
            unsafe keyBytes = wanted
            return unsafe mdb_cursor_get(pointer, &keyBytes, &valueBytes, operation)
        }
        return try moved(returnCode)
    }

    @inlinable
    mutating func atLastDuplicate() throws(LMDBError) -> Bool {
        table.flags.contains(.dupSort) ? try moveToLastDuplicate() : true
    }

    @inlinable
    mutating func moveToLastDuplicate() throws(LMDBError) -> Bool {
        guard try move(MDB_LAST_DUP) else { return false }
        return try move(MDB_GET_CURRENT)
    }

    /// Looks again at the entry if something was written since the cursor moved, as it may lie elsewhere now.
    @inlinable
    mutating func refresh() throws(LMDBError) {
        guard place == .entry else { throw .notPositioned(table) }
        guard let writing = unsafe transaction.writing, unsafe writing.pointee.writes != writesSeen else { return }
        guard try move(MDB_GET_CURRENT) else { throw .notPositioned(table) }
    }

    @inlinable
    func integer(_ bytes: MDB_val) throws(LMDBError) -> UInt64 {
        guard table.flags.contains(.integerKey), unsafe bytes.mv_size == 8 else { throw .notIntegerKeyed(table) }
        return unsafe bytes.buffer.loadUnaligned(as: UInt64.self)
    }
}
