import CanonicalJSON
import Crypto
import Determinism
import Glibc
import Synchronization

/// A key that seals blobs: those of one scope, such as a run or a subject.
struct DataKey: Sendable {
    /// Names it in sealed blobs; drawn at random.
    let id: [UInt8]
    let scope: String
    let key: SymmetricKey

    var name: String { Hexadecimal.text(id) }
}

/// The keys of an encrypted store, in its directory `keys/`: the store's own, and below it those of data, which it wraps.
///
/// A key of data is a file of its own. To drop it is to overwrite and remove that file; nobody can open then what it
/// sealed, in this store or in a copy of it. So each use looks whether the file is still there.
final class BlobKeys: Sendable {
    /// What several scopes name is sealed for none of them.
    static let sharedScope = "store"
    static let idLength = 16

    /// The directory of the keys of data.
    private let directory: String
    private let storeKey: SymmetricKey
    private let known: Mutex<[[UInt8]: DataKey]>

    /// Nil where the store has no key, since it isn't encrypted, or was copied without its keys.
    init?(of store: String) throws(LogError) {
        let path = Self.path(of: store)
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw LogError.system("reading \(path)")
        }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw LogError.system("reading \(path)") }
        guard status.st_mode & 0o077 == 0 else {
            throw LogError(.invalid, during: "reading \(path)", "it is open to others; run: chmod 600 \(path)")
        }
        guard let key = Hexadecimal.bytes(Self.text(of: file, atMost: 65)), key.count == 32 else {
            throw LogError(.damaged(nil), during: "reading \(path)", "it isn't 64 hexadecimal digits")
        }
        storeKey = SymmetricKey(data: key)
        directory = store + "/keys/data"
        known = Mutex([:])
    }

    /// Names the store's key without giving it away.
    var storeKeyName: String {
        let bytes = unsafe storeKey.withUnsafeBytes { unsafe Array($0) }
        return String(Determinism.Digest(of: Array("cairn store key ".utf8) + bytes).hex.prefix(32))
    }

    private static func path(of store: String) -> String { store + "/keys/store.key" }

    /// Where the key of data with this id is in a store's directory.
    static func file(of id: [UInt8]) -> String { "keys/data/" + Hexadecimal.text(id) }

    /// Makes a store's key, on disk and readable by its owner alone; one that is there stays.
    static func make(for store: String) throws(LogError) {
        for part in ["/keys", "/keys/data"] {
            guard unsafe mkdir(store + part, 0o700) == 0 || errno == EEXIST else {
                throw LogError.system("making \(store + part)")
            }
        }
        let path = path(of: store)
        if unsafe access(path, F_OK) == 0 { return }
        let key = unsafe SymmetricKey(size: .bits256).withUnsafeBytes { unsafe Array($0) }
        try write(Array((Hexadecimal.text(key) + "\n").utf8), to: path)
        try DirectoryEntries.sync(store + "/keys")
    }

    // MARK: Keys of data

    /// Nil when it was dropped, or isn't here.
    func key(_ id: [UInt8]) throws(LogError) -> DataKey? {
        let path = directory + "/" + Hexadecimal.text(id)
        guard unsafe access(path, F_OK) == 0 else {
            known.withLock { $0[id] = nil }
            return nil
        }
        if let key = known.withLock({ $0[id] }) { return key }
        let key = try read(path)
        known.withLock { $0[id] = key }
        return key
    }

    /// The key of a scope; nil when it has none yet, or its key was dropped.
    func key(of scope: String) throws(LogError) -> DataKey? {
        let candidates = known.withLock { known in known.values.filter { $0.scope == scope }.map(\.id) }
        for id in candidates { if let key = try key(id) { return key } }
        for id in try ids() {
            if let key = try key(id), key.scope == scope { return key }
        }
        return nil
    }

    /// Makes the key of a scope, unless another process was faster.
    ///
    /// `announce` hears of it before it is there.
    func make(
        for scope: String, announce: (String) async throws(LogError) -> Void
    ) async throws(LogError) -> DataKey {
        let lock = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { throw LogError.system("opening \(directory)") }
        defer { close(lock) }
        // Not waited for on this thread: whoever has the lock may need it to go on.
        while flock(lock, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EINTR || errno == EWOULDBLOCK else { throw LogError.system("locking \(directory)") }
            try? await Task.sleep(for: .milliseconds(2))  // why: only blocked threads are told of a free lock
        }
        if let key = try key(of: scope) { return key }
        var random = SystemRandomNumberGenerator()
        let id = (0..<Self.idLength).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let made = DataKey(id: id, scope: scope, key: SymmetricKey(size: .bits256))
        try await announce(made.name)
        let path = directory + "/" + made.name
        try Self.write(try wrapped(made), to: path + ".new")
        guard unsafe rename(path + ".new", path) == 0 else { throw LogError.system("writing \(path)") }
        try DirectoryEntries.sync(directory)
        known.withLock { $0[id] = made }
        return made
    }

    /// Overwrites and removes a key: what it sealed is lost for good.
    ///
    /// Harmless when it is gone already.
    func drop(_ id: [UInt8]) throws(LogError) {
        let path = directory + "/" + Hexadecimal.text(id)
        known.withLock { $0[id] = nil }
        let file = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return }
            throw LogError.system("dropping \(path)")
        }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw LogError.system("dropping \(path)") }
        let nothing = [UInt8](repeating: 0, count: Int(status.st_size))
        let written = unsafe nothing.withUnsafeBytes { unsafe pwrite(file, $0.baseAddress, $0.count, 0) }
        guard written == nothing.count, fsync(file) == 0, unsafe unlink(path) == 0 else {
            throw LogError.system("dropping \(path)")
        }
        try DirectoryEntries.sync(directory)
    }

    /// All keys of data that are here.
    func ids() throws(LogError) -> [[UInt8]] {
        guard let names = DirectoryEntries.names(in: directory) else {
            throw LogError.system("opening \(directory)")
        }
        let ids = names.compactMap(Hexadecimal.bytes).filter { $0.count == Self.idLength }
        return ids.sorted { $0.lexicographicallyPrecedes($1) }
    }

    // MARK: Files

    private func wrapped(_ key: DataKey) throws(LogError) -> [UInt8] {
        let bytes = unsafe key.key.withUnsafeBytes { unsafe Array($0) }
        let sealed = try Sealing.seal(bytes, with: storeKey, for: key.id + Array(key.scope.utf8))
        var writer = CanonicalWriter()
        writer.beginObject()
        writer.field("id", key.name)
        writer.field("scope", key.scope)
        writer.field("sealed", Hexadecimal.text(sealed))
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private func read(_ path: String) throws(LogError) -> DataKey? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw LogError.system("reading \(path)")
        }
        defer { close(file) }
        let text = Array(Self.text(of: file, atMost: 4_096).utf8)
        guard let value = try? JSONParser.parse(text), let id = value["id"]?.string.flatMap({ Hexadecimal.bytes($0) }),
            let scope = value["scope"]?.string, let sealed = value["sealed"]?.string.flatMap({ Hexadecimal.bytes($0) }),
            let key = Sealing.open(sealed, with: storeKey, for: id + Array(scope.utf8))
        else { throw LogError(.damaged(nil), during: "reading \(path)", "it isn't a key of this store") }
        return DataKey(id: id, scope: scope, key: SymmetricKey(data: key))
    }

    /// What a short file holds, without a line feed.
    private static func text(of file: CInt, atMost most: Int) -> String {
        var bytes = [UInt8](repeating: 0, count: most)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(file, $0.baseAddress, most) }
        let text = bytes.prefix(max(0, count))
        return String(decoding: text.last == UInt8(ascii: "\n") ? text.dropLast() : text, as: UTF8.self)
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(LogError) {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw LogError.system("writing \(path)") }
        defer { close(file) }
        let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
        guard written == bytes.count, fsync(file) == 0 else { throw LogError.system("writing \(path)") }
    }
}
