/// Finds what stands between an archive's files and is none of them.
struct ZipLayout {
    let listing: ZipDirectory.Listing
    let bytes: (_ offset: Int, _ count: Int) throws(ArchiveError) -> [UInt8]

    init(
        listing: ZipDirectory.Listing,
        bytes: @escaping (_ offset: Int, _ count: Int) throws(ArchiveError) -> [UInt8]
    ) {
        self.listing = listing
        self.bytes = bytes
    }

    /// The first such bytes, in words; nil when files follow each other from the beginning to the directory.
    func beside() throws(ArchiveError) -> String? {
        let entries = (listing.entries + listing.directories).sorted { $0.offset < $1.offset }
        guard let first = entries.first else { return listing.end > 0 ? "bytes before its directory" : nil }
        if first.offset > 0 { return "bytes before its first file" }
        for (index, entry) in entries.enumerated() {
            let next = index + 1 < entries.count ? entries[index + 1].offset : listing.end
            if let beside = try beside(entry, before: next) { return beside }
        }
        return nil
    }

    /// What an extra field, or a directory's entry, has that no program packs with a file, in words.
    static func beside(_ entry: ZipReader.Entry, _ extra: [UInt8]) -> String? {
        if entry.isDirectory, entry.size + entry.packed > 0 { return "bytes in the directory \(entry.name)" }
        var at = 0
        while at + 4 <= extra.count {
            let size = Int(extra.little(at: at + 2, UInt16.self))
            guard ZipFields.extras[extra.little(at: at)]?.contains(size) == true else { break }
            at += 4 + size
        }
        return at == extra.count ? nil : "an unknown extra field of \(entry.name)"
    }

    private func beside(_ entry: ZipReader.Entry, before next: Int) throws(ArchiveError) -> String? {
        let header = try bytes(entry.offset, ZipFields.localLength)
        guard header.little(at: 0) == ZipFields.localHeader else {
            throw ArchiveError(.damaged, entry: entry.name, "there is no file where the directory says")
        }
        let extraAt = entry.offset + ZipFields.localLength + Int(header.little(at: 26, UInt16.self))
        let extraLength = Int(header.little(at: 28, UInt16.self))
        let end = extraAt + extraLength + entry.packed
        guard end <= next else { throw ArchiveError(.unsafe, entry: entry.name, "it overlaps what follows it") }
        if extraLength > 0, let beside = Self.beside(entry, try bytes(extraAt, extraLength)) { return beside }
        let isWhole = entry.hasDescriptor ? try isDescriptor(of: entry, from: end, to: next) : end == next
        return isWhole ? nil : "bytes behind \(entry.name)"
    }

    /// Whether some bytes are the checksum and sizes of an entry, 32-bit or 64-bit, with or without a header.
    private func isDescriptor(of entry: ZipReader.Entry, from start: Int, to end: Int) throws(ArchiveError) -> Bool {
        guard (12...24).contains(end - start) else { return false }
        let found = try bytes(start, end - start)
        return [false, true].contains { isWide in
            var numbers: [UInt8] = []
            numbers.append(little: entry.checksum)
            for size in [entry.packed, entry.size] {
                if isWide {
                    numbers.append(little: UInt64(size))
                } else {
                    numbers.append(little: UInt32(truncatingIfNeeded: size))
                }
            }
            var whole: [UInt8] = []
            whole.append(little: ZipFields.descriptor)
            return found == numbers || found == whole + numbers
        }
    }
}
