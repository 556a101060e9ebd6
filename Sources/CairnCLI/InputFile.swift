import Glibc

/// A file that a command reads whole; `-` is standard input.
enum InputFile {
    /// What no proof, checkpoint or file of keys is larger than.
    static let maximumByteCount = 64 << 20

    static func read(_ path: String) throws -> [UInt8] {
        let file = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(.usage, "can't read \(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(.usage, "can't read \(path): \(String(cString: strerror(errno)))") }
            if count == 0 { return bytes }
            bytes += part[..<count]
            guard bytes.count <= maximumByteCount else { throw Failure(.usage, "\(path) is too large") }
        }
    }
}
