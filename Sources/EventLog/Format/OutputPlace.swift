import Glibc

/// Where a file is made that somebody gave a name for.
///
/// A file that appears when it is whole takes the name from what has it. So a link is followed, and what is neither a
/// file nor missing, such as a device or a pipe, is refused: it would be gone.
package enum OutputPlace {
    /// The file that a name leads to, which may not be there yet.
    ///
    /// Throws `.invalid` for what no file can take the place of.
    package static func resolved(_ path: String) throws(LogError) -> String {
        let operation = "writing \(path)"
        if path == "-" { throw LogError(.invalid, during: operation, "it isn't the name of a file; \(remedy)") }
        var (place, links) = (path, 0)
        while let target = target(of: place) {
            links += 1
            guard links <= mostLinks else {
                errno = ELOOP
                throw LogError.system(operation)
            }
            var found = stat()
            // Links such as /dev/stdout lead to what has no name: what they are is known, and not where.
            if unsafe stat(place, &found) == 0 { try check(found, operation) }
            place = target.hasPrefix("/") ? target : directory(of: place) + target
        }
        var found = stat()
        if unsafe lstat(place, &found) == 0 { try check(found, operation) }
        return place
    }

    /// How many links the system itself follows.
    private static let mostLinks = 40

    private static let remedy =
        "name a file, or leave out -o where the command can do without, and redirect standard output: > FILE or | PROGRAM"

    private static func check(_ found: stat, _ operation: String) throws(LogError) {
        let kind =
            switch found.st_mode & S_IFMT {
            case S_IFREG: ""
            case S_IFDIR: "a directory"
            case S_IFIFO: "a pipe"
            case S_IFSOCK: "a socket"
            default: "a device"
            }
        if !kind.isEmpty {
            throw LogError(
                .invalid, during: operation, "it is \(kind), which a file can't take the place of; \(remedy)")
        }
    }

    /// What a link says; nil of what isn't one.
    private static func target(of path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink(path, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// With its slash; empty for a bare name.
    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }
}
