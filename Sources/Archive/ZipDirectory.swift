/// Reads and judges the directory at the end of an archive.
struct ZipDirectory {
    let length: Int
    let limits: ZipReader.Limits
    let bytes: (_ offset: Int, _ count: Int) throws(ArchiveError) -> [UInt8]

    /// The most bytes that may stand behind the directory's end: an archive's comment.
    private static let longestComment = 65_535

    init(
        length: Int, limits: ZipReader.Limits,
        bytes: @escaping (_ offset: Int, _ count: Int) throws(ArchiveError) -> [UInt8]
    ) {
        self.length = length
        self.limits = limits
        self.bytes = bytes
    }

    /// What an archive has.
    struct Listing {
        /// The files by place, none of which overlaps another.
        var entries: [ZipReader.Entry] = []
        /// In the order of the directory.
        var directories: [ZipReader.Entry] = []
        /// Where the files end and the directory begins.
        let end: Int
        /// What the directory has that is of no file, in words; nil when there is nothing.
        var beside: String?
    }

    func listing() throws(ArchiveError) -> Listing {
        let place = try place()
        guard place.entries <= limits.entries else {
            throw ArchiveError(.unsafe, "it has \(place.entries) files; at most \(limits.entries) are read")
        }
        let bytes = try self.bytes(place.start, place.size)
        var listing = Listing(end: place.start, beside: place.comment > 0 ? "a comment" : nil)
        var entries: [ZipReader.Entry] = []
        entries.reserveCapacity(min(place.entries, bytes.count / ZipFields.centralLength))
        var offset = 0
        var total = 0
        for _ in 0..<place.entries {
            let (entry, next, beside) = try entry(bytes, at: offset)
            offset = next
            listing.beside = listing.beside ?? beside
            if entry.isDirectory {
                listing.directories.append(entry)
                continue
            }
            total += entry.size
            guard total <= limits.totalBytes else {
                throw ArchiveError(.unsafe, "its files take more than \(limits.totalBytes) bytes")
            }
            entries.append(entry)
        }
        guard offset == bytes.count else { throw Self.damaged("its directory has another length than it says") }
        entries.sort { $0.offset < $1.offset }
        try check(entries, end: place.start)
        listing.entries = entries
        return listing
    }

    /// Where the directory is.
    private func place() throws(ArchiveError) -> (start: Int, size: Int, entries: Int, comment: Int) {
        let tail = min(length, ZipFields.endLength + Self.longestComment)
        let bytes = try self.bytes(length - tail, tail)
        var at = tail - ZipFields.endLength
        while at >= 0 {
            if bytes.little(at: at) == ZipFields.end,
                Int(bytes.little(at: at + 20, UInt16.self)) == tail - at - ZipFields.endLength
            {
                break
            }
            at -= 1
        }
        guard at >= 0 else { throw Self.damaged("it isn't a ZIP archive, or its end was cut off") }
        var found = (
            start: Int(bytes.little(at: at + 16, UInt32.self)), size: Int(bytes.little(at: at + 12, UInt32.self)),
            entries: Int(bytes.little(at: at + 10, UInt16.self))
        )
        var end = length - tail + at
        if found.entries == ZipFields.full16 || found.size == ZipFields.full32 || found.start == ZipFields.full32 {
            end = try place64(before: end, &found)
        }
        guard found.start >= 0, found.size >= 0, found.start <= end, found.size == end - found.start,
            found.entries >= 0, found.entries <= found.size / ZipFields.centralLength
        else { throw Self.damaged("its directory isn't where it says") }
        return (found.start, found.size, found.entries, tail - at - ZipFields.endLength)
    }

    /// Reads the 64-bit end, and answers where it begins.
    private func place64(
        before end: Int, _ found: inout (start: Int, size: Int, entries: Int)
    ) throws(ArchiveError) -> Int {
        let needed = ZipFields.locatorLength + ZipFields.end64Length
        guard end >= needed else { throw Self.damaged("its 64-bit directory is missing") }
        let bytes = try self.bytes(end - needed, needed)
        let locator = ZipFields.end64Length
        guard bytes.little(at: locator) == ZipFields.locator64, bytes.little(at: 0) == ZipFields.end64,
            bytes.little(at: locator + 8, UInt64.self) == UInt64(end - needed)
        else { throw Self.damaged("its 64-bit directory isn't where it says") }
        let numbers = [32, 40, 48].map { bytes.little(at: $0, UInt64.self) }
        guard numbers.allSatisfy({ $0 <= UInt64(length) }) else { throw Self.damaged("its directory is too large") }
        found = (start: Int(numbers[2]), size: Int(numbers[1]), entries: Int(numbers[0]))
        return end - needed
    }

    /// The file or directory of one line, where the next line begins, and what the line has beside it, in words.
    private func entry(
        _ bytes: [UInt8], at line: Int
    ) throws(ArchiveError) -> (ZipReader.Entry, next: Int, beside: String?) {
        guard line + ZipFields.centralLength <= bytes.count, bytes.little(at: line) == ZipFields.centralHeader else {
            throw Self.damaged("its directory can't be read")
        }
        let lengths = [28, 30, 32].map { Int(bytes.little(at: line + $0, UInt16.self)) }
        let start = line + ZipFields.centralLength
        let next = start + lengths.reduce(0, +)
        guard next <= bytes.count, let name = String(validating: bytes[start..<start + lengths[0]], as: UTF8.self)
        else { throw Self.damaged("its directory can't be read") }
        let extra = Array(bytes[start + lengths[0]..<start + lengths[0] + lengths[1]])
        if let problem = EntryName.problem(name.hasSuffix("/") ? String(name.dropLast()) : name) {
            throw ArchiveError(.unsafe, entry: name, problem)
        }
        let entry = try file(bytes, at: line, extra, name)
        return (entry, next, lengths[2] > 0 ? "a comment of \(name)" : ZipLayout.beside(entry, extra))
    }

    private func file(
        _ bytes: [UInt8], at line: Int, _ extra: [UInt8], _ name: String
    ) throws(ArchiveError) -> ZipReader.Entry {
        let (size, packed, offset) = try numbers(bytes, at: line, extra, name)
        guard size <= limits.entryBytes else {
            throw ArchiveError(.unsafe, entry: name, "it takes \(size) bytes; at most \(limits.entryBytes) are read")
        }
        let flags = bytes.little(at: line + 8, UInt16.self)
        let method = bytes.little(at: line + 10, UInt16.self)
        // Two bits tell how hard DEFLATE tried.
        let known = ZipFields.utf8Flag | ZipFields.descriptorFlag | 0b110
        guard flags & ~known == 0, method == 0 || method == 8 else {
            throw ArchiveError(.unsupported, entry: name, "it is encrypted, or packed otherwise than by DEFLATE")
        }
        let most = method == 8 ? (packed + 1) * Deflate.mostExpansion : packed
        guard size <= most, method == 8 || size == packed else {
            throw ArchiveError(.unsafe, entry: name, "it claims more bytes than it can hold")
        }
        return ZipReader.Entry(
            name: name, size: size, isDeflated: method == 8, checksum: bytes.little(at: line + 16), packed: packed,
            offset: offset, hasDescriptor: flags & ZipFields.descriptorFlag != 0)
    }

    /// Sizes and offset, from the extra field where the 32-bit ones are full.
    private func numbers(
        _ bytes: [UInt8], at line: Int, _ extra: [UInt8], _ name: String
    ) throws(ArchiveError) -> (size: Int, packed: Int, offset: Int) {
        let narrow = [24, 20, 42].map { bytes.little(at: line + $0, UInt32.self) }
        var values = narrow.map(UInt64.init)
        if narrow.contains(ZipFields.full32) {
            var field = Self.field(ZipFields.extra64, in: extra)[...]
            for index in narrow.indices where narrow[index] == ZipFields.full32 {
                guard field.count >= 8 else {
                    throw ArchiveError(.damaged, entry: name, "its 64-bit sizes are missing")
                }
                values[index] = Array(field.prefix(8)).little(at: 0)
                field = field.dropFirst(8)
            }
        }
        guard values.allSatisfy({ $0 <= UInt64(Int32.max) << 16 }) else {
            throw ArchiveError(.unsafe, entry: name, "it claims a size that no archive has")
        }
        return (Int(values[0]), Int(values[1]), Int(values[2]))
    }

    private static func field(_ id: UInt16, in extra: [UInt8]) -> [UInt8] {
        var at = 0
        while at + 4 <= extra.count {
            let size = Int(extra.little(at: at + 2, UInt16.self))
            guard at + 4 + size <= extra.count else { return [] }
            if extra.little(at: at) == id { return Array(extra[at + 4..<at + 4 + size]) }
            at += 4 + size
        }
        return []
    }

    /// No two files share a name or bytes, and all end before the directory.
    private func check(_ entries: [ZipReader.Entry], end: Int) throws(ArchiveError) {
        var names: Set<String> = []
        for (index, entry) in entries.enumerated() {
            guard names.insert(entry.name).inserted else {
                throw ArchiveError(.unsafe, entry: entry.name, "the archive has it twice")
            }
            let limit = index + 1 < entries.count ? entries[index + 1].offset : end
            let header = ZipFields.localLength + entry.name.utf8.count
            guard entry.offset + header + entry.packed <= limit else {
                throw ArchiveError(.unsafe, entry: entry.name, "it overlaps what follows it")
            }
        }
    }

    private static func damaged(_ message: String) -> ArchiveError { ArchiveError(.damaged, message) }
}
