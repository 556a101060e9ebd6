import Determinism

/// The digest of every file of a bundle but itself and its signature, as `sha256sum` writes them: `manifest-sha256.txt`.
struct BundleManifest: Equatable {
    let bytes: [UInt8]
    /// By name.
    let digests: [String: Digest]

    init(of files: [BundleFile]) {
        let lines = files.sorted { $0.name < $1.name }.map { Self.line($0.name, $0.digest) + "\n" }
        bytes = Array(lines.joined().utf8)
        digests = Dictionary(files.map { ($0.name, $0.digest) }) { first, _ in first }
    }

    init(_ bytes: [UInt8]) throws(BundleError) {
        var digests: [String: Digest] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let (name, digest) = Self.parts(line), digests.updateValue(digest, forKey: name) == nil else {
                throw BundleError("\(BundleNames.manifest) can't be read at «\(line.prefix(80))»")
            }
        }
        self.bytes = bytes
        self.digests = digests
    }

    /// The lines of the files that are neither events nor blobs, in order: those that no event bears out are among them.
    var linesOfOthers: [String] {
        digests.filter { !$0.key.hasPrefix(BundleNames.events) && !$0.key.hasPrefix(BundleNames.blobs) }
            .sorted { $0.key < $1.key }.map { Self.line($0.key, $0.value) }
    }

    private static func line(_ name: String, _ digest: Digest) -> String { "\(digest.hex)  \(name)" }

    /// The name and the digest of a line; nil for one that isn't of a manifest.
    static func parts(_ line: some StringProtocol) -> (name: String, digest: Digest)? {
        guard line.utf8.count > 66, let digest = Digest(hex: String(line.prefix(64))) else { return nil }
        return (String(line.dropFirst(66)), digest)
    }
}
