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
    /// The tree of free pages.
    let freeList: TreeRecord
    /// The tree of tables.
    let tables: TreeRecord

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

    /// The meta page of a transaction, or nil if later commits have replaced it.
    static func claims(
        of file: borrowing FileDescriptor, transaction: UInt64, _ path: String
    ) throws(LMDBError) -> Self? {
        let first = try meta(in: file.read(metaBytes, at: 0), path)
        if first.transaction == transaction { return first }
        let second = try meta(in: file.read(metaBytes, at: first.pageSize), path)
        return second.transaction == transaction ? second : nil
    }

    /// The newer of the two meta pages, both of which must be sound.
    private static func claims(of file: borrowing FileDescriptor, _ path: String) throws(LMDBError) -> Self {
        let first = try meta(in: file.read(metaBytes, at: 0), path)
        if try file.size() < 2 * first.pageSize { throw truncated(path, "it ends within its second meta page") }
        let second = try meta(in: file.read(metaBytes, at: first.pageSize), path)
        guard first.pageSize == second.pageSize else { throw invalid(path, "its meta pages differ in page size") }
        return second.transaction > first.transaction ? second : first
    }

    static func meta(in page: [UInt8], _ path: String) throws(LMDBError) -> Self {
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
        guard lastPage >= 2 || (lastPage == 1 && page.uint64(at: 128) == .max),
            lastPage < UInt64(Int.max / pageSize / 2)
        else {
            throw invalid(path, "its last page number is \(lastPage)")
        }
        let freeList = TreeRecord(in: page, at: 40)
        let tables = TreeRecord(in: page, at: 88)
        guard [freeList.root, tables.root].allSatisfy({ $0 == nil || (2...Int(lastPage)).contains($0 ?? 0) }) else {
            throw invalid(path, "a root page lies outside the file")
        }
        return DataFile(
            pageSize: pageSize, mapSize: Int(clamping: page.uint64(at: 32)), lastPage: Int(lastPage),
            transaction: page.uint64(at: 144), freeList: freeList, tables: tables)
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

/// What is kept of a tree of pages: 48 bytes in a meta page, or as the value of a table's name or a key's duplicates.
struct TreeRecord: Equatable {
    /// How the entries are ordered.
    let flags: UInt16
    /// How many pages lie between the root and a value, both counted.
    let depth: Int
    /// How many entries there are.
    let entries: UInt64
    /// The root page, or nil of an empty tree.
    let root: Int?

    static let bytes = 48

    init(in bytes: [UInt8], at offset: Int) {
        flags = bytes.uint16(at: offset + 4)
        depth = Int(bytes.uint16(at: offset + 6))
        entries = bytes.uint64(at: offset + 32)
        let number = bytes.uint64(at: offset + 40)
        root = number == .max ? nil : Int(clamping: number)
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
