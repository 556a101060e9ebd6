import Determinism
import EventLog
import Jobs

/// What the key that signs a bundle's head says of its files, as a note of c2sp.org/signed-note.
///
/// The text names what it is, the store, the run and the SHA-256 of the manifest, a line each; then come the manifest's own
/// lines of all files but events and blobs, so that whoever finds the manifest changed can tell which file was. No
/// checkpoint begins so: a checkpoint's first line is the store, and its second a number.
struct ManifestSignature: Equatable {
    private static let title = "cairn/bundle-manifest/v1"

    private let note: SignedNote

    init(
        of manifest: BundleManifest, origin: String, run: RunID, by signer: NoteSigner
    ) throws(NoteError) {
        note = try SignedNote(Self.lines(of: manifest, origin, run), signedBy: signer)
    }

    init(_ bytes: [UInt8]) throws(NoteError) { note = try SignedNote(bytes, of: "the signature of the manifest") }

    var text: String { note.text }

    /// Nil when there is none of the key.
    func isSigned(by key: VerifierKey) -> Bool? { note.isSigned(by: key.of(kind: .note)) }

    /// What was changed since it was signed; nil when nothing was.
    func change(of manifest: BundleManifest, origin: String, run: RunID) -> String? {
        let wanted = Self.lines(of: manifest, origin, run)
        guard note.lines != wanted else { return nil }
        let heading = Self.heading(origin, run)
        guard note.lines.starts(with: heading) else { return "\(BundleNames.signature) isn't of this run and store" }
        let signed = Self.digests(note.lines), present = Self.digests(wanted)
        for name in Set(signed.keys).union(present.keys).sorted() where signed[name] != present[name] {
            if signed[name] == nil { return "\(name) was added after the manifest was signed" }
            return present[name] == nil
                ? "\(name) is missing, though the signed manifest had it"
                : "\(name) was changed after the manifest was signed"
        }
        return "\(BundleNames.manifest) was changed after it was signed: it lists other events or blobs"
    }

    private static func heading(_ origin: String, _ run: RunID) -> [String] { [title, origin, "run \(run.rawValue)"] }

    private static func lines(of manifest: BundleManifest, _ origin: String, _ run: RunID) -> [String] {
        heading(origin, run) + ["manifest \(Digest(of: manifest.bytes).hex)"] + manifest.linesOfOthers
    }

    private static func digests(_ lines: [String]) -> [String: Digest] {
        Dictionary(lines.dropFirst(4).compactMap(BundleManifest.parts).map { ($0.name, $0.digest) }) { first, _ in first
        }
    }
}
