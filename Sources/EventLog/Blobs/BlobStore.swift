import Determinism
import LMDB

/// Bytes by their hash, in an environment of their own: durable before the event that names them.
struct BlobStore: Sendable {
    let environment: Environment
    let table: Table

    init(in environment: Environment, create: Bool) throws(LMDBError) {
        self.environment = environment
        table = try environment.openTable("blobs", create: create)
    }

    /// The bytes with this hash; nil when they are not there.
    ///
    /// Throws `.damaged` when they do not have the hash.
    func bytes(_ digest: Digest) throws(LogError) -> [UInt8]? {
        let operation = "reading the blob \(digest.hex)"
        let found: [UInt8]??
        do {
            found = try environment.read { transaction in
                try transaction.withValue(of: digest.bytes, in: table) { BlobCodec.decode($0) }
            }
        } catch {
            throw LogError(error, during: operation)
        }
        guard let kept = found else { return nil }
        guard let bytes = kept, Digest(of: bytes) == digest else {
            throw .damaged(nil, during: operation, "the bytes do not have the hash")
        }
        return bytes
    }

    /// Encodes the blobs that are not there yet; runs on the caller's thread.
    ///
    /// Those that are there are kept as they are, in case they are erased before the event that names them is recorded.
    func encodeNew(_ blobs: [Blob]) throws(LogError) -> [EncodedBlob] {
        var encoded: [EncodedBlob] = []
        for blob in blobs {
            guard blob.bytes.count <= BlobCodec.largest else {
                throw LogError(
                    .tooLarge, during: "storing a blob",
                    "it has \(blob.bytes.count) bytes of at most \(BlobCodec.largest); split it")
            }
            encoded.append(try contains(blob.digest) ? EncodedBlob(present: blob) : EncodedBlob(blob))
        }
        return encoded
    }

    /// Makes blobs durable, in one transaction; none when all are there.
    func store(_ blobs: [EncodedBlob]) throws(LogError) {
        do {
            let missing = try missing(of: blobs)
            guard !missing.isEmpty else { return }
            try environment.write { transaction in
                for blob in missing.sorted(by: { $0.digest < $1.digest }) where try !contains(blob, transaction) {
                    try transaction.put(blob.kept, at: blob.digest.bytes, in: table)
                }
            }
        } catch {
            throw LogError(error, during: "storing \(blobs.count) blobs")
        }
    }

    private func missing(of blobs: [EncodedBlob]) throws -> [EncodedBlob] {
        if blobs.isEmpty { return [] }
        return try environment.read { transaction in
            try blobs.filter { try !transaction.contains($0.digest.bytes, in: table) }
        }
    }

    private func contains(_ blob: EncodedBlob, _ transaction: borrowing WriteTransaction) throws -> Bool {
        try transaction.contains(blob.digest.bytes, in: table)
    }

    private func contains(_ digest: Digest) throws(LogError) -> Bool {
        do {
            return try environment.read { try $0.contains(digest.bytes, in: table) }
        } catch {
            throw LogError(error, during: "looking for the blob \(digest.hex)")
        }
    }
}
