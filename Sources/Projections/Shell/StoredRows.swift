import LMDB

/// Committed rows as one transaction sees them, lent for the time of a closure.
final class StoredRows: RowSource {
    /// A transaction that is open somewhere up the stack.
    private struct Lent: Transaction {
        let _handle: TransactionHandle
    }

    private let table: Table
    private var lent: Lent?

    init(_ table: Table) { self.table = table }

    /// Lets `body` read rows through a transaction.
    func lend<R>(_ transaction: borrowing some Transaction & ~Copyable, _ body: () throws -> R) rethrows -> R {
        let before = lent
        lent = Lent(_handle: transaction._handle)
        defer { lent = before }
        return try body()
    }

    /// Lets rows be read through a transaction until `end`; for many sources at once.
    func begin(_ transaction: borrowing some Transaction & ~Copyable) { lent = Lent(_handle: transaction._handle) }

    /// Takes the transaction back.
    func end() { lent = nil }

    private var transaction: Lent {
        guard let lent else { preconditionFailure("rows are read only inside the closure that they are lent to") }
        return lent
    }

    func withValue<R>(of key: [UInt8], _ decode: (RawSpan) throws -> R) throws -> R? {
        try transaction.withValue(of: key, in: table, decode)
    }

    func scan(
        from lower: [UInt8], upTo upper: [UInt8]?, reversed: Bool, _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        try transaction.forEach(in: table, .from(lower, upTo: upper), reversed ? .backward : .forward, body)
    }
}
