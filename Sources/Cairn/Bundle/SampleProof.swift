import Archive
import Audit
import Calls
package import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Replay
import Scoring

/// One sample of a run for a third party: its events, the texts that they name, and proof that the log has them.
///
/// One file, packed as one, so that it is small: what is said again costs nothing. What is left out shows as withheld,
/// with its digest. Beside it stands a text for people, which proves nothing.
package struct SampleProof: Sendable {
    /// The file with all of it.
    static let name = "sample.json"
    /// A blob that is larger is withheld: a definition with a thousand scenarios isn't needed for one of them.
    static let longestBlob = 16_384
    /// The text for people, beside which no other is accepted since no event bears it out.
    ///
    /// A later text gets a name of its own here: files with this one are to be read as long as there are any.
    private static let readme = """
        # One sample, proven

        `\(name)` has one conversation of a run, how it was judged, and the proof that the signed head of the run's log \
        has these events. Exact requests and answers are its `blobs`, each under its SHA-256; of what is withheld there is \
        the digest alone.

        ## Check it with Cairn

            cairn bundle verify FILE --key KEY

        ## Check it without

            python3 verify_log.py --sample FILE --key KEY

        `verify_log.py` is in `tools` of Cairn's source, and needs Python 3.10 and nothing else.

        Ask the operator for KEY by another way: without it, a good result says that the sample is whole, not whose it is.

        """

    let blobs: [JSONLines.InlineBlob]
    let checkpoint: SignedCheckpoint
    let index: BundleIndex
    let keys: [VerifierKey]
    let labels: [String: String]
    let lines: [JSONLines.Line]
    let proof: ManyInclusionProof
    /// The lines as they are written.
    private let text: [[UInt8]]

    init(
        index: BundleIndex, events: [Event], blobs: [JSONLines.InlineBlob], labels: [String: String],
        proof: ManyInclusionProof, checkpoint: SignedCheckpoint, keys: [VerifierKey]
    ) throws {
        self.index = index
        self.blobs = blobs
        self.labels = labels
        self.proof = proof
        self.checkpoint = checkpoint
        self.keys = keys
        text = events.map { JSONLines.line($0).dropLast() }
        lines = try text.map { try JSONLines.read($0) }
    }

    /// The bytes of the file.
    func archived() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var writer = ZipWriter { bytes += $0 }
        try writer.add(Self.name, canonicalBytes(), level: 9)
        try writer.add(BundleNames.readme, Array(Self.readme.utf8), level: 9)
        try writer.finish()
        return bytes
    }

    /// The proof in a file; nil when the file is something else.
    package static func read(_ path: String) throws -> SampleProof? {
        let archive = try ZipReader(path)
        guard let entry = archive[Self.name] else { return nil }
        try archive.refuseBytesBeside()
        for other in archive.entries where other.name != Self.name {
            guard other.name == BundleNames.readme else {
                throw BundleError("\(other.name) was added: the proof of a sample is \(Self.name) and nothing else")
            }
            guard try archive.bytes(of: other).elementsEqual(Self.readme.utf8) else {
                throw BundleError("\(other.name) isn't the text that is written with a sample: it was changed")
            }
        }
        do {
            return try SampleProof(canonicalBytes: try archive.bytes(of: entry))
        } catch let error as JSONError {
            throw BundleError("\(Self.name): \(error)")
        }
    }
}

extension SampleProof: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("blobs") { writer in
            writer.beginObject()
            for blob in blobs.sorted(by: { $0.digest < $1.digest }) { writer.field(dynamic: blob.digest.hex, blob) }
            writer.endObject()
        }
        writer.field("checkpoint", checkpoint.text)
        writer.field("events") { writer in
            writer.beginArray()
            for line in text { writer.element { $0.writeRawValue(line) } }
            writer.endArray()
        }
        writer.field("index", index)
        writer.field("keys", keys.map(\.text))
        writer.field("labels", labels)
        writer.field("proof", BundleProof(proof))
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let blobs: SampleBlobs = try reader.field("blobs")
        self.blobs = blobs.blobs
        let offset = reader.offset
        let checkpoint: String = try reader.field("checkpoint")
        lines = try reader.field("events")
        text = []
        index = try reader.field("index")
        let keys: [String] = try reader.field("keys")
        labels = try reader.field("labels")
        proof = (try reader.field("proof") as BundleProof).proof
        try reader.endObject()
        do throws(NoteError) {
            self.checkpoint = try SignedCheckpoint(Array(checkpoint.utf8))
            self.keys = try keys.map { (key) throws(NoteError) in try VerifierKey(text: key) }
        } catch {
            throw reader.error(at: offset, expected: "a checkpoint and keys", found: "\(error)")
        }
    }
}

/// Blobs by their digests, which they must have.
private struct SampleBlobs: CanonicalDecodable {
    let blobs: [JSONLines.InlineBlob]

    init(from reader: inout CanonicalReader) throws(JSONError) {
        blobs = try JSONLines.inlineBlobs(from: &reader)
    }
}

// MARK: - Checking

extension SampleProof {
    /// Checks everything that can be checked with the sample alone.
    func check(trusting keys: [VerifierKey], _ verdict: inout BundleVerdict) throws {
        guard index.kind == .sample else {
            throw BundleError("its index says that it is a run, and this is the proof of a sample")
        }
        verdict.index = index
        verdict.labels = labels
        verdict.files = 1
        try checkIndex()
        try BundleCheck.check(checkpoint, of: index, by: self.keys, trusting: keys, &verdict)
        try checkKeys()
        var facts = BundleFacts(of: index.run)
        var events: [Position: Event] = [:]
        for line in lines {
            let event: Event
            do throws(LogError) {
                event = try line.recorded()
            } catch {
                throw BundleError("the event at position \(line.position): \(error)")
            }
            guard Digest.leaf(event.record) == line.leaf else {
                throw BundleError("the event at position \(line.position): its record has another hash")
            }
            events[event.position] = event
            try facts.take(event)
        }
        guard proof.size == index.head.size, proof.root(of: facts.leaves) == index.head.root else {
            throw BundleError("the events and their proof don't lead to the head")
        }
        guard facts.events == index.events, facts.code == index.code, facts.forks == index.forks else {
            throw BundleError("the index says other things of the events than they do")
        }
        let present = try present(of: facts.blobs)
        verdict.index?.commitments = try commitments(facts, present)
        verdict.reused = facts.reused
        verdict.elsewhere = index.head.size - UInt64(events.count)
        verdict.blobs = present.count
        for line in lines {
            guard let event = events[line.position] else { continue }
            try derive(event, events, present, &verdict)
        }
    }

    /// What no event bears out: it must be as every sample has it.
    private func checkIndex() throws {
        guard index.format == BundleIndex.Format(hasGaps: false, isFork: !index.forks.isEmpty) else {
            throw BundleError("it says that it is of format \(index.format.rawValue), in which no sample is written")
        }
        guard index.readModels.isEmpty else { throw BundleError("it names read models, and no sample has any") }
        let version = index.cairn.utf8
        guard (1...64).contains(version.count), version.allSatisfy(Self.versionLetters.contains) else {
            throw BundleError("it says of the program that wrote it what is no version")
        }
    }

    private static let versionLetters = Set("0123456789.-+abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)

    /// A key that hasn't signed may be one that the store had before, as older programs wrote those, too; no other is
    /// borne out by anything.
    private func checkKeys() throws {
        for key in keys where key.name != index.origin && checkpoint.judgement(of: key) == .absent {
            throw BundleError("the key \(key) has signed nothing here and isn't the store's: it was added")
        }
    }

    /// The blobs that are there: those that the events name must be, or be shown as withheld, and no others may.
    private func present(of named: Set<Digest>) throws -> [Digest: [UInt8]] {
        let shown = Set(blobs.map(\.digest))
        if let stray = shown.subtracting(named).min() {
            throw BundleError("the blob \(stray.hex) is named by no event: it was added")
        }
        if let absent = named.subtracting(shown).min() {
            throw BundleError("the blob \(absent.hex), which an event names, is neither there nor shown as withheld")
        }
        guard blobs.filter({ $0.bytes == nil }).map(\.digest).sorted() == index.withheld else {
            throw BundleError("the index names other blobs as withheld than those that aren't there")
        }
        var present: [Digest: [UInt8]] = [:]
        for blob in blobs {
            guard blob.state == .missing || blob.state == .present else {
                throw BundleError("the blob \(blob.digest.hex) is withheld in another way than samples do")
            }
            guard blob.bytes?.count ?? 0 <= Self.longestBlob else {
                throw BundleError("the blob \(blob.digest.hex) is larger than those that samples have")
            }
            present[blob.digest] = blob.bytes
        }
        return present
    }

    /// What was laid down, as the events have it: the index and the labels must say the same.
    ///
    /// Rubrics and the data set are in the definition. Where that is withheld nothing is said of them, whatever the
    /// index says.
    private func commitments(
        _ facts: BundleFacts, _ blobs: [Digest: [UInt8]]
    ) throws -> BundleIndex.Commitments {
        let definition = try facts.submitted.flatMap { blobs[$0.event.definition] }
            .map { try ExperimentDefinition(canonicalBytes: $0) }
        guard let found = facts.commitments(definition), let submitted = facts.submitted,
            found.submitted == index.commitments.submitted, found.definition == index.commitments.definition,
            submitted.event.experiment == index.experiment,
            found.firstCall.map({ call in index.commitments.firstCall.map { $0 <= call } ?? false }) ?? true,
            definition == nil
                || (found.rubrics == index.commitments.rubrics && found.dataset == index.commitments.dataset)
        else { throw BundleError("the index says other things of what was laid down than the events do") }
        let jobs = try lines.filter { $0.event.type == JobSubmitted.type }
            .map { try JobSubmitted(canonicalBytes: $0.event.data).labels }
        guard let probe = jobs.first(where: { $0["judge"] == nil }), probe == labels else {
            throw BundleError("the labels aren't those of the job that was submitted")
        }
        return found
    }

    private func derive(
        _ event: Event, _ events: [Position: Event], _ blobs: [Digest: [UInt8]], _ verdict: inout BundleVerdict
    ) throws {
        guard let cause = try event.metadata().cause, let function = cause.function else { return }
        let causes = cause.positions.compactMap { events[$0] }
        guard causes.count == cause.positions.count, cause.blobs.allSatisfy({ blobs[$0] != nil }) else {
            verdict.underivable += 1
            return
        }
        var isMissing = false
        let found = Verification.check(
            event, citing: function, causes: causes, catalogue: Catalogues.derivations,
            blob: { (digest) throws(DerivationError) -> [UInt8] in
                if let bytes = blobs[digest] { return bytes }
                isMissing = true
                throw .missingBlob(digest)
            },
            event: { (position) throws(DerivationError) -> Event in
                if let event = events[position] { return event }
                isMissing = true
                throw .unreadable("the event at position \(position)")
            })
        switch found {
        case .notDerived: break
        case .same: verdict.verified += 1
        case .erased, .sealed: verdict.underivable += 1
        case .diverges(let divergence):
            if isMissing {
                verdict.underivable += 1
                return
            }
            verdict.verified += 1
            verdict.diverged += 1
            verdict.problems.append("\(divergence)")
        }
    }
}
