import LMDB

extension LogError {
    /// An error of the tables, in the log's words.
    init(_ error: LMDBError, during operation: String) {
        self.init(LogError.code(error.code), during: operation, error.description)
    }

    /// Any error that a transaction's body threw, in the log's words.
    init(_ error: any Error, during operation: String) {
        switch error {
        case let error as LogError: self = error
        case let error as LMDBError: self.init(error, during: operation)
        default: self.init(.other, during: operation, "\(error)")
        }
    }

    /// What the store had against it, whoever passed the error on; nil where the store isn't the trouble.
    package static func found(in error: any Error) -> LogError? {
        switch error {
        case let error as LogError: error
        case let error as LMDBError: LogError(code(error.code), during: error.operation, error.message)
        case let error as any StoreFailure: error.storeFailure
        default: nil
        }
    }

    private static func code(_ code: LMDBError.Code) -> Code {
        switch code {
        case .mapFull, .noSpace: .full
        case .readOnly, .accessDenied: .readOnly
        case .versionMismatch: .newerFormat
        case .keyExists, .corrupted, .invalid, .truncated, .badSize, .incompatible: .damaged(nil)
        case .missing: .notAStore
        case .closed: .closed
        case .inUse: .inUse
        case .alreadyOpen: .invalid
        case .notFound, .mapResized, .growthBlocked, .readersFull, .tablesFull, .forked, .nestedTransaction,
            .transactionFailed, .panicked, .valueLent, .unsupportedFileSystem, .other:
            .other
        }
    }
}
