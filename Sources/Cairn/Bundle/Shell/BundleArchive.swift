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

    /// Writes the manifest and the directory; answers how long the file is.
    func close() throws -> Int {
        let lines = files.sorted { $0.name < $1.name }.map { "\($0.digest.hex)  \($0.name)\n" }
        try writer?.add(BundleNames.manifest, Array(lines.joined().utf8))
        guard let whole = writer.take() else { return 0 }
        try whole.finish()
        return output.length
    }

    /// Gives the file its name; it must be closed.
    func publish() throws { try output.finish() }
}
