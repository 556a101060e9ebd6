import Archive
import Audit
import CanonicalJSON
import Determinism
import EventLog

/// Why a bundle can't be taken for what it says.
package struct BundleError: Error, Equatable, CustomStringConvertible {
    package let message: String
    /// Whether the file can't be read at all, so that nothing is known of what is in it.
    package let isUnreadable: Bool

    package init(_ message: String) {
        self.message = message
        isUnreadable = false
    }

    init(_ error: ArchiveError) {
        message = "\(error)"
        isUnreadable = error.code == .file
    }

    package var description: String { message }
}

/// A bundle that may come from anybody, opened for reading.
///
/// Opening reads its index alone; `checkFiles` reads everything once.
final class BundleReader {
    let index: BundleIndex
    let checkpoint: SignedCheckpoint
    let keys: [VerifierKey]
    let proof: ManyInclusionProof
    let manifest: BundleManifest
    /// Nil for the formats that have none.
    let signature: ManifestSignature?
    private let archive: ZipReader

    init(_ path: String) throws {
        let archive = try ZipReader(path)
        self.archive = archive
        guard archive[BundleNames.index] != nil else {
            throw BundleError("it has no \(BundleNames.index): it is no research bundle of Cairn")
        }
        manifest = try BundleManifest(try archive.bytes(named: BundleNames.manifest))
        func part<Value>(_ name: String, _ read: ([UInt8]) throws -> Value) throws -> Value {
            do {
                return try read(try archive.bytes(named: name))
            } catch {
                throw BundleError("\(name): \(error)")
            }
        }
        index = try part(BundleNames.index) { try BundleIndex(canonicalBytes: $0) }
        guard index.kind == .run else {
            throw BundleError("\(BundleNames.index) says that it is a sample, and this is the bundle of a run")
        }
        checkpoint = try part(BundleNames.checkpoint) { try SignedCheckpoint($0) }
        proof = try part(BundleNames.proof) { try BundleProof(canonicalBytes: $0).proof }
        keys = try part(BundleNames.keys) { bytes in
            try String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { try VerifierKey(text: String($0)) }
        }
        signature =
            try Self.isSigned(archive, index.format)
            ? try part(BundleNames.signature) { try ManifestSignature($0) } : nil
    }

    /// Whether there is a signature of the manifest, as the format has it.
    private static func isSigned(_ archive: ZipReader, _ format: BundleIndex.Format) throws(BundleError) -> Bool {
        switch (format, archive[BundleNames.signature]) {
        case (.signedManifest, .some): return true
        case (.signedManifest, nil): throw BundleError("\(BundleNames.signature) is missing: it was taken away")
        case (_, nil): return false
        case (_, .some):
            throw BundleError(
                "it has a \(BundleNames.signature), and says that it is of format \(format.rawValue), which has none")
        }
    }

    /// Reads every file once, and answers how many the manifest lists.
    ///
    /// Each must have the digest that the manifest gives, a blob that of its name, and there may be no others.
    func checkFiles() throws -> Int {
        let unlisted = Set([BundleNames.manifest] + (signature == nil ? [] : [BundleNames.signature]))
        try archive.refuseBytesBeside()
        for entry in archive.entries where !unlisted.contains(entry.name) {
            guard let wanted = manifest.digests[entry.name] else {
                throw BundleError("\(entry.name) isn't in the manifest: it was added")
            }
            let digest = Digest(of: try archive.bytes(of: entry))
            guard digest == wanted else { throw BundleError("\(entry.name) was changed: it has another digest") }
            if entry.name.hasPrefix(BundleNames.blobs), BundleNames.blob(named: entry.name) != digest {
                throw BundleError("\(entry.name) isn't named by its digest")
            }
        }
        if let missing = manifest.digests.keys.sorted().first(where: { archive[$0] == nil || unlisted.contains($0) }) {
            throw BundleError("\(missing) is missing, though the manifest has it")
        }
        return manifest.digests.count
    }

    /// Nil for one that isn't there.
    func file(_ name: String) throws -> [UInt8]? { try archive[name].map { try archive.bytes(of: $0) } }

    func has(_ digest: Digest) -> Bool { archive[BundleNames.blob(digest)] != nil }

    /// Nil for one that is withheld.
    func blob(_ digest: Digest) throws -> [UInt8]? { try file(BundleNames.blob(digest)) }

    /// The events of one file in order, each with its line; nil behind the last file.
    ///
    /// A line that isn't what its record says is an error that names it.
    func events(inFile number: Int) throws -> [(line: JSONLines.Line, event: Event)]? {
        guard let bytes = try file(BundleNames.events(number)) else { return nil }
        return try bytes.split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
            let place = "\(BundleNames.events(number)), line \(index + 1)"
            let read: JSONLines.Line
            let event: Event
            do {
                read = try JSONLines.read(Array(line))
                event = try read.recorded()
            } catch {
                throw BundleError("\(place): \(error)")
            }
            guard Digest.leaf(event.record) == read.leaf else {
                throw BundleError("\(place): the event at position \(event.position) was changed: it has another hash")
            }
            return (read, event)
        }
    }
}

extension JSONLines.Line {
    /// The event with the bytes of its record.
    func recorded() throws(LogError) -> Event {
        try Event(
            recorded: event, in: stream, revision: revision, at: position, commit: commitID, index: indexInCommit,
            of: commitCount)
    }
}
