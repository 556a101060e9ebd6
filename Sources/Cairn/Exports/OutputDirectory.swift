import Archive
import EventLog
import Glibc

/// A directory that an export writes files into.
enum OutputDirectory {
    /// Makes it, and what it is in, unless it is there; none is made in a store.
    static func make(_ path: String) throws {
        try StoreSurroundings.refuse(path, during: "writing \(path)")
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += part + "/"
            guard mkdir(made, 0o755) == 0 || errno == EEXIST else {
                throw ArchiveError(.file, "can't make \(made): \(String(cString: strerror(errno)))")
            }
        }
    }
}
