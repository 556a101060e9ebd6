internal import CLMDB

extension Environment {
    /// What fills the data file, as of one commit.
    public struct Usage: Hashable, Sendable {
        /// The bytes of the data file.
        public let fileSize: Int
        /// The bytes of a page.
        public let pageSize: Int
        /// How many pages there are.
        public let pages: Int
        /// How many pages were given back, by the transaction that did.
        ///
        /// Those of the transaction of the oldest reader and of later ones can't be used again yet.
        public let freed: [UInt64: Int]
        /// The named tables, by name.
        public let tables: [TableUsage]

        /// How many pages hold nothing.
        public var freePages: Int { freed.values.reduce(0, +) }
        /// The bytes of the pages that hold something.
        public var usedBytes: Int { (pages - freePages) * pageSize }
        /// The bytes of the pages that hold nothing.
        public var freeBytes: Int { freePages * pageSize }

        /// The bytes of free pages that can't be used again as long as a reader sees a transaction.
        public func bytesHeldBack(by transaction: UInt64) -> Int {
            freed.reduce(0) { $0 + ($1.key >= transaction ? $1.value : 0) } * pageSize
        }
    }

    /// How large a table is.
    public struct TableUsage: Hashable, Sendable {
        /// The table's name.
        public let name: String
        /// How many entries it has; each of several values of a key counts.
        public let entries: Int
        /// How many pages a look at one key reads.
        public let depth: Int
        /// How many pages it has, without those of keys with very many values.
        public let pages: Int
    }

    /// What fills the data file at the moment; reads the list of free pages.
    public func usage() throws(LMDBError) -> Usage {
        let statistics = try statistics()
        let transaction = unsafe try begin(flags: UInt32(MDB_RDONLY), writing: false, "measuring")
        defer {
            unsafe mdb_txn_abort(transaction)
            leave(writing: false)
        }
        var freed: [UInt64: Int] = [:]
        unsafe try entries(of: 0, transaction) { key, value in
            guard key.byteCount == 8, value.byteCount >= 8 else { return }
            freed[unsafe key.unsafeLoadUnaligned(as: UInt64.self), default: 0] +=
                Int(clamping: unsafe value.unsafeLoadUnaligned(as: UInt64.self))
        }
        var tables: [TableUsage] = []
        unsafe try entries(of: 1, transaction) { key, value in
            if let table = TableUsage(name: key, record: value) { tables.append(table) }
        }
        return Usage(
            fileSize: statistics.fileSize, pageSize: statistics.pageSize, pages: statistics.lastPage + 1,
            freed: freed, tables: tables)
    }

    /// Lends the entries of one of the two tables that every environment has: 0 of free pages, 1 of tables.
    private func entries(
        of number: UInt32, _ transaction: OpaquePointer, _ body: (RawSpan, RawSpan) -> Void
    ) throws(LMDBError) {
        var opened: OpaquePointer?
        var returnCode = unsafe mdb_cursor_open(transaction, number, &opened)
        guard returnCode == 0, let cursor = unsafe opened else { throw LMDBError(returnCode, "measuring \(path)") }
        defer { unsafe mdb_cursor_close(cursor) }
        var (key, value) = unsafe (MDB_val(), MDB_val())
        while true {
            returnCode = unsafe mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
            if returnCode == MDB_NOTFOUND { return }
            if returnCode != 0 { throw LMDBError(returnCode, "measuring \(path)") }
            unsafe body(key.buffer.bytes, value.buffer.bytes)
        }
    }
}

extension Environment.TableUsage {
    /// The bytes of LMDB's own record of a table; nil for an entry that isn't one.
    fileprivate init?(name: RawSpan, record: RawSpan) {
        guard record.byteCount == 48 else { return nil }
        func number(at offset: Int) -> Int {
            Int(clamping: unsafe record.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        self.init(
            name: unsafe name.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) },
            entries: number(at: 32), depth: Int(unsafe record.unsafeLoadUnaligned(fromByteOffset: 6, as: UInt16.self)),
            pages: number(at: 8) + number(at: 16) + number(at: 24))
    }
}
