public import CLMDB

/// What a read and a write transaction have in common: everything that reads.
public protocol Transaction: ~Copyable {
    /// The inside of the transaction, of use to this module alone.
    var _handle: TransactionHandle { get }
}

/// The inside of a transaction; opaque outside this module.
@safe public struct TransactionHandle {
    @usableFromInline let pointer: OpaquePointer
    /// Of a write transaction; nil for a read transaction, in which nothing can move.
    @usableFromInline let writing: UnsafeMutablePointer<WriteState>?
    @usableFromInline let environment: UInt64

    init(_ pointer: OpaquePointer, _ writing: UnsafeMutablePointer<WriteState>?, _ environment: UInt64) {
        unsafe self.pointer = pointer
        unsafe self.writing = writing
        self.environment = environment
    }

    /// Calls `body` with a key that LMDB can read, after judging its size.
    @inlinable
    func withKey(_ key: RawSpan, _ table: Table, _ body: (inout MDB_val) -> Int32) throws(LMDBError) -> Int32 {
        try check(table)
        let count = key.byteCount
        if count == 0 || count > 511 || (count != 8 && table.flags.contains(.integerKey)) {
            throw .badKeySize(count, table)
        }
        return unsafe key.withUnsafeBytes { bytes in
            var value = unsafe MDB_val(bytes)
            return unsafe body(&value)
        }
    }

    /// Calls `body` with an integer key that LMDB can read.
    @inlinable
    func withKey(_ key: UInt64, _ table: Table, _ body: (inout MDB_val) -> Int32) throws(LMDBError) -> Int32 {
        try check(table)
        if !table.flags.contains(.integerKey) { throw .notIntegerKeyed(table) }
        return unsafe withUnsafeBytes(of: key) { bytes in
            var value = unsafe MDB_val(bytes)
            return unsafe body(&value)
        }
    }

    /// Refuses the tables of other environments.
    @inlinable
    func check(_ table: Table) throws(LMDBError) {
        if table.environment != environment { throw .otherEnvironment(table) }
    }

    /// Runs `body` with bytes of a value; until it returns, the transaction refuses to write.
    @inlinable
    func lend<R>(_ value: MDB_val, _ body: (RawSpan) throws -> R) throws -> R {
        unsafe writing?.pointee.lent += 1
        defer { unsafe writing?.pointee.lent -= 1 }
        return unsafe try body(value.buffer.bytes)
    }
}

/// What a write transaction must remember while it runs.
@usableFromInline
struct WriteState {
    /// How many closures have bytes of the transaction at the moment.
    @usableFromInline var lent = 0
    /// Grows with each write, so that cursors notice that what they point to may have moved.
    @usableFromInline var writes = 0
    /// The first failure after which LMDB refuses to commit.
    @usableFromInline var failure: Int32 = 0
}

extension MDB_val {
    /// The bytes pointed to, for as long as they stay where they are.
    @unsafe @inlinable var buffer: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: mv_data, count: mv_size)
    }

    /// A value for LMDB to read from.
    @unsafe @inlinable init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.init(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }
}
