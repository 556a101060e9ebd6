package import EventLog

/// Whose signature leaves with a bundle.
package struct BundleSigner {
    /// The public keys of the store, which the bundle brings along.
    let keys: [VerifierKey]
    /// Signs the manifest.
    let signer: NoteSigner
    /// Makes a checkpoint of the first so many events, by the key of `signer`.
    let head: (UInt64) throws -> SignedCheckpoint

    package init(keys: [VerifierKey], signer: NoteSigner, head: @escaping (UInt64) throws -> SignedCheckpoint) {
        self.keys = keys
        self.signer = signer
        self.head = head
    }

    /// The key of the store that the bundle is of.
    package init(_ key: StoreSigningKey, of log: LMDBLog) throws {
        self.init(
            keys: try StoreSigningKey.publicKeys(of: log), signer: key.signer,
            head: { try HeadSigning(log).sign(size: $0, by: key) })
    }
}
