import Determinism
import LMDB

/// Bytes by their hash, in an environment of their own: durable before the event that names them.
struct BlobStore: Sendable {
    let environment: Environment
    let table: Table
    /// Nil in a store that isn't encrypted, or whose keys aren't here.
    let keys: BlobKeys?

    init(in environment: Environment, create: Bool, keys: BlobKeys? = nil) throws(LMDBError) {
        self.environment = environment
        self.keys = keys
        table = try environment.openTable("blobs", create: create)
    }

    private enum Kept {
        case open([UInt8]?)
        case sealed([UInt8])
    }

    /// The bytes with this hash; nil when they are not there, or are sealed with a key that isn't.
    ///
    /// Throws `.damaged` when they do not have the hash.
    func bytes(_ digest: Digest) throws(LogError) -> [UInt8]? {
        let operation = "reading the blob \(digest.hex)"
        let found: Kept?
        do {
            found = try environment.read { transaction in
                try transaction.withValue(of: digest.bytes, in: table) { kept -> Kept in
                    if SealedBlob.keyID(of: kept) == nil { return .open(BlobCodec.decode(kept)) }
                    return unsafe .sealed(kept.withUnsafeBytes { unsafe Array($0) })
                }
            }
        } catch {
            throw LogError(error, during: operation)
        }
        let decoded: [UInt8]?
        switch found {
        case nil: return nil
        case .open(let bytes): decoded = bytes
        case .sealed(let kept):
            guard let key = try key(of: kept) else { return nil }
            decoded = SealedBlob.open(kept, of: digest, with: key).flatMap { unsafe BlobCodec.decode($0.span.bytes) }
        }
        guard let bytes = decoded, Digest(of: bytes) == digest else {
            throw .damaged(nil, during: operation, "the bytes do not have the hash")
        }
        return bytes
    }

    /// Encodes the blobs that are not there yet; runs on the caller's thread.
    ///
    /// Those that are there are kept as they are, in case they are erased before the event that names them is recorded.
    func encodeNew(_ blobs: [Blob], key: DataKey? = nil) throws(LogError) -> [EncodedBlob] {
        var encoded: [EncodedBlob] = []
        for blob in blobs {
            guard blob.bytes.count <= BlobCodec.largest else {
                throw LogError(
                    .tooLarge, during: "storing a blob",
                    "it has \(blob.bytes.count) bytes of at most \(BlobCodec.largest); split it")
            }
            encoded.append(
                try contains(blob.digest) ? EncodedBlob(present: blob, key: key) : EncodedBlob(blob, key: key))
        }
        return encoded
    }

    /// Makes blobs durable, in one transaction; none when all are there.
    func store(_ blobs: [EncodedBlob]) throws(LogError) {
        do {
            let missing = try missing(of: blobs)
            guard !missing.isEmpty else { return }
            try environment.write { transaction in
                for blob in missing.sorted(by: { $0.digest < $1.digest }) {
                    let present = try transaction.withValue(of: blob.digest.bytes, in: table) { Presence($0) }
                    guard let need = try need(of: blob, present) else { continue }
                    try transaction.put(try form(of: blob, need), at: blob.digest.bytes, in: table)
                }
            }
        } catch {
            throw LogError(error, during: "storing \(blobs.count) blobs")
        }
    }

    private func missing(of blobs: [EncodedBlob]) throws -> [EncodedBlob] {
        if blobs.isEmpty { return [] }
        return try environment.read { transaction in
            try blobs.filter { blob in
                let present = try transaction.withValue(of: blob.digest.bytes, in: table) { Presence($0) }
                return try need(of: blob, present) != nil
            }
        }
    }

    private func contains(_ digest: Digest) throws(LogError) -> Bool {
        do {
            return try environment.read { try $0.contains(digest.bytes, in: table) }
        } catch {
            throw LogError(error, during: "looking for the blob \(digest.hex)")
        }
    }
}

// MARK: - Sealing

extension BlobStore {
    /// How a blob is kept that is there already.
    struct Presence {
        /// Nil when it isn't sealed.
        let keyID: [UInt8]?

        init(_ kept: RawSpan) { keyID = SealedBlob.keyID(of: kept) }
    }

    /// How a blob has to be written.
    enum Need {
        /// With the key of its commit, or unsealed where there is none.
        case own
        /// It is sealed for another scope, and from now on it belongs to both: with the key of what is shared.
        case shared
    }

    /// Nil for one that stays as it is.
    private func need(of blob: EncodedBlob, _ present: Presence?) throws(LogError) -> Need? {
        guard let present else { return .own }
        // One that was there before the store was encrypted is sealed by the command that does it.
        guard let keys, let own = blob.key, let id = present.keyID, id != own.id else { return nil }
        guard let other = try keys.key(id) else { return .own }
        return other.scope == BlobKeys.sharedScope ? nil : .shared
    }

    private func form(of blob: EncodedBlob, _ need: Need) throws(LogError) -> [UInt8] {
        guard let keys, let own = blob.key else { return blob.kept }
        let shared = try need == .shared ? keys.key(of: BlobKeys.sharedScope) : nil
        return try SealedBlob.seal(blob.kept, of: blob.digest, with: shared ?? own)
    }

    /// The key that a kept form is sealed with; nil when it isn't here.
    func key(of kept: [UInt8]) throws(LogError) -> DataKey? {
        guard let keys, let id = SealedBlob.keyID(of: kept) else { return nil }
        return try keys.key(id)
    }

    /// The id of the key that a blob is sealed with and that isn't here; nil of one that isn't there, or can be opened.
    func missingKey(of digest: Digest) throws(LogError) -> [UInt8]? {
        do {
            let present = try environment.read { try $0.withValue(of: digest.bytes, in: table) { Presence($0) } }
            guard let id = present?.keyID else { return nil }
            return try keys?.key(id) == nil ? id : nil
        } catch {
            throw LogError(error, during: "looking for the blob \(digest.hex)")
        }
    }

    /// Seals anew, with the key of what is shared, everything that is sealed with one of these keys.
    func reseal(from ids: Set<[UInt8]>) throws {
        guard let keys, let shared = try keys.key(of: BlobKeys.sharedScope) else { return }
        try rewrite { key, kept in
            guard let id = SealedBlob.keyID(of: kept), ids.contains(id), id != shared.id,
                let digest = Digest(bytes: key), let own = try keys.key(id),
                let opened = SealedBlob.open(kept, of: digest, with: own)
            else { return nil }
            return try SealedBlob.seal(opened, of: digest, with: shared)
        }
    }

    /// Seals what isn't sealed yet, each with the key of its scope; answers how many.
    func seal(with key: (Digest) throws -> DataKey) throws -> Int {
        var count = 0
        try rewrite { bytes, kept in
            guard SealedBlob.keyID(of: kept) == nil, let digest = Digest(bytes: bytes) else { return nil }
            count += 1
            return try SealedBlob.seal(kept, of: digest, with: try key(digest))
        }
        return count
    }

    /// Puts another kept form in the place of those for which `changed` has one, in short transactions.
    private func rewrite(_ changed: ([UInt8], [UInt8]) throws -> [UInt8]?) throws {
        try forEachBatch { rows in
            let replaced = try rows.compactMap { row in try changed(row.key, row.value).map { (row.key, $0) } }
            if replaced.isEmpty { return }
            try environment.write { transaction in
                for (key, value) in replaced where try transaction.contains(key, in: table) {
                    try transaction.put(value, at: key, in: table)
                }
            }
        }
    }
}
