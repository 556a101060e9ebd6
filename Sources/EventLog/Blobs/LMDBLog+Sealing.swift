import CanonicalJSON
package import Determinism

/// How the blobs of an encrypted store are told apart by whom they belong to.
package struct BlobSealing: Sendable {
    /// The scope of a commit's blobs: `run:ID`, `subject:NAME`, or `store` for what belongs to nobody alone.
    package var scope: @Sendable (Commit, LMDBLog) throws(LogError) -> String
    /// What is recorded when the key of a scope is made; nil for nothing.
    package var announcement: @Sendable (_ key: String, _ scope: String, LMDBLog) -> Commit?

    /// By run, and silently.
    package init() {
        scope = { commit, _ in BlobSealing.runScope(of: commit) }
        announcement = { _, _, _ in nil }
    }

    /// `run:ID` of the run that the first event names, else `store`.
    package static func runScope(of commit: Commit) -> String {
        guard let first = commit.events.first, let metadata = try? EventMetadata(canonicalBytes: first.metadata),
            let run = metadata.run
        else { return BlobKeys.sharedScope }
        return "run:" + run
    }
}

extension LMDBLog {
    /// Names the store's key; nil for a store that isn't encrypted, or whose keys aren't here.
    package var storeKeyName: String? { blobs.keys?.storeKeyName }

    /// Makes the key of a store and lets its description say that it is encrypted.
    ///
    /// From then on whoever opens it seals what they store. What is there already `sealBlobs` seals.
    package static func makeEncrypted(_ directory: String) throws(LogError) {
        guard let manifest = try ManifestFile.read(in: directory) else {
            throw LogError(.notAStore, during: "encrypting \(directory)", "there is no store.json; check the path")
        }
        try BlobKeys.make(for: directory)
        if !manifest.isEncrypted { try ManifestFile.replace(with: manifest.encrypted, in: directory) }
    }

    /// Seals what isn't sealed yet; answers how many blobs that were.
    ///
    /// Their old bytes stay on free pages until `rewriteBlobs`.
    package func sealBlobs(scope: (Digest) -> String) async throws -> Int {
        let digests = try blobs.unsealed()
        var keys: [String: DataKey] = [:]
        for name in Set(digests.map(scope)).sorted() { keys[name] = try await dataKey(of: name) }
        let shared = try await dataKey(of: BlobKeys.sharedScope)
        return try blobs.seal { keys[scope($0)] ?? shared }
    }

    /// Whether a blob is there, but sealed with a key that isn't.
    package func isSealed(_ digest: Digest) throws(LogError) -> Bool { try blobs.missingKey(of: digest) != nil }

    /// The file of the key that a blob is sealed with and that isn't here, in the store's directory; nil of a blob that isn't
    /// there, or can be opened.
    package func missingKeyFile(of digest: Digest) throws(LogError) -> String? {
        try blobs.missingKey(of: digest).map { BlobKeys.file(of: $0) }
    }

    /// The name of a scope's key; nil when there is none, or the store isn't encrypted.
    package func keyName(of scope: String) throws(LogError) -> String? { try blobs.keys?.key(of: scope)?.name }

    /// Drops keys by name, for good: what only they seal is sealed anew before, with the key of what is shared.
    ///
    /// So what is to be lost with a key must have been erased before. Keys that are gone are passed over.
    package func dropKeys(_ names: [String]) throws {
        guard let keys = blobs.keys else { return }
        let ids = try Set(keys.ids()).intersection(names.compactMap { Hexadecimal.bytes($0) })
        if ids.isEmpty { return }
        try blobs.reseal(from: ids)
        for id in ids.sorted(by: { $0.lexicographicallyPrecedes($1) }) { try keys.drop(id) }
    }
}

extension BlobStore {
    /// The blobs that are kept as they are, in order.
    func unsealed() throws -> [Digest] {
        var found: [Digest] = []
        try forEachBatch { rows in
            for row in rows where SealedBlob.keyID(of: row.value) == nil {
                if let digest = Digest(bytes: row.key) { found.append(digest) }
            }
        }
        return found
    }
}
