import Glibc

/// `store.json` on disk, and the directory around it.
enum ManifestFile {
    private static let temporaryPrefix = ".store.json."
    private static let largest = 64 << 10
    /// What a store's directory may hold before its `store.json` is there: the rest of a creation that was cut short.
    private static let beginnings: Set<String> = ["log", "blobs", "views", "keys", "workers"]

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// The manifest of a directory; nil when it has none.
    static func read(in directory: String) throws(LogError) -> StoreManifest? {
        let path = directory + "/" + StoreManifest.fileName
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw LogError.system("reading \(path)")
        }
        defer { close(file) }
        var status = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: largest) { buffer, count in
            status = unsafe Glibc.read(file, buffer.baseAddress, largest)
            count = max(status, 0)
        }
        guard status >= 0 else { throw LogError.system("reading \(path)") }
        return try StoreManifest(file: bytes, path: directory)
    }

    /// Makes the directory if it is missing; refuses one that holds other things than the beginnings of a store.
    static func prepareDirectory(_ directory: String) throws(LogError) {
        try makeDirectories(directory)
        guard let names = DirectoryEntries.names(in: directory) else { throw LogError.system("opening \(directory)") }
        for name in names {
            let isKnown =
                name == StoreManifest.fileName || beginnings.contains(name) || name.hasPrefix(temporaryPrefix)
            guard isKnown else {
                throw LogError(
                    .notAStore, during: "creating a store at \(directory)",
                    "the directory holds other files, such as «\(name)»; name an empty or missing one")
            }
        }
    }

    /// Puts the manifest in place, whole and on disk; when another process was faster, returns that one's.
    static func publish(_ manifest: StoreManifest, in directory: String) throws(LogError) -> StoreManifest {
        let path = directory + "/" + StoreManifest.fileName
        let temporary = directory + "/" + temporaryPrefix + manifest.id
        try write(manifest.file, to: temporary)
        defer { unsafe unlink(temporary) }
        if unsafe link(temporary, path) != 0 && errno != EEXIST { throw LogError.system("writing \(path)") }
        try DirectoryEntries.sync(directory)
        guard let published = try read(in: directory) else { throw LogError.system("reading \(path)") }
        return published
    }

    /// Puts another manifest in the place of the one that is there, at once and on disk.
    static func replace(with manifest: StoreManifest, in directory: String) throws(LogError) {
        let path = directory + "/" + StoreManifest.fileName
        let temporary = directory + "/" + temporaryPrefix + manifest.id
        unsafe unlink(temporary)
        try write(manifest.file, to: temporary)
        guard unsafe rename(temporary, path) == 0 else { throw LogError.system("writing \(path)") }
        try DirectoryEntries.sync(directory)
    }

    private static func makeDirectories(_ path: String) throws(LogError) {
        if unsafe mkdir(path, 0o777) == 0 || errno == EEXIST { return }
        if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeDirectories(String(path[..<slash]))
            if unsafe mkdir(path, 0o777) == 0 || errno == EEXIST { return }
        }
        throw LogError.system("creating \(path)")
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(LogError) {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw LogError.system("writing \(path)") }
        defer { close(file) }
        let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
        guard written == bytes.count, fsync(file) == 0 else { throw LogError.system("writing \(path)") }
    }
}
