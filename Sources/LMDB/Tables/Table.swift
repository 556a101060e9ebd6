public import CLMDB

/// How the keys and values of a table are ordered; fixed when the table is created.
public struct TableFlags: OptionSet, Hashable, Sendable {
    /// The flags as LMDB numbers them.
    public let rawValue: UInt32

    /// Creates flags from LMDB's numbers.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Keys are native 64-bit unsigned integers in numeric order.
    public static let integerKey = TableFlags(rawValue: 0x08)
    /// A key may have many values, kept in order; each has at most 511 bytes.
    public static let dupSort = TableFlags(rawValue: 0x04)
    /// With `dupSort`: all values have the same size.
    public static let dupFixed = TableFlags(rawValue: 0x10)
    /// With `dupSort` and `dupFixed`: values are native 64-bit unsigned integers.
    public static let integerDup = TableFlags(rawValue: 0x20)

    static let known: TableFlags = [.integerKey, .dupSort, .dupFixed, .integerDup]
}

/// A named table of one environment; a small handle that may be copied and shared freely.
///
/// Open it with ``Environment/openTable(_:flags:create:)`` before the transactions that use it. It is valid as long as
/// its environment is open, and using it with another environment is an error.
public struct Table: Hashable, Sendable {
    /// The name under which the table is kept.
    public let name: String
    /// How keys and values are ordered.
    public let flags: TableFlags
    @usableFromInline let dbi: MDB_dbi
    @usableFromInline let environment: UInt64

    init(name: String, flags: TableFlags, dbi: MDB_dbi, environment: UInt64) {
        self.name = name
        self.flags = flags
        self.dbi = dbi
        self.environment = environment
    }
}
