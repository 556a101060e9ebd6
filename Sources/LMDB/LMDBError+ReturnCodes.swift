internal import CLMDB
internal import Glibc

/// The text of every error is made here, where the manual of each call is open.
extension LMDBError {
    /// The general mapping of a return code of LMDB or the operating system.
    init(_ returnCode: Int32, _ operation: String) {
        let (code, message) = Self.meaning(of: returnCode)
        self.init(code: code, operation: operation, message: message)
    }

    private static func meaning(of returnCode: Int32) -> (Code, String) {
        if let own = meaningInLMDB(returnCode) { return own }
        return switch returnCode {
        case ENOSPC, EFBIG, EDQUOT:
            (.noSpace, "\(text(of: returnCode)); free space, or raise the quota or file size limit, and try again")
        case EACCES, EPERM:
            (
                .accessDenied,
                "\(text(of: returnCode)); check the owner and mode of the directory and its files: "
                    + "who reads needs to write to lock.mdb there, or a copy, or a read-only mount"
            )
        case EROFS:
            (.readOnly, "the file system is read-only; open with access .readOnly, or copy the directory elsewhere")
        case ENOENT, ENOTDIR:
            (.missing, "\(text(of: returnCode)); check the path")
        case ENOMEM:
            (
                .other(returnCode),
                "no address space or memory for the map; raise the limit (ulimit -v) or shrink the map"
            )
        default:
            (.other(returnCode), text(of: returnCode))
        }
    }

    private static func meaningInLMDB(_ returnCode: Int32) -> (Code, String)? {
        switch returnCode {
        case MDB_KEYEXIST: (.keyExists, "the key exists already, or isn't greater than the last one")
        case MDB_NOTFOUND: (.notFound, "no such entry")
        case MDB_PAGE_NOTFOUND: (.corrupted, "a page that is referred to doesn't exist; restore from a copy")
        case MDB_CORRUPTED: (.corrupted, "a page has the wrong type; restore from a copy")
        case MDB_PANIC: (.panicked, "writing a meta page failed earlier; close the environment and open it again")
        case MDB_VERSION_MISMATCH: (.versionMismatch, "the file has another format version than this LMDB reads")
        case MDB_INVALID: (.invalid, "the file isn't an LMDB data file")
        case MDB_MAP_FULL: (.mapFull, "the map is full")
        case MDB_DBS_FULL: (.tablesFull, "every table slot is taken; open with a larger maxTables")
        case MDB_READERS_FULL:
            (.readersFull, "every reader slot is taken; readers() names the processes, maxReaders sets how many")
        case MDB_TXN_FULL: (.transactionFailed, "the transaction has too many changed pages; commit smaller batches")
        case MDB_MAP_RESIZED: (.mapResized, "another process grew the map; end the outer transaction and try again")
        case MDB_INCOMPATIBLE: (.incompatible, "the operation doesn't fit the table's flags")
        case MDB_BAD_RSLOT: (.transactionFailed, "the reader slot is in use by another transaction")
        case MDB_BAD_TXN:
            (.transactionFailed, "an earlier failure made this transaction unusable; let it abort and run it again")
        case MDB_BAD_VALSIZE:
            (.badSize, "a key must have 1 to 511 bytes, like a value among sorted duplicates; values at most 4 GiB")
        case MDB_BAD_DBI: (.incompatible, "the table was opened after this transaction began; open tables first")
        default: nil
        }
    }

    private static func text(of returnCode: Int32) -> String {
        unsafe String(cString: mdb_strerror(returnCode))
    }
}

extension LMDBError {
    static func alreadyOpen(_ path: String) -> Self {
        Self(
            code: .alreadyOpen, operation: "opening \(path)",
            message: "this process has it open already, and a second opening would drop the first one's locks; share it"
        )
    }

    static func inUse(_ path: String, by process: Int32?) -> Self {
        Self(
            code: .inUse, operation: "taking \(path) for sole use",
            message: (process.map { "process \($0) has it open" } ?? "another process has it open")
                + "; end it, or wait until it has ended, and try again")
    }

    static func closed(_ path: String, _ operation: String) -> Self {
        Self(code: .closed, operation: "\(operation) \(path)", message: "the environment was closed; open it again")
    }

    static func forked(_ path: String, _ operation: String) -> Self {
        Self(
            code: .forked, operation: "\(operation) \(path)",
            message: "the environment was opened before fork(); the child must open its own")
    }

    static func nested(_ operation: String) -> Self {
        Self(
            code: .nestedTransaction, operation: operation,
            message: "this thread has a transaction open and would wait for itself; finish that one first")
    }

    static func growthBlocked(_ path: String) -> Self {
        Self(
            code: .growthBlocked, operation: "growing \(path)",
            message: "the map must grow, but this thread has an outer transaction open; end it before writing")
    }

    static func mapFull(_ path: String, limit: Int) -> Self {
        Self(
            code: .mapFull, operation: "growing \(path)",
            message: "the map has reached maximumMapSize (\(limit) bytes); open with a larger one")
    }

    static func missing(_ path: String) -> Self {
        Self(
            code: .missing, operation: "opening \(path)",
            message: "there is no LMDB environment; check the path, or open with access .readWrite to create one")
    }

    static func readOnly(_ path: String, _ operation: String) -> Self {
        Self(
            code: .readOnly, operation: "\(operation) \(path)",
            message: "the environment was opened with access .readOnly; open it with .readWrite")
    }

    static func unmapped(_ path: String, _ operation: String) -> Self {
        Self(
            code: .panicked, operation: "\(operation) \(path)",
            message: "mapping the grown file failed earlier; close the environment and open it again")
    }

    static func networkFileSystem(_ path: String, _ name: String) -> Self {
        Self(
            code: .unsupportedFileSystem, operation: "opening \(path)",
            message: "\(name) is a network file system, on which locks and maps aren't reliable; use a local disk")
    }

    static func noSuchTable(_ name: String) -> Self {
        Self(
            code: .missing, operation: "opening table \(name)",
            message: "there is no such table; open it with create: true, or check the name")
    }

    static func otherFlags(_ name: String, asked: TableFlags, found: TableFlags) -> Self {
        Self(
            code: .incompatible, operation: "opening table \(name)",
            message: "it was created with flags \(found.rawValue), not \(asked.rawValue); open it with the same ones")
    }
}

/// Errors of single operations, out of line so that the fast paths stay small.
extension LMDBError {
    @usableFromInline
    static func failed(_ returnCode: Int32, _ doing: StaticString, _ table: Table) -> Self {
        Self(returnCode, "\(doing) table \(table.name)")
    }

    @usableFromInline
    static func badKeySize(_ count: Int, _ table: Table) -> Self {
        let wanted = table.flags.contains(.integerKey) ? "exactly 8" : "1 to 511"
        return Self(
            code: .badSize, operation: "accessing table \(table.name)",
            message: "its keys have \(wanted) bytes, not \(count); shorten the key or use a digest of it")
    }

    @usableFromInline
    static func badValueSize(_ count: Int, _ table: Table) -> Self {
        let wanted = table.flags.contains(.integerDup) ? "exactly 8" : "1 to 511"
        return Self(
            code: .badSize, operation: "writing to table \(table.name)",
            message: "its sorted duplicates have \(wanted) bytes, not \(count)")
    }

    @usableFromInline
    static func notIntegerKeyed(_ table: Table) -> Self {
        Self(
            code: .incompatible, operation: "accessing table \(table.name)",
            message: "its keys aren't integers; open it with .integerKey, or pass the key's bytes")
    }

    @usableFromInline
    static func notIntegerDuplicates(_ table: Table) -> Self {
        Self(
            code: .incompatible, operation: "accessing table \(table.name)",
            message: "its values aren't sorted integer duplicates; open it with [.dupSort, .dupFixed, .integerDup]")
    }

    @usableFromInline
    static func otherEnvironment(_ table: Table) -> Self {
        Self(
            code: .incompatible, operation: "accessing table \(table.name)",
            message: "it belongs to another environment than the transaction; open it in this one")
    }

    @usableFromInline
    static func valueLent(_ table: Table) -> Self {
        Self(
            code: .valueLent, operation: "writing to table \(table.name)",
            message: "bytes of this transaction are lent out and a write may move them; copy them, return, then write")
    }

    @usableFromInline
    static func notPositioned(_ table: Table) -> Self {
        Self(
            code: .notFound, operation: "reading at the cursor in table \(table.name)",
            message: "it isn't on an entry; seek first and go on only while that returns true")
    }
}
