import Glibc

/// What killed processes have left of files and directories that get their names when they are whole.
package enum Leftovers {
    package enum Kind { case file, directory }

    private static let end = ".partial"

    /// Where this process makes a file that isn't whole: `<path>.<process>.partial`.
    package static func partial(of path: String) -> String { "\(path).\(getpid())\(end)" }

    /// Removes what processes that don't live any more have left of a file.
    package static func removeFiles(of path: String) {
        guard let slash = path.lastIndex(of: "/") else { return removeFiles(in: ".") { $0 == path } }
        let name = path[path.index(after: slash)...]
        removeFiles(in: slash == path.startIndex ? "/" : String(path[..<slash])) { $0 == name }
    }

    /// The same of all files in a directory whose names are wanted: who writes many there lists it once.
    package static func removeFiles(in directory: String, of isWanted: (Substring) -> Bool) {
        remove(.file, in: directory) { name in
            guard let (whole, process) = parts(of: name), isWanted(whole) else { return false }
            return kill(process, 0) != 0 && errno == ESRCH
        } by: { path in
            unsafe unlink(path)
        }
    }

    /// Hands over what in a directory has such a name, is this user's, and is locked by nobody.
    package static func remove(
        _ kind: Kind, in directory: String, where isLeftover: (_ name: String) -> Bool,
        by remove: (_ path: String) -> Void
    ) {
        for name in DirectoryEntries.names(in: directory) ?? [] where isLeftover(name) {
            let path = directory + "/" + name
            let file = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard file >= 0 else { continue }
            if flock(file, LOCK_EX | LOCK_NB) == 0, isOwn(kind, path, file) { remove(path) }
            close(file)
        }
    }

    /// Whether a path still leads to what was opened, and that is of the kind and this user's.
    private static func isOwn(_ kind: Kind, _ path: String, _ file: CInt) -> Bool {
        var (opened, named) = (stat(), stat())
        // Whoever held the lock before may have given it its name since.
        guard unsafe fstat(file, &opened) == 0, unsafe lstat(path, &named) == 0, opened.st_ino == named.st_ino,
            opened.st_dev == named.st_dev, opened.st_uid == geteuid()
        else { return false }
        return opened.st_mode & S_IFMT == (kind == .file ? S_IFREG : S_IFDIR)
    }

    /// The name that a file was to have, and the process that made it; nil for other names.
    private static func parts(of name: String) -> (whole: Substring, process: pid_t)? {
        guard name.hasSuffix(end) else { return nil }
        let rest = name.dropLast(end.count)
        guard let dot = rest.lastIndex(of: "."), let process = pid_t(rest[rest.index(after: dot)...]), process > 0,
            rest[rest.index(after: dot)...] == "\(process)"
        else { return nil }
        return (rest[..<dot], process)
    }
}
