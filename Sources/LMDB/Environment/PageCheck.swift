/// A walk over all pages of one state of a data file that believes nothing it reads.
///
/// LMDB trusts its pages: one changed byte in a page's structure may end the process. This finds such a byte first.
struct PageCheck: ~Copyable {
    /// What was found wrong, and where.
    struct Damage: Error, Equatable {
        let page: Int
        let found: String
    }

    private let file: FileDescriptor
    private let claims: DataFile
    private var seen: [Bool]

    private static let headerBytes = 16
    private static let nodeBytes = 8
    private static let maximumDepth = 32

    private enum PageFlag {
        static let branch: UInt16 = 0x01, leaf: UInt16 = 0x02, overflow: UInt16 = 0x04, fixed: UInt16 = 0x20
        static let structure: UInt16 = 0x2F
    }

    private enum NodeFlag {
        static let big: UInt16 = 0x01, tree: UInt16 = 0x02, duplicates: UInt16 = 0x04
    }

    init(_ file: consuming FileDescriptor, _ claims: DataFile) {
        self.file = file
        self.claims = claims
        seen = Array(repeating: false, count: claims.lastPage + 1)
        seen[0] = true
        seen[1] = true
    }

    /// Visits every page that is in use, and compares them with the list of free ones.
    mutating func run() throws {
        guard claims.tables.flags == 0, claims.freeList.flags == TableFlags.integerKey.rawValue else {
            throw Damage(page: 0, found: "the flags of the main trees")
        }
        try visit(claims.freeList, kind: .freeList)
        try visit(claims.tables, kind: .tables)
        for page in try FreeList(file, claims).pages where page > claims.lastPage || seen[page] {
            throw Damage(page: page, found: "a page that is both free and in use, or beyond the end")
        }
    }

    /// What the entries of a tree may be.
    fileprivate enum Kind {
        case freeList, tables, table, duplicates
    }

    private mutating func visit(_ tree: TreeRecord, kind: Kind) throws {
        guard let root = tree.root else {
            guard tree.entries == 0 else { throw Damage(page: 0, found: "a tree without pages and with entries") }
            return
        }
        guard (1...Self.maximumDepth).contains(tree.depth) else {
            throw Damage(page: root, found: "a tree of depth \(tree.depth)")
        }
        let entries = try visit(page: root, level: 1, tree, kind)
        guard entries == tree.entries else {
            throw Damage(page: root, found: "a tree of \(entries) entries that claims \(tree.entries)")
        }
    }

    /// Visits a page and what is below it; the number of entries.
    private mutating func visit(page number: Int, level: Int, _ tree: TreeRecord, _ kind: Kind) throws -> UInt64 {
        try mark(number, count: 1)
        let page = try file.read(claims.pageSize, at: number * claims.pageSize)
        guard page.count == claims.pageSize, page.uint64(at: 0) == UInt64(number) else {
            throw Damage(page: number, found: "another page, or the end of the file")
        }
        let isLeaf = level == tree.depth
        let flags = page.uint16(at: 10) & PageFlag.structure
        if isLeaf && flags == PageFlag.leaf | PageFlag.fixed && kind == .duplicates {
            return try fixedEntries(page, base: 0, size: page.count, KeyOrder(tree, kind), number)
        }
        guard flags == (isLeaf ? PageFlag.leaf : PageFlag.branch) else {
            throw Damage(page: number, found: "a page of kind \(flags)")
        }
        let nodes = try nodes(of: page, base: 0, size: page.count, number)
        guard nodes.count >= (isLeaf ? 1 : 2) else { throw Damage(page: number, found: "\(nodes.count) entries") }
        try checkOrder(of: isLeaf ? nodes[...] : nodes.dropFirst(), in: page, KeyOrder(tree, kind), number)
        var entries: UInt64 = 0
        for node in nodes {
            if isLeaf {
                entries += try value(of: node, in: page, tree, kind, number)
            } else {
                let child = Int(page.uint32(at: node)) | Int(page.uint16(at: node + 4)) << 32
                entries += try visit(page: child, level: level + 1, tree, kind)
            }
        }
        return entries
    }

    private mutating func mark(_ first: Int, count: Int) throws {
        guard first >= 2, count >= 1, first <= claims.lastPage, count <= claims.lastPage - first + 1 else {
            throw Damage(page: first, found: "a page beyond the end")
        }
        for page in first..<first + count {
            guard !seen[page] else { throw Damage(page: page, found: "a page that is used twice") }
            seen[page] = true
        }
    }

    /// The offsets of a page's nodes, each with its key inside the page.
    ///
    /// `base` is where a page inside a page begins.
    private func nodes(of page: [UInt8], base: Int, size: Int, _ number: Int) throws -> [Int] {
        let lower = Int(page.uint16(at: base + 12))
        let upper = Int(page.uint16(at: base + 14))
        guard lower >= Self.headerBytes, lower <= upper, upper <= size, lower % 2 == 0 else {
            throw Damage(page: number, found: "bounds \(lower) and \(upper)")
        }
        return try stride(from: Self.headerBytes, to: lower, by: 2).map { slot in
            let offset = Int(page.uint16(at: base + slot))
            guard offset >= upper, offset % 2 == 0, offset + Self.nodeBytes <= size,
                offset + Self.nodeBytes + Int(page.uint16(at: base + offset + 6)) <= size
            else { throw Damage(page: number, found: "an entry outside of the page") }
            return base + offset
        }
    }

    /// The values of one width that stand behind a page's header without nodes; how many they are.
    private func fixedEntries(
        _ page: [UInt8], base: Int, size: Int, _ order: KeyOrder, _ number: Int
    ) throws -> UInt64 {
        let width = Int(page.uint16(at: base + 8))
        let lower = Int(page.uint16(at: base + 12))
        let count = (lower - Self.headerBytes) / 2
        guard lower > Self.headerBytes, width > 0, Self.headerBytes + count * width <= size else {
            throw Damage(page: number, found: "\(count) values of \(width) bytes")
        }
        let first = base + Self.headerBytes
        try check((0..<count).map { first + $0 * width..<first + ($0 + 1) * width }, in: page, order, number)
        return UInt64(count)
    }

    /// The keys of a page rise, and have the size that the table asks for.
    private func checkOrder(
        of nodes: ArraySlice<Int>, in page: [UInt8], _ order: KeyOrder, _ number: Int
    ) throws {
        try check(nodes.map { key(of: $0, in: page).indices }, in: page, order, number)
    }

    private func check(_ keys: [Range<Int>], in page: [UInt8], _ order: KeyOrder, _ number: Int) throws {
        var previous: Range<Int>?
        for key in keys {
            guard order.allows(key.count) else {
                throw Damage(page: number, found: "a key of \(key.count) bytes")
            }
            guard previous.map({ order.rises(from: page[$0], to: page[key]) }) ?? true else {
                throw Damage(page: number, found: "keys out of order")
            }
            previous = key
        }
    }

    private func key(of node: Int, in page: [UInt8]) -> ArraySlice<UInt8> {
        let start = node + Self.nodeBytes
        return page[start..<start + Int(page.uint16(at: node + 6))]
    }

    /// Judges the value of a leaf's node, and visits what it leads to; how many entries it stands for.
    private mutating func value(
        of node: Int, in page: [UInt8], _ tree: TreeRecord, _ kind: Kind, _ number: Int
    ) throws -> UInt64 {
        let size = Int(page.uint32(at: node))
        let start = key(of: node, in: page).endIndex
        let flags = page.uint16(at: node + 4)
        let isInside = start + (flags == NodeFlag.big ? 8 : size) <= page.count
        let isSorted = kind == .table && TableFlags(rawValue: UInt32(tree.flags)).contains(.dupSort)
        guard isInside else { throw Damage(page: number, found: "a value outside of the page") }
        switch flags {
        case 0 where kind != .tables || size != TreeRecord.bytes:
            return 1
        case NodeFlag.big where kind != .duplicates && !isSorted:
            try overflow(page.uint64(at: start), size: size)
            return 1
        case NodeFlag.tree where kind == .tables && size == TreeRecord.bytes:
            try visit(TreeRecord(in: page, at: start), kind: .table)
            return 1
        case NodeFlag.tree | NodeFlag.duplicates where isSorted && size == TreeRecord.bytes:
            let duplicates = TreeRecord(in: page, at: start)
            try visit(duplicates, kind: .duplicates)
            return duplicates.entries
        case NodeFlag.duplicates where isSorted && size >= Self.headerBytes:
            return try pageInside(page, base: start, size: size, KeyOrder(duplicatesOf: tree), number)
        default:
            throw Damage(page: number, found: "a value of kind \(flags)")
        }
    }

    /// The few duplicates of a key, kept in its value in the form of a small page.
    private func pageInside(
        _ page: [UInt8], base: Int, size: Int, _ order: KeyOrder, _ number: Int
    ) throws -> UInt64 {
        switch page.uint16(at: base + 10) & PageFlag.structure {
        case PageFlag.leaf | PageFlag.fixed:
            return try fixedEntries(page, base: base, size: size, order, number)
        case PageFlag.leaf:
            let nodes = try nodes(of: page, base: base, size: size, number)
            try checkOrder(of: nodes[...], in: page, order, number)
            return UInt64(nodes.count)
        default:
            throw Damage(page: number, found: "duplicates of an unknown kind")
        }
    }

    private mutating func overflow(_ first: UInt64, size: Int) throws {
        let first = Int(clamping: first)
        try mark(first, count: 1)
        let header = try file.read(Self.headerBytes, at: first * claims.pageSize)
        guard header.count == Self.headerBytes, header.uint64(at: 0) == UInt64(first),
            header.uint16(at: 10) & PageFlag.structure == PageFlag.overflow
        else { throw Damage(page: first, found: "a page that isn't a large value's") }
        let pages = Int(header.uint32(at: 12))
        guard pages >= 1, Self.headerBytes + size <= pages * claims.pageSize else {
            throw Damage(page: first, found: "a large value of \(size) bytes on \(pages) pages")
        }
        if pages > 1 { try mark(first + 1, count: pages - 1) }
    }
}

/// How the keys of a tree rise, as its flags say.
private struct KeyOrder {
    /// Eight bytes, the last of them the most significant.
    let isInteger: Bool
    /// Whether keys may be empty, as a duplicate's may.
    let allowsEmpty: Bool
    /// Whether it is one of the orders that tables have here.
    let isKnown: Bool

    /// Of a tree of pages; one of duplicates says itself that they are integers.
    init(_ tree: TreeRecord, _ kind: PageCheck.Kind) {
        let flags = TableFlags(rawValue: UInt32(tree.flags))
        self.init(isInteger: flags.contains(.integerKey), allowsEmpty: kind == .duplicates, flags)
    }

    /// Of the duplicates in a table's values.
    init(duplicatesOf table: TreeRecord) {
        let flags = TableFlags(rawValue: UInt32(table.flags))
        self.init(isInteger: flags.contains(.integerDup), allowsEmpty: true, flags)
    }

    private init(isInteger: Bool, allowsEmpty: Bool, _ flags: TableFlags) {
        (self.isInteger, self.allowsEmpty) = (isInteger, allowsEmpty)
        isKnown = flags.isSubset(of: .known)
    }

    func allows(_ length: Int) -> Bool { isInteger ? length == 8 : length > 0 || allowsEmpty }

    func rises(from earlier: ArraySlice<UInt8>, to later: ArraySlice<UInt8>) -> Bool {
        guard isKnown else { return true }
        guard isInteger else { return earlier.lexicographicallyPrecedes(later) }
        return Self.integer(earlier) < Self.integer(later)
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
