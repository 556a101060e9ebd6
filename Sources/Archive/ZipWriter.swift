/// Writes a ZIP archive, one file after the other, whose bytes follow from the files alone.
///
/// No clock, user, locale or time zone gets into it: the same files in the same order give the same bytes, as long as
/// zlib packs the same. Memory is one file's and, for each file, its line in the directory. Files and archives beyond
/// 4 GiB get the 64-bit fields; a single file is at most 4 GiB.
package struct ZipWriter: ~Copyable {
    private struct Line {
        let name: [UInt8]
        let method: PackedEntry.Method
        let checksum: UInt32
        let packed: Int
        let size: Int
        let offset: UInt64
    }

    private let sink: ([UInt8]) throws -> Void
    private var lines: [Line] = []
    private var names: Set<String> = []
    /// How many bytes were written.
    package private(set) var length: UInt64 = 0

    /// Hands the bytes to `sink` in order.
    package init(to sink: @escaping ([UInt8]) throws -> Void) {
        self.sink = sink
    }

    /// Packs a file and writes it.
    package mutating func add(_ name: String, _ bytes: [UInt8], level: Int = 6) throws {
        try add(PackedEntry(name, bytes, level: level))
    }

    /// Writes a file that is packed already; a name that could leave the archive, or that it has, is an error.
    package mutating func add(_ entry: PackedEntry) throws {
        if let problem = EntryName.problem(entry.name) { throw ArchiveError(.invalid, entry: entry.name, problem) }
        guard names.insert(entry.name).inserted else {
            throw ArchiveError(.invalid, entry: entry.name, "the archive has a file of this name already")
        }
        guard entry.size < Int(ZipFields.full32) else {
            throw ArchiveError(.invalid, entry: entry.name, "a file of an archive has less than 4 GiB")
        }
        let line = Line(
            name: Array(entry.name.utf8), method: entry.method, checksum: entry.checksum, packed: entry.packed.count,
            size: entry.size, offset: length)
        var header: [UInt8] = []
        header.append(little: ZipFields.localHeader)
        header.append(little: UInt16(20))
        Self.appendCommon(line, to: &header)
        header.append(little: UInt16(0))
        header += line.name
        lines.append(line)
        try write(header)
        try write(entry.packed)
    }

    /// Writes the directory; nothing can be added afterwards.
    package consuming func finish() throws {
        let start = length
        for line in lines { try write(Self.centralHeader(of: line)) }
        try write(Self.end(entries: lines.count, start: start, end: length))
    }

    private mutating func write(_ bytes: [UInt8]) throws {
        try sink(bytes)
        length += UInt64(bytes.count)
    }

    /// From the flags to the length of the name: the same in both headers.
    private static func appendCommon(_ line: Line, to header: inout [UInt8]) {
        header.append(little: line.name.contains { $0 > 0x7F } ? ZipFields.utf8Flag : 0)
        header.append(little: line.method.rawValue)
        header.append(little: ZipFields.time)
        header.append(little: ZipFields.date)
        header.append(little: line.checksum)
        header.append(little: UInt32(line.packed))
        header.append(little: UInt32(line.size))
        header.append(little: UInt16(line.name.count))
    }

    private static func centralHeader(of line: Line) -> [UInt8] {
        let isFar = line.offset >= UInt64(ZipFields.full32)
        var header: [UInt8] = []
        header.append(little: ZipFields.centralHeader)
        header.append(little: ZipFields.unix | (isFar ? 45 : 20))
        header.append(little: UInt16(isFar ? 45 : 20))
        appendCommon(line, to: &header)
        header.append(little: UInt16(isFar ? 12 : 0))
        header.append(little: UInt16(0))
        header.append(little: UInt16(0))
        header.append(little: UInt16(0))
        header.append(little: ZipFields.fileAttributes)
        header.append(little: isFar ? ZipFields.full32 : UInt32(line.offset))
        header += line.name
        if isFar {
            header.append(little: ZipFields.extra64)
            header.append(little: UInt16(8))
            header.append(little: line.offset)
        }
        return header
    }

    private static func end(entries: Int, start: UInt64, end: UInt64) -> [UInt8] {
        let size = end - start
        let needs64 = entries >= Int(ZipFields.full16) || end >= UInt64(ZipFields.full32)
        var bytes: [UInt8] = []
        if needs64 {
            bytes.append(little: ZipFields.end64)
            bytes.append(little: UInt64(ZipFields.end64Length - 12))
            bytes.append(little: ZipFields.unix | 45)
            bytes.append(little: UInt16(45))
            bytes.append(little: UInt32(0))
            bytes.append(little: UInt32(0))
            bytes.append(little: UInt64(entries))
            bytes.append(little: UInt64(entries))
            bytes.append(little: size)
            bytes.append(little: start)
            bytes.append(little: ZipFields.locator64)
            bytes.append(little: UInt32(0))
            bytes.append(little: end)
            bytes.append(little: UInt32(1))
        }
        let count = needs64 ? ZipFields.full16 : UInt16(entries)
        bytes.append(little: ZipFields.end)
        bytes.append(little: UInt16(0))
        bytes.append(little: UInt16(0))
        bytes.append(little: count)
        bytes.append(little: count)
        bytes.append(little: needs64 ? ZipFields.full32 : UInt32(size))
        bytes.append(little: needs64 ? ZipFields.full32 : UInt32(start))
        bytes.append(little: UInt16(0))
        return bytes
    }
}
