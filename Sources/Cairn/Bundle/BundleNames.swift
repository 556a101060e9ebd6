import Determinism
import EventLog

/// Where things are in a bundle.
enum BundleNames {
    static let index = "bundle.json"
    static let checkpoint = "checkpoint.txt"
    static let keys = "keys.txt"
    static let proof = "proof.json"
    static let experiment = "experiment.json"
    static let readme = "README.md"
    static let crate = "ro-crate-metadata.json"
    /// The digest of every other file.
    static let manifest = "manifest-sha256.txt"
    /// The manifest's signature; written last.
    static let signature = "manifest-signature.txt"
    static let verifier = "verify.py"
    static let events = "events/"
    static let blobs = "blobs/"
    static let report = "report/"
    static let schemas = "schemas/"

    static func events(_ number: Int) -> String {
        let digits = "\(number)"
        return "\(events)\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).jsonl"
    }

    static func blob(_ digest: Digest) -> String { blobs + digest.hex }

    static func blob(named name: String) -> Digest? {
        name.hasPrefix(blobs) ? Digest(hex: String(name.dropFirst(blobs.count))) : nil
    }
}
