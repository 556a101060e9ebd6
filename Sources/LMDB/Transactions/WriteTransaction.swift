public import CLMDB

/// A write transaction, lent to a closure by ``Environment/write(_:)``: everything a reader can, and writing.
@safe public struct WriteTransaction: Transaction, ~Copyable {
    /// The inside of the transaction, of use to this module alone.
    public let _handle: TransactionHandle

    init(_ handle: TransactionHandle) {
        _handle = handle
    }
}

/// What to do about a key that is there already.
public enum PutMode: Sendable {
    /// Replaces the value; among sorted duplicates, adds it.
    case upsert
    /// Throws `.keyExists`; among sorted duplicates, only if key and value are there.
    case insert
    /// The key is greater than all others, or it throws `.keyExists`. The fastest, and it fills pages wholly.
    case append

    @inlinable
    func flags(_ table: Table) -> UInt32 {
        let duplicates = table.flags.contains(.dupSort)
        return switch self {
        case .upsert: 0
        case .insert: UInt32(duplicates ? MDB_NODUPDATA : MDB_NOOVERWRITE)
        case .append: UInt32(duplicates ? MDB_APPENDDUP : MDB_APPEND)
        }
    }
}

extension WriteTransaction {
    /// Stores a value.
    @inlinable
    public func put(_ value: RawSpan, at key: RawSpan, in table: Table, mode: PutMode = .upsert) throws(LMDBError) {
        try _handle.beginWriting(value.byteCount, table)
        let returnCode = unsafe try _handle.withKey(key, table) { key in
            unsafe _handle.put(value, &key, table, mode.flags(table))
        }
        if returnCode != 0 { throw _handle.writeFailed(returnCode, table) }
    }

    /// Stores a value at an integer key.
    @inlinable
    public func put(_ value: RawSpan, at key: UInt64, in table: Table, mode: PutMode = .upsert) throws(LMDBError) {
        try _handle.beginWriting(value.byteCount, table)
        let returnCode = unsafe try _handle.withKey(key, table) { key in
            unsafe _handle.put(value, &key, table, mode.flags(table))
        }
        if returnCode != 0 { throw _handle.writeFailed(returnCode, table) }
    }

    /// Stores a value given as arrays.
    @inlinable
    public func put(_ value: [UInt8], at key: [UInt8], in table: Table, mode: PutMode = .upsert) throws(LMDBError) {
        try put(unsafe value.span.bytes, at: unsafe key.span.bytes, in: table, mode: mode)
    }

    /// Stores a value given as an array at an integer key.
    @inlinable
    public func put(_ value: [UInt8], at key: UInt64, in table: Table, mode: PutMode = .upsert) throws(LMDBError) {
        try put(unsafe value.span.bytes, at: key, in: table, mode: mode)
    }

    /// Adds the greatest of an integer key's integer duplicates; throws `.keyExists` if it isn't the greatest.
    @inlinable
    public func appendDuplicate(_ value: UInt64, at key: UInt64, in table: Table) throws(LMDBError) {
        if !table.flags.contains(.integerDup) { throw .notIntegerDuplicates(table) }
        try _handle.beginWriting(8, table)
        let returnCode = unsafe try _handle.withKey(key, table) { key in
            unsafe withUnsafeBytes(of: value) { bytes in
                var data = unsafe MDB_val(bytes)
                return unsafe mdb_put(_handle.pointer, table.dbi, &key, &data, UInt32(MDB_APPENDDUP))
            }
        }
        if returnCode != 0 { throw _handle.writeFailed(returnCode, table) }
    }

    /// Stores a value of `count` bytes that `fill` writes straight into its page; what it leaves out is zero.
    public func reserve(
        _ count: Int, at key: RawSpan, in table: Table, mode: PutMode = .upsert,
        _ fill: (inout OutputRawSpan) throws -> Void
    ) throws {
        if table.flags.contains(.dupSort) { throw LMDBError(MDB_INCOMPATIBLE, "reserving in table \(table.name)") }
        try _handle.beginWriting(count, table)
        var data = unsafe MDB_val(mv_size: count, mv_data: nil)
        let returnCode = unsafe try _handle.withKey(key, table) { key in
            unsafe mdb_put(_handle.pointer, table.dbi, &key, &data, mode.flags(table) | UInt32(MDB_RESERVE))
        }
        if returnCode != 0 { throw _handle.writeFailed(returnCode, table) }
        unsafe try _handle.fill(UnsafeMutableRawBufferPointer(start: data.mv_data, count: count), fill)
    }

    /// Removes a key with all its values; false if it isn't there.
    @discardableResult
    public func delete(_ key: RawSpan, in table: Table) throws(LMDBError) -> Bool {
        try _handle.beginWriting(8, table)
        let returnCode = unsafe try _handle.withKey(key, table) { key in
            unsafe mdb_del(_handle.pointer, table.dbi, &key, nil)
        }
        return try deleted(returnCode, table)
    }

    /// Removes an integer key with all its values; false if it isn't there.
    @discardableResult
    public func delete(_ key: UInt64, in table: Table) throws(LMDBError) -> Bool {
        try _handle.beginWriting(8, table)
        let returnCode = unsafe try _handle.withKey(key, table) { key in
            unsafe mdb_del(_handle.pointer, table.dbi, &key, nil)
        }
        return try deleted(returnCode, table)
    }

    /// Removes a key given as an array; false if it isn't there.
    @discardableResult
    public func delete(_ key: [UInt8], in table: Table) throws(LMDBError) -> Bool {
        try delete(unsafe key.span.bytes, in: table)
    }

    /// Removes everything in a table; the table stays.
    public func clear(_ table: Table) throws(LMDBError) {
        try _handle.check(table)
        try _handle.beginWriting(8, table)
        let returnCode = unsafe mdb_drop(_handle.pointer, table.dbi, 0)
        if returnCode != 0 { throw _handle.writeFailed(returnCode, table) }
    }

    private func deleted(_ returnCode: Int32, _ table: Table) throws(LMDBError) -> Bool {
        if returnCode == MDB_NOTFOUND { return false }
        if returnCode != 0 { throw _handle.writeFailed(returnCode, table) }
        return true
    }
}

extension TransactionHandle {
    /// Refuses a write while bytes are lent, or of a value that the table can't hold; tells cursors to look again.
    @inlinable
    func beginWriting(_ count: Int, _ table: Table) throws(LMDBError) {
        guard let writing = unsafe writing else { return }
        if unsafe writing.pointee.lent != 0 { throw .valueLent(table) }
        if count != 8 && table.flags.contains(.integerDup) { throw .badValueSize(count, table) }
        unsafe writing.pointee.writes &+= 1
    }

    @inlinable
    func put(_ value: RawSpan, _ key: inout MDB_val, _ table: Table, _ flags: UInt32) -> Int32 {
        unsafe value.withUnsafeBytes { bytes in
            var data = unsafe MDB_val(bytes)
            return unsafe mdb_put(pointer, table.dbi, &key, &data, flags)
        }
    }

    /// Lends reserved bytes to `fill`, and sets to zero what it leaves out.
    func fill(_ bytes: UnsafeMutableRawBufferPointer, _ fill: (inout OutputRawSpan) throws -> Void) throws {
        unsafe writing?.pointee.lent += 1
        var output = unsafe OutputRawSpan(buffer: bytes, initializedCount: 0)
        var failure: (any Error)?
        do { try fill(&output) } catch { failure = error }
        let written = unsafe output.finalize(for: bytes)
        unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[written...]).initializeMemory(as: UInt8.self, repeating: 0)
        unsafe writing?.pointee.lent -= 1
        if let failure { throw failure }
    }

    /// The error of a write, after noting whether the transaction can still be committed.
    @usableFromInline
    func writeFailed(_ returnCode: Int32, _ table: Table) -> LMDBError {
        let harmless = [MDB_KEYEXIST, MDB_NOTFOUND, MDB_BAD_VALSIZE, MDB_INCOMPATIBLE, MDB_BAD_DBI]
        if let writing = unsafe writing, unsafe writing.pointee.failure == 0, !harmless.contains(returnCode) {
            unsafe writing.pointee.failure = returnCode
        }
        return .failed(returnCode, "writing to", table)
    }
}
