internal import CLMDB

extension Environment {
    /// Judges the structure of every page of the last commit, and throws `.corrupted` with the page's number.
    ///
    /// LMDB believes what it reads from a page, so a damaged one can end the process. Where the file may have been
    /// changed by other than LMDB, call this right after opening and before opening tables. It reads the whole file
    /// once, in one read transaction, and sees neither the bytes of values nor whether they are the right ones.
    public func check() throws(LMDBError) {
        for _ in 0..<Self.attempts {
            let transaction = unsafe try begin(flags: UInt32(MDB_RDONLY), writing: false, "checking")
            defer {
                unsafe mdb_txn_abort(transaction)
                leave(writing: false)
            }
            let file = try FileDescriptor(reading: path + "/data.mdb")
            let state = UInt64(unsafe mdb_txn_id(transaction))
            guard let claims = try DataFile.claims(of: file, transaction: state, path) else { continue }
            return try check(file, claims)
        }
        throw LMDBError(
            code: .corrupted, operation: "checking \(path)",
            message: "no meta page belongs to the last commit; check again when fewer commits are made")
    }

    /// How often a commit may replace the meta page between beginning a transaction and reading the page.
    private static let attempts = 1_000

    private func check(_ file: consuming FileDescriptor, _ claims: DataFile) throws(LMDBError) {
        var check = PageCheck(file, claims)
        do {
            try check.run()
        } catch let damage as PageCheck.Damage {
            throw LMDBError(
                code: .corrupted, operation: "checking \(path)",
                message: "at page \(damage.page) there is \(damage.found); restore the environment from a copy")
        } catch let error as LMDBError {
            throw error
        } catch {
            preconditionFailure("A check of pages throws only what it found: \(error)")
        }
    }
}
