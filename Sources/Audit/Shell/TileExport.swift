package import EventLog
import Glibc

/// Writes a log as static files that any web server can hand out: C2SP `tlog-tiles` (c2sp.org/tlog-tiles).
///
/// `tile/<L>/<N>[.p/<W>]` have hashes, `tile/entries/<N>[.p/<W>]` the records, “big-endian uint16 length-prefixed”, and
/// `checkpoint` the signed head. Full tiles never change: those that the head in the directory covers are left alone, so
/// writing into the same directory again costs what is new.
package struct TileExport {
    /// How many files were written.
    package private(set) var written = 0
    private let log: LMDBLog
    private let directory: String
    /// How many events the head that lies in the directory is of; full tiles below it are the log's own.
    private var published: UInt64 = 0
    /// The directories that were made, each behind the one that it is in.
    private var made: [String] = []

    package init(_ log: LMDBLog, into directory: String) {
        self.log = log
        self.directory = directory
    }

    /// Makes the directory, and sees whether files can be made in it, and that no other head than one of this log's own
    /// lies there: whoever follows that one would see a history torn apart.
    ///
    /// Then looks at every record that is to be written, so that nothing is signed, recorded or written of a log that was
    /// changed.
    package mutating func prepare() throws {
        try StoreSurroundings.refuse(directory, during: "writing \(directory)")
        published = try publishedSize()
        try makeDirectories(directory)
        guard access(directory + "/.", W_OK | X_OK) == 0 else {
            throw ExportError(path: directory, reason: String(cString: strerror(errno)))
        }
        let head = try log.head()
        let bundles = EntryBundles(log: log, head: head)
        for number in firstBundle(head.size)..<Self.bundles(head.size) { _ = try bundles.bundle(number) }
    }

    /// Removes the directories that were made and that nothing was put into.
    package mutating func removeEmpty() {
        for path in made.reversed() { rmdir(path) }
        made = []
    }

    /// The size of the head in the directory, 0 where there is none.
    private func publishedSize() throws -> UInt64 {
        let path = directory + "/checkpoint"
        guard access(path, F_OK) == 0 else { return 0 }
        func refusal(_ why: String) -> TileConflict { TileConflict(directory: directory, reason: why) }
        let checkpoint: SignedCheckpoint
        do {
            checkpoint = try SignedCheckpoint(try Self.bytes(of: path))
        } catch {
            throw refusal("what is named checkpoint there isn't one: \(error)")
        }
        let origin = SignedCheckpoint.origin(ofStore: log.manifest.id)
        guard checkpoint.origin.utf8.elementsEqual(origin.utf8) else {
            throw refusal("the tiles there are of \(checkpoint.origin), and this store is \(origin)")
        }
        guard let then = try log.head(ofSize: checkpoint.head.size) else {
            throw refusal(
                "the head there is of \(checkpoint.head.size) events, and this log has only \(try log.head().size)")
        }
        guard then == checkpoint.head else {
            throw refusal("this log never had the head of \(checkpoint.head.size) events that is there")
        }
        return checkpoint.head.size
    }

    private static func bytes(of path: String) throws -> [UInt8] {
        var lines = try LineReader(path)
        var bytes: [UInt8] = []
        while let line = try lines.next() { bytes += line + [UInt8(ascii: "\n")] }
        return bytes
    }

    /// Writes all that the checkpoint's head is made of, and the checkpoint last.
    package mutating func write(_ checkpoint: SignedCheckpoint) throws {
        let size = checkpoint.head.size
        clear(directory)
        try writeEntries(checkpoint.head)
        var level: UInt8 = 0
        while size >> (8 * UInt64(level)) > 0 {
            try writeTiles(level: level, count: size >> (8 * UInt64(level)))
            level += 1
        }
        try makeDirectories(directory)
        try put(Array(checkpoint.text.utf8), at: directory + "/checkpoint")
    }

    private mutating func writeTiles(level: UInt8, count: UInt64) throws {
        for number in 0..<(count + 255) / 256 {
            let width = Int(min(256, count - 256 * number))
            let path = self.path("tile/\(level)", number, width)
            let isPublished = (number + 1) * 256 <= published >> (8 * UInt64(level))
            guard !isPublished || access(path, F_OK) != 0 else { continue }
            guard let hashes = try log.tile(level: level, number: number), hashes.count >= 32 * width else {
                throw ExportError(path: path, reason: "the log has no such tile; audit the store")
            }
            try put(Array(hashes.prefix(32 * width)), at: path)
        }
    }

    private mutating func writeEntries(_ head: TreeHead) throws {
        let bundles = EntryBundles(log: log, head: head)
        for number in firstBundle(head.size)..<Self.bundles(head.size) {
            let width = Int(min(EntryBundles.width, head.size - EntryBundles.width * number))
            try put(try bundles.bundle(number), at: path("tile/entries", number, width))
        }
    }

    /// Whole bundles at the beginning that are there already aren't read again.
    private func firstBundle(_ size: UInt64) -> UInt64 {
        let last = min(published, size) / EntryBundles.width
        var number: UInt64 = 0
        while number < last, access(path("tile/entries", number, 256), F_OK) == 0 { number += 1 }
        return number
    }

    private static func bundles(_ size: UInt64) -> UInt64 { (size + EntryBundles.width - 1) / EntryBundles.width }

    /// “Zero-padded 3-digit path elements. All but the last path element MUST begin with an `x`.”
    package static func name(_ number: UInt64) -> String {
        var elements: [String] = []
        var rest = number
        repeat {
            let digits = "\(rest % 1_000)"
            elements.append(String(repeating: "0", count: 3 - digits.count) + digits)
            rest /= 1_000
        } while rest > 0
        return elements.enumerated().reversed().map { $0.offset == 0 ? $0.element : "x" + $0.element }
            .joined(separator: "/")
    }

    private func path(_ kind: String, _ number: UInt64, _ width: Int) -> String {
        "\(directory)/\(kind)/\(Self.name(number))" + (width < 256 ? ".p/\(width)" : "")
    }

    private mutating func put(_ bytes: [UInt8], at path: String) throws {
        if let slash = path.lastIndex(of: "/") { try makeDirectories(String(path[..<slash])) }
        let file = try OutputFile(replacing: path, clearing: false)
        try file.write(bytes)
        try file.finish()
        written += 1
    }

    /// Removes what killed processes have left of files of tiles.
    private func clear(_ directory: String) {
        Leftovers.removeFiles(in: directory) { $0 == "checkpoint" }
        clear(tiles: directory + "/tile")
    }

    private func clear(tiles directory: String) {
        func isNumber(_ name: some StringProtocol) -> Bool { name.utf8.allSatisfy { (48...57).contains($0) } }
        Leftovers.removeFiles(in: directory) { isNumber($0) }
        for name in DirectoryEntries.names(in: directory) ?? []
        where name == "entries" || name.hasSuffix(".p") || name.hasPrefix("x") || isNumber(name) {
            clear(tiles: directory + "/" + name)
        }
    }

    private mutating func makeDirectories(_ path: String) throws {
        if make(path) { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/") else {
            throw ExportError(path: path, reason: String(cString: strerror(errno)))
        }
        try makeDirectories(String(path[..<slash]))
        guard make(path) else { throw ExportError(path: path, reason: String(cString: strerror(errno))) }
    }

    /// Makes a directory unless it is there; false with `errno` where that can't be.
    private mutating func make(_ path: String) -> Bool {
        if path.isEmpty { return true }
        guard mkdir(path, 0o777) == 0 else { return errno == EEXIST }
        made.append(path)
        return true
    }
}

/// In the directory lies what isn't an earlier head of this log.
package struct TileConflict: Error, Equatable, CustomStringConvertible {
    package let directory: String
    package let reason: String

    package var description: String { "can't write tiles into \(directory): \(reason)" }
    package var remedy: String { "name another directory, or move away what is in this one" }
}
