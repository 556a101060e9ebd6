import Audit
import CanonicalJSON
import Determinism
package import EventLog
import Experiments
package import Jobs

/// Writes a run as one file that others can check without its store.
///
/// The same run, head and key give the same bytes: nothing in it depends on when, where or by whom it was written.
package struct BundleWriter {
    /// Events of one file: what is held in memory at once.
    private static let eventsPerFile = 4_096

    /// What was written.
    package struct Written: Sendable {
        package let index: BundleIndex
        package let progress: BundledProgress
        package let bytes: Int
        /// Who has signed it.
        package let key: VerifierKey
    }

    private let store: Store
    private let run: RunID
    private let license: String?

    package init(_ store: Store, run: RunID, license: String? = nil) {
        self.store = store
        self.run = run
        self.license = license
    }

    /// Writes the bundle to a file, which replaces what has the name.
    ///
    /// The head that the events are proven against is the first that has them all, or the one of `size` events; `signing`
    /// is asked for who signs it when nothing else is known to stand in the way. `recording` comes before the file has
    /// its name, and hears what the log was that the events were chosen from.
    package func write(
        to path: String, size wanted: UInt64? = nil, signing: () async throws -> BundleSigner,
        recording: (TreeHead) async throws -> Void = { _ in }
    ) async throws -> Written {
        let now = try store.log.head()
        let selection = try BundleSelection.events(of: run, in: store.log, before: Position(now.size))
        let positions = selection.positions
        guard let last = positions.last else {
            throw LogError(.invalid, during: "bundling the run \(run)", "the log has no event of it")
        }
        let size = wanted ?? last.rawValue + 1
        guard size > last.rawValue else {
            throw LogError(
                .invalid, during: "bundling the run \(run)",
                "its events go on to position \(last), behind the head of \(counted(size, "event"))")
        }
        try Self.refuseSealed(selection.blobs, of: run, in: store.log)
        let archive = try BundleArchive(replacing: path)
        let signer = try await signing()
        let checkpoint = try signer.head(size)
        var facts = BundleFacts(of: run)
        try writeEvents(positions, to: archive, &facts)
        let proof = try store.log.inclusionProof(of: positions, in: size)
        try Self.check(proof, of: facts.leaves, in: checkpoint.head)
        let withheld = try writeBlobs(facts, to: archive)
        let queries = try Queries(store)
        let report = try BundleReport(queries, run: run)
        for file in report.files { try archive.add(file.name, file.bytes) }
        let definition = try queries.definitions(of: [run])[run]
        guard let row = try queries.runs(Queries.Selection(run: run.rawValue)).first?.row,
            let commitments = facts.commitments(definition)
        else { throw LogError(.invalid, during: "bundling the run \(run)", "it was never submitted") }
        if let bytes = try store.log.blob(row.definition) { try archive.add(BundleNames.experiment, bytes) }
        for schema in EventSchemas.files() { try archive.add(BundleNames.schemas + schema.name, schema.bytes) }
        let index = BundleIndex(
            cairn: CairnVersion.text, code: facts.code, commitments: commitments, events: facts.events,
            experiment: row.experiment, forks: facts.forks, format: .signedManifest, head: checkpoint.head, kind: .run,
            origin: checkpoint.origin, readModels: report.readModels, run: run, withheld: withheld)
        let progress = BundledProgress(row)
        try archive.add(BundleNames.proof, BundleProof(proof).canonicalBytes())
        try archive.add(BundleNames.checkpoint, checkpoint.text)
        try archive.add(BundleNames.keys, signer.keys.map { $0.text + "\n" }.joined())
        try archive.add(BundleNames.verifier, BundleVerifier.python)
        try archive.add(BundleNames.readme, BundleReadme(index: index, progress: progress, reused: facts.reused).text)
        try archive.add(BundleNames.index, index.canonicalBytes())
        let crate = ROCrate(
            index: index, progress: progress, started: row.submitted, ended: row.finished,
            last: try event(at: last).time, license: license, files: archive.files)
        try archive.add(BundleNames.crate, crate.bytes())
        let bytes = try archive.close { manifest in
            try ManifestSignature(of: manifest, origin: index.origin, run: run, by: signer.signer)
        }
        try await recording(now)
        try archive.publish()
        return Written(index: index, progress: progress, bytes: bytes, key: signer.signer.key)
    }

    /// Nothing leaves under a signature that it doesn't bear out: the records as they are now must lead to the head.
    static func check(
        _ proof: ManyInclusionProof, of leaves: [(position: Position, hash: Digest)], in head: TreeHead
    ) throws {
        guard proof.root(of: leaves) == head.root else {
            throw LogError(
                .damaged(nil), during: "proving events in the head of \(counted(head.size, "event"))",
                "the records don't lead to it any more; `cairn audit verify` says where the log was changed")
        }
    }

    private func event(at position: Position) throws -> Event {
        guard let event = try store.log.event(at: position) else { throw LogReadingError.missing(position) }
        return event
    }

    private func writeEvents(_ positions: [Position], to archive: BundleArchive, _ facts: inout BundleFacts) throws {
        var next = 0
        while next < positions.count {
            let part = positions[next..<min(next + Self.eventsPerFile, positions.count)]
            var lines: [UInt8] = []
            for position in part {
                let event = try event(at: position)
                lines += JSONLines.line(event)
                try facts.take(event)
            }
            try archive.add(BundleNames.events(next / Self.eventsPerFile), lines)
            next = part.endIndex
        }
    }

    /// Throws for a blob that is only sealed: a bundle without it would say that somebody had it erased.
    static func refuseSealed(_ blobs: Set<Digest>, of run: RunID, in log: LMDBLog) throws {
        var erasures: Erasures?
        for digest in blobs.sorted() where try log.isSealed(digest) {
            let known = try erasures ?? Erasures(of: log)
            erasures = known
            guard known.note(on: digest) != nil else {
                throw WithheldContent("content of the run \(run)", WithheldBlob(digest: digest, state: .sealed))
            }
        }
    }

    /// Writes the blobs that there are, in order; answers the others.
    private func writeBlobs(_ facts: BundleFacts, to archive: BundleArchive) throws -> [Digest] {
        var withheld: [Digest] = []
        for digest in facts.blobs.sorted() {
            if let bytes = try store.log.blob(digest) {
                try archive.add(BundleNames.blob(digest), bytes)
            } else {
                withheld.append(digest)
            }
        }
        return withheld
    }
}

/// An event that the log should have.
enum LogReadingError {
    static func missing(_ position: Position) -> LogError {
        LogError(
            .damaged(position), during: "reading the event at position \(position)", "there is none; audit the store")
    }
}

/// The proof of all events of a bundle, as a file.
struct BundleProof {
    let proof: ManyInclusionProof

    init(_ proof: ManyInclusionProof) { self.proof = proof }
}

extension BundleProof: CanonicalCodable {
    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("hashes", proof.hashes)
        writer.field("size", proof.size)
        writer.endObject()
    }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let hashes: [Digest] = try reader.field("hashes")
        proof = ManyInclusionProof(size: try reader.field("size"), hashes: hashes)
        try reader.endObject()
    }
}
