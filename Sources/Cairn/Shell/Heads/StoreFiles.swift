import EventLog
import Glibc

/// Small files of a store, each written whole or not at all.
enum StoreFiles {
    /// What a file has; nil when it isn't there.
    static func read(_ path: String) throws(LogError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw failure("reading \(path)")
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("reading \(path)") }
            if count == 0 { return bytes }
            bytes += part[..<count]
        }
    }

    /// Puts a file in the place of what has its name, on disk when this returns.
    static func replace(_ path: String, with bytes: [UInt8], mode: mode_t) throws(LogError) {
        let temporary = "\(path).\(getpid()).partial"
        try write(bytes, to: temporary, mode: mode)
        guard rename(temporary, path) == 0 else {
            defer { unlink(temporary) }
            throw failure("writing \(path)")
        }
        try sync(directoryOf: path)
    }

    /// Makes a directory unless it is there.
    static func makeDirectory(_ path: String, mode: mode_t) throws(LogError) {
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw failure("creating \(path)") }
    }

    /// The names in a directory in order; none when it isn't there.
    static func names(in path: String) throws(LogError) -> [String] {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return [] }
            throw failure("reading \(path)")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Runs `body` while no other process does the same under this directory.
    static func alone<R>(in directory: String, _ body: () throws -> R) throws -> R {
        let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw failure("opening \(directory)") }
        defer { close(file) }
        while flock(file, LOCK_EX) != 0 {
            guard errno == EINTR else { throw failure("locking \(directory)") }
        }
        return try body()
    }

    private static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(LogError) {
        unlink(path)
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw failure("writing \(path)") }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = failure("writing \(path)")
                unlink(path)
                throw error
            }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0 else { throw failure("writing \(path)") }
    }

    private static func sync(directoryOf path: String) throws(LogError) {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw failure("opening \(directory)") }
        defer { close(file) }
        guard fsync(file) == 0 else { throw failure("writing \(directory)") }
    }

    private static func failure(_ operation: String) -> LogError {
        let code: LogError.Code =
            switch errno {
            case ENOSPC, EDQUOT: .full
            case EACCES, EPERM, EROFS: .readOnly
            default: .other
            }
        return LogError(code, during: operation, String(cString: strerror(errno)))
    }
}
