/// What went wrong in the store, what was being done, and what the reader can do about it.
///
/// `code` is for `catch` clauses, `description` for people. Keys and values are never part of either.
public struct LMDBError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of failure that a caller may want to tell apart.
    public enum Code: Equatable, Sendable {
        /// `.insert` or `.append` met a key that is already there (or, for `.append`, isn't the greatest).
        case keyExists
        /// The key, entry or cursor position doesn't exist.
        case notFound
        /// The map is as large as `maximumMapSize` allows.
        case mapFull
        /// Another process grew the map and this thread can't follow, because it has a transaction open.
        case mapResized
        /// The map must grow, but this thread itself keeps it in use with an outer transaction.
        case growthBlocked
        /// Every reader slot is taken by a living process.
        case readersFull
        /// More tables than `maxTables`.
        case tablesFull
        /// The pages of the file contradict each other.
        case corrupted
        /// The file belongs to another version of the LMDB format.
        case versionMismatch
        /// The file isn't an LMDB data file.
        case invalid
        /// The file is shorter than its own meta pages say.
        case truncated
        /// The operating system refused access.
        case accessDenied
        /// A write was asked of something that can only be read.
        case readOnly
        /// The disk, the quota or the file size limit is exhausted.
        case noSpace
        /// The directory, data file or table doesn't exist.
        case missing
        /// This process has the environment open already.
        case alreadyOpen
        /// Another process has the environment open.
        case inUse
        /// The environment was closed.
        case closed
        /// The environment was opened before `fork` and is used in the child.
        case forked
        /// A write transaction was begun, or a table opened, inside a transaction of the same thread.
        case nestedTransaction
        /// An earlier failure made this transaction unusable.
        case transactionFailed
        /// A failed write of the meta page made the open environment unusable.
        case panicked
        /// A key or value has a size that the table can't hold.
        case badSize
        /// The operation doesn't fit the table's flags, or the table another environment.
        case incompatible
        /// A write was tried while bytes of the same transaction are lent out.
        case valueLent
        /// The file system can't lock or map reliably, because it is a network file system.
        case unsupportedFileSystem
        /// Anything else, with the number that LMDB or the operating system gave.
        case other(Int32)
    }

    /// The kind of failure.
    public let code: Code
    /// What was being done, as a verb phrase: `opening /data/log`.
    public let operation: String
    /// What was found, and the remedy.
    public let message: String

    /// Creates an error.
    public init(code: Code, operation: String, message: String) {
        self.code = code
        self.operation = operation
        self.message = message
    }

    /// The operation and the message in one line.
    public var description: String {
        operation + ": " + message
    }
}
