package import EventLog
import Glibc

/// The key that signs a store's heads: made when it is first needed, in `keys/`, which no copy of the store takes along.
///
/// `keys/signing.key` has the private text and is for the owner's eyes alone; `keys/signing.vkeys` has the public text of
/// every key that the store has signed with, the newest last.
package struct StoreSigningKey: Sendable {
    /// What signs.
    package let signer: NoteSigner
    /// The directory of the store.
    private let store: String

    /// Its public half.
    package var key: VerifierKey { signer.key }

    private static func directory(_ store: String) -> String { store + "/keys" }
    private static func privateFile(_ store: String) -> String { directory(store) + "/signing.key" }
    private static func publicFile(_ store: String) -> String { directory(store) + "/signing.vkeys" }

    /// The store's key; nil when none was made.
    ///
    /// Throws `.invalid` for a file that others may read too.
    package static func read(of log: LMDBLog) throws -> StoreSigningKey? {
        let path = privateFile(log.directory)
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
    /// `record` is told which key comes before it is in use, so that the change can be an event of the log. The old
    /// private key is gone then; what it signed stays valid for those who have its public half.
    package static func make(for log: LMDBLog, record: (VerifierKey) async throws -> Void) async throws
        -> StoreSigningKey
    {
        guard !log.isReadOnly else {
            throw LogError(.readOnly, during: "making a signing key", "the store can't be written")
        }
        let name = SignedCheckpoint.origin(ofStore: log.manifest.id)
        let made = StoreSigningKey(signer: try NoteSigner.generated(name: name), store: log.directory)
        try await record(made.key)
        try made.publish()
        return made
    }

    /// The public halves of all keys that the store has signed with, the newest last.
    package static func publicKeys(of log: LMDBLog) throws -> [VerifierKey] {
        let path = publicFile(log.directory)
        let lines = String(decoding: try StoreFiles.read(path) ?? [], as: UTF8.self).split(separator: "\n")
        do throws(NoteError) {
            return try lines.map { (line) throws(NoteError) in try VerifierKey(text: String(line)) }
        } catch {
            throw LogError(.invalid, during: "reading \(path)", "\(error)")
        }
    }

    private func publish() throws {
        let directory = Self.directory(store)
        try StoreFiles.makeDirectory(directory, mode: 0o700)
        try StoreFiles.alone(in: directory) {
            let known = try StoreFiles.read(Self.publicFile(store)) ?? []
            try StoreFiles.replace(
                Self.publicFile(store), with: known + Array((key.text + "\n").utf8), mode: 0o644)
            try StoreFiles.replace(
                Self.privateFile(store), with: Array((signer.privateText + "\n").utf8), mode: 0o600)
        }
    }
}
