import Glibc

/// What is in a directory of a store.
package enum DirectoryEntries {
    /// The names in order, without those of the directory itself and the one above it.
    ///
    /// Nil when it can't be read; `errno` says why.
    package static func names(in path: String) -> [String]? {
        guard let listing = unsafe opendir(path) else { return nil }
        defer { unsafe closedir(listing) }
        var names: [String] = []
        while let entry = unsafe readdir(listing) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// What was made, renamed and removed in it is on disk when this returns.
    package static func sync(_ path: String) throws(LogError) {
        let directory = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .system("syncing \(path)") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw .system("syncing \(path)") }
    }
}
