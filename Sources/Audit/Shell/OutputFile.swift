import EventLog
import Glibc

/// A file that appears under its name only when it is whole.
package final class OutputFile {
    private let path: String
    private let temporary: String
    private let file: Int32
    private var isFinished = false
    /// How many bytes were written.
    package private(set) var length = 0

    /// Replaces the file that the name leads to, when finished; what killed processes have left of it goes now.
    ///
    /// Who writes many files into one directory does that once (`Leftovers`), and sees once that it is in no store, and
    /// gives `false` for `clearing`.
    package init(replacing path: String, clearing: Bool = true) throws {
        let path = try Self.place(of: path)
        self.path = path
        if clearing {
            try Self.refuseStores(path)
            Leftovers.removeFiles(of: path)
        }
        temporary = Leftovers.partial(of: path)
        file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw ExportError(path: path, reason: String(cString: strerror(errno))) }
        // Tells whoever can't see this process, such as one of another container, that it lives.
        _ = flock(file, LOCK_EX | LOCK_NB)
    }

    /// Fails where no file can have the name, or the name is in a store, so that nobody finds that out when all is written.
    package static func check(_ path: String) throws { try refuseStores(place(of: path)) }

    private static func refuseStores(_ path: String) throws {
        try StoreSurroundings.refuse(path, during: "writing \(path)")
    }

    /// Where the file goes, links followed.
    private static func place(of path: String) throws -> String {
        var known = stat()
        let isDirectory = stat(path, &known) == 0 && known.st_mode & S_IFMT == S_IFDIR
        if path.isEmpty || isDirectory {
            throw ExportError(path: path, reason: String(cString: strerror(path.isEmpty ? ENOENT : EISDIR)))
        }
        return try OutputPlace.resolved(path)
    }

    package func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw ExportError(path: path, reason: String(cString: strerror(errno))) }
                rest = rest.dropFirst(written)
                length += written
            }
        }
    }

    package func finish() throws {
        guard fsync(file) == 0, rename(temporary, path) == 0 else {
            throw ExportError(path: path, reason: String(cString: strerror(errno)))
        }
        isFinished = true
    }

    deinit {
        close(file)
        if !isFinished { unlink(temporary) }
    }
}
