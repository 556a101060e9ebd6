import Glibc
package import Providers

/// Where the keys of providers are found: in the environment, then in a file that nobody else can read.
package struct KeyRing: Sendable {
    /// Why the file of keys isn't used; says what to do, and nothing of what is in it.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// Names the file.
    package static let pathVariable = "CAIRN_KEYS_FILE"

    private let file: KeyFile?

    package init(file: KeyFile? = nil) { self.file = file }

    /// The keys of the environment and of the file that it names, if it does.
    package static func load() throws(Failure) -> KeyRing {
        guard let path = getenv(pathVariable).map({ String(cString: $0) }), !path.isEmpty else { return KeyRing() }
        return KeyRing(file: try read(path))
    }

    /// The key that is asked for under a variable's name; a provider may have a second name for it.
    package func key(_ variable: String) -> APIKey? { found(variable)?.key }

    /// The name under which that key is there: the variable's own or the second one.
    package func variable(bringing variable: String) -> String? { found(variable)?.name }

    private func found(_ variable: String) -> (name: String, key: APIKey)? {
        let names = ModelCatalogue.keyVariables(standingFor: variable)
        for name in names {
            if let key = getenv(name).flatMap({ APIKey(String(cString: $0)) }) { return (name, key) }
        }
        for name in names {
            if let key = file?[name] { return (name, key) }
        }
        return nil
    }

    /// Reads a file of keys, which must be its reader's own and closed to all others.
    package static func read(_ path: String) throws(Failure) -> KeyFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw Failure(description: "the file of keys \(path) can't be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(description: "\(path), which should hold keys, isn't a file")
        }
        guard status.st_uid == geteuid() else {
            throw Failure(description: "the file of keys \(path) belongs to another user; make one of your own")
        }
        guard status.st_mode & 0o177 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw Failure(
                description: "the file of keys \(path) is open to others (mode 0\(mode)); run: chmod 600 \(path)")
        }
        do throws(KeyFileError) {
            return try KeyFile(bytes(of: descriptor))
        } catch {
            throw Failure(description: "the file of keys \(path): \(error)")
        }
    }

    /// What the file holds, or a little more than a file of keys may.
    private static func bytes(of descriptor: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count <= KeyFile.sizeLimit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return bytes
    }
}
