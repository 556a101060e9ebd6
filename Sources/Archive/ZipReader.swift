import Glibc

/// Reads a ZIP archive that may come from anybody.
///
/// The directory is judged before anything is unpacked: names stay inside, no file stands twice or overlaps another, and
/// nothing claims more bytes than the limits, or than DEFLATE can make. Unpacking never makes more bytes than were
/// claimed, and compares the checksum. Files that were packed anew by another program are read too; encrypted ones and
/// other packings than DEFLATE aren't.
package final class ZipReader {
    /// How much an archive may hold.
    package struct Limits: Sendable {
        package var entries = 8_000_000
        /// Of one file, unpacked.
        package var entryBytes = 256 << 20
        /// Of all files, unpacked.
        package var totalBytes = 1 << 40

        package init() {}
    }

    /// A file of the archive.
    package struct Entry: Equatable, Sendable {
        package let name: String
        /// Unpacked.
        package let size: Int
        let isDeflated: Bool
        let checksum: UInt32
        let packed: Int
        let offset: Int
        /// Whether its sizes stand behind its bytes, too.
        let hasDescriptor: Bool

        var isDirectory: Bool { name.hasSuffix("/") }
    }

    /// By place in the file.
    package var entries: [Entry] { listing.entries }
    private let listing: ZipDirectory.Listing
    private let file: Int32
    private let path: String
    private let places: [String: Int]

    package init(_ path: String, limits: Limits = Limits()) throws(ArchiveError) {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw ArchiveError(.file, "\(path): \(Self.reason())") }
        do throws(ArchiveError) {
            let directory = ZipDirectory(length: try Self.length(of: file, path), limits: limits) {
                (offset, count) throws(ArchiveError) in try Self.read(file, path, offset, count)
            }
            listing = try directory.listing()
        } catch {
            close(file)
            throw error
        }
        self.file = file
        self.path = path
        places = Dictionary(listing.entries.enumerated().map { ($0.element.name, $0.offset) }) { first, _ in first }
    }

    deinit { close(file) }

    /// The file of this name; nil when there is none.
    package subscript(name: String) -> Entry? { places[name].map { entries[$0] } }

    /// A file's bytes; an entry that isn't what the directory says is an error.
    package func bytes(of entry: Entry) throws(ArchiveError) -> [UInt8] {
        let header = try Self.read(file, path, entry.offset, ZipFields.localLength)
        guard header.little(at: 0) == ZipFields.localHeader else {
            throw ArchiveError(.damaged, entry: entry.name, "there is no file where the directory says")
        }
        let name = Int(header.little(at: 26, UInt16.self))
        let extra = Int(header.little(at: 28, UInt16.self))
        let after = try Self.read(file, path, entry.offset + ZipFields.localLength, name)
        guard after.elementsEqual(entry.name.utf8), header.little(at: 8, UInt16.self) == (entry.isDeflated ? 8 : 0)
        else { throw ArchiveError(.damaged, entry: entry.name, "its header isn't what the directory says") }
        let packed = try Self.read(file, path, entry.offset + ZipFields.localLength + name + extra, entry.packed)
        let bytes = entry.isDeflated ? Deflate.unpacked(packed, count: entry.size) : packed
        guard let bytes, Deflate.checksum(bytes) == entry.checksum else {
            throw ArchiveError(.damaged, entry: entry.name, "its bytes were changed: they don't give its checksum")
        }
        return bytes
    }

    /// The bytes of the file of this name; one that isn't there is an error.
    package func bytes(named name: String) throws(ArchiveError) -> [UInt8] {
        guard let entry = self[name] else { throw ArchiveError(.damaged, entry: name, "the archive doesn't have it") }
        return try bytes(of: entry)
    }

    /// An error for an archive that has anything but its files and what must stand beside them: nothing vouches for it.
    ///
    /// Reads the header of each file.
    package func refuseBytesBeside() throws(ArchiveError) {
        guard let beside = try beside() else { return }
        throw ArchiveError(.damaged, "it has \(beside), which nothing vouches for")
    }

    /// What the archive has that is no file's, in words; nil when there is nothing.
    private func beside() throws(ArchiveError) -> String? {
        if let beside = listing.beside { return beside }
        let layout = ZipLayout(listing: listing) { [file, path] (offset, count) throws(ArchiveError) in
            try Self.read(file, path, offset, count)
        }
        return try layout.beside()
    }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }

    private static func length(of file: Int32, _ path: String) throws(ArchiveError) -> Int {
        var status = stat()
        guard unsafe fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ArchiveError(.file, "\(path) isn't a file")
        }
        return status.st_size
    }

    private static func read(
        _ file: Int32, _ path: String, _ offset: Int, _ count: Int
    ) throws(ArchiveError) -> [UInt8] {
        var failure: ArchiveError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { room, filled in
            while filled < count {
                let got = unsafe pread(file, room.baseAddress?.advanced(by: filled), count - filled, offset + filled)
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    failure =
                        got == 0
                        ? ArchiveError(.damaged, "\(path) ends early: it was cut off")
                        : ArchiveError(.file, "\(path): \(Self.reason())")
                    return
                }
                filled += got
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
