internal import CLMDB

/// A view of the last commit before it began, lent to a closure by ``Environment/read(_:)``.
///
/// It can't be kept, and nothing in it can write. Ending it is part of its life: `deinit` does so.
@safe public struct ReadTransaction: Transaction, ~Copyable {
    /// The inside of the transaction, of use to this module alone.
    public let _handle: TransactionHandle
    private let environment: Environment

    fileprivate init(_ pointer: OpaquePointer, _ environment: Environment) {
        unsafe _handle = TransactionHandle(pointer, nil, environment.identifier)
        self.environment = environment
    }

    deinit {
        unsafe mdb_txn_abort(_handle.pointer)
        environment.leave(writing: false)
    }
}

extension Environment {
    /// Lends a read transaction to `body`.
    ///
    /// It may be called inside another read or write of the same thread, and from any number of threads at once.
    public func read<R: ~Copyable>(_ body: (borrowing ReadTransaction) throws -> R) throws -> R {
        let transaction = try beginReading()
        return try body(transaction)
    }

    private func beginReading() throws(LMDBError) -> ReadTransaction {
        let pointer = unsafe try begin(flags: UInt32(MDB_RDONLY), writing: false, "reading")
        return unsafe ReadTransaction(pointer, self)
    }

    /// Begins a transaction that the gate has counted in; whoever ends it calls `leave`.
    func begin(flags: UInt32, writing: Bool, _ operation: String) throws(LMDBError) -> OpaquePointer {
        var clearedReaders = false
        while true {
            try enter(writing: writing, operation)
            var transaction: OpaquePointer?
            let returnCode = unsafe mdb_txn_begin(handle, nil, flags, &transaction)
            if returnCode == 0, let transaction = unsafe transaction { return unsafe transaction }
            leave(writing: writing)
            switch returnCode {
            case MDB_MAP_RESIZED:
                try adoptMapSize()
            case MDB_READERS_FULL where !clearedReaders:
                clearedReaders = true
                try clearStaleReaders()
            default:
                throw LMDBError(returnCode, "\(operation) \(path)")
            }
        }
    }
}
