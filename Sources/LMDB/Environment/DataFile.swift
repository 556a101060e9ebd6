/// What the two meta pages of a data file claim, checked against the file before anything maps it.
///
/// A mapped file that is shorter than its pages say raises a signal when a missing page is touched, and a foreign file
/// may trip an assertion; both end the process. So the file is judged here, by plain reads.
struct DataFile: Equatable {
    /// The bytes of a page.
    let pageSize: Int
    /// The size of the map when the last transaction committed.
    let mapSize: Int
    /// The greatest page number in use.
    let lastPage: Int
    /// The last committed transaction.
    let transaction: UInt64
    /// The root page of the list of free pages, or nil if that is empty.
    let freeListRoot: Int?

    static let formatVersion: UInt32 = 1
    private static let magic: UInt32 = 0xBEEF_C0DE
    private static let metaPageFlag: UInt16 = 0x08
    private static let metaBytes = 152

    /// Judges the data file at `path`; nil if it is empty, as after a creation that was interrupted.
    ///
    /// Another process may be committing, so a bad verdict stands only when a second look gives the same one.
    static func check(_ path: String) throws(LMDBError) -> DataFile? {
        let file = try FileDescriptor(reading: path)
        var previous: LMDBError?
        while true {
            do throws(LMDBError) {
                return try judge(file, path)
            } catch {
                if error == previous { throw error }
                previous = error
            }
        }
    }

    private static func judge(_ file: borrowing FileDescriptor, _ path: String) throws(LMDBError) -> DataFile? {
        if try file.size() == 0 { return nil }
        let claims = try claims(of: file, path)
        // Taken after the meta pages were read: a commit writes its pages before the meta page that names them.
        let size = try file.size()
        let needed = (claims.lastPage + 1) * claims.pageSize
        if size < needed {
            let missing = (size / claims.pageSize)...claims.lastPage
            guard try FreeList(file, claims).contains(allOf: missing) else {
                throw truncated(path, "it has \(size) bytes and its meta pages claim \(needed)")
            }
        }
        return claims
    }

    /// The newer of the two meta pages, both of which must be sound.
    private static func claims(of file: borrowing FileDescriptor, _ path: String) throws(LMDBError) -> Self {
        let first = try meta(in: file.read(metaBytes, at: 0), path)
        if try file.size() < 2 * first.pageSize { throw truncated(path, "it ends within its second meta page") }
        let second = try meta(in: file.read(metaBytes, at: first.pageSize), path)
        guard first.pageSize == second.pageSize else { throw invalid(path, "its meta pages differ in page size") }
        return second.transaction > first.transaction ? second : first
    }

    private static func meta(in page: [UInt8], _ path: String) throws(LMDBError) -> Self {
        guard page.count == metaBytes else { throw truncated(path, "it ends within its first meta page") }
        guard page.uint16(at: 10) & metaPageFlag != 0, page.uint32(at: 16) == magic else {
            throw invalid(path, "it has no LMDB meta page")
        }
        let version = page.uint32(at: 20)
        guard version == formatVersion else {
            throw LMDBError(
                code: .versionMismatch, operation: "opening \(path)",
                message: "it has data format \(version) and this LMDB reads \(formatVersion); "
                    + "open it with the version of LMDB that wrote it, and export")
        }
        let pageSize = Int(page.uint32(at: 40))
        guard pageSize >= 256, pageSize <= 65_536, pageSize & (pageSize - 1) == 0 else {
            throw invalid(path, "its page size is \(pageSize)")
        }
        let lastPage = page.uint64(at: 136)
        guard lastPage >= 1, lastPage < UInt64(Int.max / pageSize / 2) else {
            throw invalid(path, "its last page number is \(lastPage)")
        }
        let roots = [page.uint64(at: 80), page.uint64(at: 128)]
        guard roots.allSatisfy({ $0 == .max || ($0 >= 2 && $0 <= lastPage) }) else {
            throw invalid(path, "a root page lies outside the file")
        }
        return DataFile(
            pageSize: pageSize, mapSize: Int(clamping: page.uint64(at: 32)), lastPage: Int(lastPage),
            transaction: page.uint64(at: 144), freeListRoot: roots[0] == .max ? nil : Int(roots[0]))
    }

    private static func truncated(_ path: String, _ found: String) -> LMDBError {
        LMDBError(
            code: .truncated, operation: "opening \(path)",
            message: "the file was cut short: \(found); restore it from a copy")
    }

    private static func invalid(_ path: String, _ found: String) -> LMDBError {
        LMDBError(
            code: .invalid, operation: "opening \(path)",
            message: "the file isn't an LMDB data file: \(found); check the path, or restore it from a copy")
    }
}

/// Native integers of LMDB's pages, read without regard to alignment.
extension [UInt8] {
    func uint16(at offset: Int) -> UInt16 {
        UInt16(self[offset]) | UInt16(self[offset + 1]) << 8
    }

    func uint32(at offset: Int) -> UInt32 {
        UInt32(uint16(at: offset)) | UInt32(uint16(at: offset + 2)) << 16
    }

    func uint64(at offset: Int) -> UInt64 {
        UInt64(uint32(at: offset)) | UInt64(uint32(at: offset + 4)) << 32
    }
}
