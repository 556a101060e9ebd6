/// The free pages of a data file, read without mapping it.
///
/// A transaction that takes pages at the end of the file and gives them back before it commits never writes them, so a
/// sound file may be shorter than its last page number says. It is sound exactly if all missing pages are free.
struct FreeList {
    /// The numbers of all free pages.
    private(set) var pages: Set<Int> = []

    private static let headerBytes = 16
    private static let branch: UInt16 = 0x01
    private static let leaf: UInt16 = 0x02
    private static let bigValue: UInt16 = 0x01
    private static let maximumDepth = 32

    /// Reads the list; pages that make no sense contribute nothing.
    init(_ file: borrowing FileDescriptor, _ claims: DataFile) throws(LMDBError) {
        guard let root = claims.freeList.root else { return }
        try visit(root, depth: 0, file, claims)
    }

    /// Whether every page of a range is free.
    func contains(allOf range: ClosedRange<Int>) -> Bool {
        range.allSatisfy(pages.contains)
    }

    private mutating func visit(
        _ number: Int, depth: Int, _ file: borrowing FileDescriptor, _ claims: DataFile
    ) throws(LMDBError) {
        guard depth < Self.maximumDepth, number <= claims.lastPage else { return }
        let page = try file.read(claims.pageSize, at: number * claims.pageSize)
        guard page.count == claims.pageSize else { return }
        let flags = page.uint16(at: 10)
        for offset in nodeOffsets(in: page) {
            if flags & Self.branch != 0 {
                let low = Int(page.uint32(at: offset))
                try visit(low | Int(page.uint16(at: offset + 4)) << 32, depth: depth + 1, file, claims)
            } else if flags & Self.leaf != 0 {
                try record(at: offset, in: page, file, claims)
            }
        }
    }

    private func nodeOffsets(in page: [UInt8]) -> [Int] {
        let end = min(Int(page.uint16(at: 12)), page.count)
        return stride(from: Self.headerBytes, to: max(end, Self.headerBytes) - 1, by: 2).map {
            Int(page.uint16(at: $0))
        }
        .filter { $0 >= Self.headerBytes && $0 + 8 <= page.count }
    }

    /// One record: a count and that many page numbers, in the page itself or on overflow pages.
    private mutating func record(
        at offset: Int, in page: [UInt8], _ file: borrowing FileDescriptor, _ claims: DataFile
    ) throws(LMDBError) {
        let size = Int(page.uint32(at: offset))
        let start = offset + 8 + Int(page.uint16(at: offset + 6))
        if page.uint16(at: offset + 4) & Self.bigValue == 0 {
            guard start + size <= page.count else { return }
            add(page, from: start, size)
        } else {
            guard start + 8 <= page.count, let first = Int(exactly: page.uint64(at: start)), first <= claims.lastPage
            else { return }
            let bytes = try file.read(size, at: first * claims.pageSize + Self.headerBytes)
            guard bytes.count == size else { return }
            add(bytes, from: 0, size)
        }
    }

    private mutating func add(_ bytes: [UInt8], from start: Int, _ size: Int) {
        guard size >= 8, let count = Int(exactly: bytes.uint64(at: start)), count <= size / 8 - 1 else { return }
        for index in 0..<count {
            if let page = Int(exactly: bytes.uint64(at: start + 8 * (index + 1))) { pages.insert(page) }
        }
    }
}
