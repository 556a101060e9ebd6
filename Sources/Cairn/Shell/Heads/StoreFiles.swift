import EventLog
import Glibc

/// Small files of a store, each written whole or not at all.
enum StoreFiles {
    /// What a file has; nil when it isn't there.
    static func read(_ path: String) throws(LogError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw LogError.system("reading \(path)")
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw LogError.system("reading \(path)") }
            if count == 0 { return bytes }
            bytes += part[..<count]
        }
    }

    /// Puts a file in the place of what has its name, on disk when this returns.
    static func replace(_ path: String, with bytes: [UInt8], mode: mode_t) throws(LogError) {
        Leftovers.removeFiles(of: path)
        let temporary = Leftovers.partial(of: path)
        try write(bytes, to: temporary, mode: mode)
        guard rename(temporary, path) == 0 else {
            defer { unlink(temporary) }
            throw LogError.system("writing \(path)")
        }
        try sync(directoryOf: path)
    }

    /// Makes a directory unless it is there.
    static func makeDirectory(_ path: String, mode: mode_t) throws(LogError) {
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw LogError.system("creating \(path)") }
    }

    /// The names in a directory in order; none when it isn't there.
    static func names(in path: String) throws(LogError) -> [String] {
        if let names = DirectoryEntries.names(in: path) { return names }
        if errno == ENOENT { return [] }
        throw LogError.system("reading \(path)")
    }

    /// Runs `body` while no other process does the same under this directory.
    static func alone<R>(in directory: String, _ body: () throws -> R) throws -> R {
        let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw LogError.system("opening \(directory)") }
        defer { close(file) }
        while flock(file, LOCK_EX) != 0 {
            guard errno == EINTR else { throw LogError.system("locking \(directory)") }
        }
        return try body()
    }

    private static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(LogError) {
        unlink(path)
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw LogError.system("writing \(path)") }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = LogError.system("writing \(path)")
                unlink(path)
                throw error
            }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0 else { throw LogError.system("writing \(path)") }
    }

    private static func sync(directoryOf path: String) throws(LogError) {
        try DirectoryEntries.sync(path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
    }
}
