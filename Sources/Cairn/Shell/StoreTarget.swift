import EventLog
import Glibc

/// A directory that gets its name only when it is whole.
///
/// It is made beside its place as `<name>.partial-<process>`. Those that killed processes left behind are removed by the
/// next one.
final class StoreTarget {
    let path: String
    /// Where the contents are made.
    let partial: String
    private let lock: CInt
    private var isFinished = false

    /// Refuses a path that has something: only an empty or missing directory is replaced.
    init(_ path: String, operation: String) throws(LogError) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        guard Self.isVacant(path) else {
            throw LogError(
                .invalid, during: operation, "\(path) isn't an empty directory; name an empty or missing one")
        }
        Self.removeLeftovers(of: path)
        partial = "\(path).partial-\(getpid())"
        guard mkdir(partial, 0o777) == 0 else { throw Self.failure("making \(partial)") }
        lock = open(partial, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw Self.failure("locking \(partial)") }
    }

    deinit {
        close(lock)
        if !isFinished { ScratchDirectory.remove(partial) }
    }

    /// Gives it its name, on disk.
    func finish() throws(LogError) {
        for part in ["log", "blobs"] { unlink("\(partial)/\(part)/lock.mdb") }
        try Self.sync(partial)
        guard rename(partial, path) == 0 else { throw Self.failure("renaming \(partial) to \(path)") }
        isFinished = true
        try Self.sync(Self.split(path).parent)
    }

    private static func isVacant(_ path: String) -> Bool {
        guard let directory = opendir(path) else { return errno == ENOENT }
        defer { closedir(directory) }
        return names(directory).isEmpty
    }

    private static func removeLeftovers(of path: String) {
        let (parent, name) = split(path)
        guard let directory = opendir(parent) else { return }
        defer { closedir(directory) }
        for entry in names(directory) where entry.hasPrefix(name + ".partial-") {
            let leftover = parent + "/" + entry
            let file = open(leftover, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard file >= 0 else { continue }
            if flock(file, LOCK_EX | LOCK_NB) == 0 { ScratchDirectory.remove(leftover) }
            close(file)
        }
    }

    private static func names(_ directory: OpaquePointer) -> [String] {
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    private static func split(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    private static func sync(_ directory: String) throws(LogError) {
        let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw failure("syncing \(directory)") }
        defer { close(file) }
        guard fsync(file) == 0 else { throw failure("syncing \(directory)") }
    }

    private static func failure(_ operation: String) -> LogError {
        let number = errno
        let full = [ENOSPC, EDQUOT, EFBIG].contains(number)
        return LogError(full ? .full : .other, during: operation, String(cString: strerror(number)))
    }
}
