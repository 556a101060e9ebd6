import EventLog
import Glibc

/// A directory for what is needed for a while; removed with everything in it when released.
final class ScratchDirectory: Sendable {
    let path: String

    /// Made in `TMPDIR`, or `/tmp`.
    init() throws(LogError) {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/cairn-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw LogError(
                .other, during: "making a directory for a while", "\(parent): \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// Removes a directory with everything in it, or a file; of a link only itself.
    static func remove(_ path: String) {
        var status = stat()
        let isDirectory = lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        if isDirectory, let names = DirectoryEntries.names(in: path) {
            for name in names { remove(path + "/" + name) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
