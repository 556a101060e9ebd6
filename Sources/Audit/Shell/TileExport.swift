package import EventLog
import Glibc

/// Writes a log as static files that any web server can hand out: C2SP `tlog-tiles` (c2sp.org/tlog-tiles).
///
/// `tile/<L>/<N>[.p/<W>]` have hashes, `tile/entries/<N>[.p/<W>]` the records, “big-endian uint16 length-prefixed”, and
/// `checkpoint` the signed head. Full tiles never change: those that are there already are left alone, so writing into
/// the same directory again costs what is new.
package struct TileExport {
    /// How many files were written.
    package private(set) var written = 0
    private let log: LMDBLog
    private let directory: String

    package init(_ log: LMDBLog, into directory: String) {
        self.log = log
        self.directory = directory
    }

    /// Makes the directory, and sees whether files can be made in it.
    package func prepare() throws {
        try makeDirectories(directory)
        guard access(directory + "/.", W_OK | X_OK) == 0 else {
            throw ExportError(path: directory, reason: String(cString: strerror(errno)))
        }
    }

    /// Writes all that the checkpoint's head is made of, and the checkpoint last.
    package mutating func write(_ checkpoint: SignedCheckpoint) throws {
        let size = checkpoint.head.size
        try writeEntries(size)
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
            guard width < 256 || access(path, F_OK) != 0 else { continue }
            guard let hashes = try log.tile(level: level, number: number), hashes.count >= 32 * width else {
                throw ExportError(path: path, reason: "the log has no such tile; audit the store")
            }
            try put(Array(hashes.prefix(32 * width)), at: path)
        }
    }

    private mutating func writeEntries(_ size: UInt64) throws {
        var bundle: [UInt8] = []
        let last = size / 256
        var number: UInt64 = 0
        // Whole bundles at the beginning that are there already aren't read again.
        while number < last, access(path("tile/entries", number, 256), F_OK) == 0 { number += 1 }
        var width = 0
        try log.scan(from: Position(number * 256), to: Position(size), matching: .all) { event in
            event.withRecord { record in
                bundle += [
                    UInt8(truncatingIfNeeded: record.byteCount >> 8), UInt8(truncatingIfNeeded: record.byteCount),
                ]
                record.withUnsafeBytes { bundle.append(contentsOf: $0) }
            }
            width += 1
            guard width == 256 else { return }
            try put(bundle, at: path("tile/entries", number, 256))
            number += 1
            (bundle, width) = ([], 0)
        }
        if width > 0 { try put(bundle, at: path("tile/entries", number, width)) }
    }

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
        let file = try OutputFile(replacing: path)
        try file.write(bytes)
        try file.finish()
        written += 1
    }

    private func makeDirectories(_ path: String) throws {
        if mkdir(path, 0o777) == 0 || errno == EEXIST || path.isEmpty { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/") else {
            throw ExportError(path: path, reason: String(cString: strerror(errno)))
        }
        try makeDirectories(String(path[..<slash]))
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
            throw ExportError(path: path, reason: String(cString: strerror(errno)))
        }
    }
}
