package import EventLog
import Glibc

/// The key that signs a store's heads: made when it is first needed, in `keys/`, which no copy of the store takes along.
///
/// `keys/signing.key` has the private text and is for the owner's eyes alone; `keys/signing.vkeys` has the public text of
/// every key that the store has signed with, the newest last. A key that is being made is kept in `keys/signing.key.new` until its
/// making is recorded: whoever fails or is killed meanwhile leaves it for the next one, who goes on with it.
package struct StoreSigningKey: Sendable {
    /// What signs.
    package let signer: NoteSigner
    /// The directory of the store.
    private let store: String

    /// Its public half.
    package var key: VerifierKey { signer.key }

    private static func directory(_ store: String) -> String { store + "/keys" }
    private static func privateFile(_ store: String) -> String { directory(store) + "/signing.key" }
    private static func newFile(_ store: String) -> String { privateFile(store) + ".new" }
    private static func publicFile(_ store: String) -> String { directory(store) + "/signing.vkeys" }

    /// The store's key; nil when none was made.
    ///
    /// Throws `.invalid` for a file that others may read too.
    package static func read(of log: LMDBLog) throws -> StoreSigningKey? {
        try read(privateFile(log.directory), of: log)
    }

    private static func read(_ path: String, of log: LMDBLog) throws -> StoreSigningKey? {
        guard let bytes = try StoreFiles.read(path) else { return nil }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
            throw LogError(
                .invalid, during: "reading \(path)", "others may read it, too; `chmod 600` it, or rotate the key")
        }
        do throws(NoteError) {
            let text = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
            return StoreSigningKey(signer: try NoteSigner(privateText: text), store: log.directory)
        } catch {
            throw LogError(.invalid, during: "reading \(path)", "\(error)")
        }
    }

    /// Makes a key in the place of the present one, if there is one.
    ///
    /// The private half is on disk before anybody hears of the key. `record` is told then which key comes, so that the change
    /// can be an event of the log, unless that has it already; only then it is in use. The old private key is gone then; what
    /// it signed stays valid for those who have its public half.
    package static func make(for log: LMDBLog, record: (VerifierKey) async throws -> Void) async throws
        -> StoreSigningKey
    {
        guard !log.isReadOnly else {
            throw LogError(.readOnly, during: "making a signing key", "the store can't be written")
        }
        let (made, isKept) = try kept(for: log)
        if try !isKept || !isRecorded(made.key, in: log) { try await record(made.key) }
        try made.publish(beside: try publicKeys(of: log), in: log)
        return made
    }

    /// A key that was kept and didn't come into use, or else a new one, on disk.
    private static func kept(for log: LMDBLog) throws -> (key: StoreSigningKey, wasThere: Bool) {
        let (store, directory) = (log.directory, directory(log.directory))
        try StoreFiles.makeDirectory(directory, mode: 0o700)
        try DirectoryEntries.sync(store)
        return try StoreFiles.alone(in: directory) {
            if let known = try read(newFile(store), of: log) { return (known, true) }
            let name = SignedCheckpoint.origin(ofStore: log.manifest.id)
            let made = StoreSigningKey(signer: try NoteSigner.generated(name: name), store: store)
            let text = Array((made.signer.privateText + "\n").utf8)
            try StoreFiles.replace(newFile(store), with: text, mode: 0o600)
            return (made, false)
        }
    }

    /// Whether the log tells already that a key was made.
    private static func isRecorded(_ key: VerifierKey, in log: LMDBLog) throws -> Bool {
        try AccessTrail.entries(of: log).contains { entry in
            guard case .keyChanged(let change) = entry.event else { return false }
            return change.change == .created && change.key == key.text
        }
    }

    /// The public halves of all keys that the store has signed with, the newest last.
    ///
    /// That of the key in use is known from its private half, too, should the file be gone.
    package static func publicKeys(of log: LMDBLog) throws -> [VerifierKey] {
        let published = try publishedKeys(of: log)
        do {
            guard let key = try read(of: log)?.key, !published.contains(key) else { return published }
            return published + [key]
        } catch {
            // Who may read the public halves needn't be able to read the private one.
            if published.isEmpty { throw error }
            return published
        }
    }

    private static func publishedKeys(of log: LMDBLog) throws -> [VerifierKey] {
        let path = publicFile(log.directory)
        let lines = String(decoding: try StoreFiles.read(path) ?? [], as: UTF8.self).split(separator: "\n")
        do throws(NoteError) {
            return try lines.map { (line) throws(NoteError) in try VerifierKey(text: String(line)) }
        } catch {
            throw LogError(.invalid, during: "reading \(path)", "\(error)")
        }
    }

    /// Takes the kept private half into use, unless another process has, and adds the public one to the `known` ones.
    private func publish(beside known: [VerifierKey], in log: LMDBLog) throws {
        try StoreFiles.alone(in: Self.directory(store)) {
            if try Self.read(Self.newFile(store), of: log)?.key == key {
                guard rename(Self.newFile(store), Self.privateFile(store)) == 0 else {
                    throw LogError.system("writing \(Self.privateFile(store))")
                }
                try DirectoryEntries.sync(Self.directory(store))
            }
            let keys = known.filter { $0 != key } + [key]
            try StoreFiles.replace(
                Self.publicFile(store), with: Array(keys.map { $0.text + "\n" }.joined().utf8), mode: 0o644)
        }
    }
}
