import Archive
import Audit
import Determinism

/// The file of a bundle while it is written: keeps the digest of each part for the manifest.
final class BundleArchive {
    private let output: OutputFile
    private var writer: ZipWriter?
    private(set) var files: [BundleFile] = []

    init(replacing path: String) throws {
        let output = try OutputFile(replacing: path)
        self.output = output
        writer = ZipWriter { try output.write($0) }
    }

    func add(_ name: String, _ bytes: [UInt8]) throws {
        try writer?.add(name, bytes)
        files.append(BundleFile(name: name, size: bytes.count, digest: Digest(of: bytes)))
    }

    func add(_ name: String, _ text: String) throws { try add(name, Array(text.utf8)) }

    /// Writes the manifest, its signature and the directory; answers how long the file is.
    func close(signing: (BundleManifest) throws -> ManifestSignature) throws -> Int {
        let manifest = BundleManifest(of: files)
        try writer?.add(BundleNames.manifest, manifest.bytes)
        try writer?.add(BundleNames.signature, Array(signing(manifest).text.utf8))
        guard let whole = writer.take() else { return 0 }
        try whole.finish()
        return output.length
    }

    /// Gives the file its name; it must be closed.
    func publish() throws { try output.finish() }
}
