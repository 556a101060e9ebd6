import Archive
import Audit
import CanonicalJSON
import Deciders
import Determinism
package import EventLog
import Experiments
import Jobs
import Projections
import Replay

/// Checks a bundle with nothing but itself: no store, no key, no network.
package enum BundleCheck {
    /// Every hash, the proof and the signatures are checked, and every derived event is derived again.
    ///
    /// `replaying` makes every table and read model again, too.
    /// One of `keys` must have signed the head, if any are given. `requiringSignedManifest` rejects a run's bundle of a
    /// format without one. What is wrong is a part of the answer and no error.
    package static func run(
        _ path: String, trusting keys: [VerifierKey] = [], replaying: Bool = false,
        requiringSignedManifest isRequired: Bool = false
    ) async throws -> BundleVerdict {
        try await judging { verdict in
            if let proof = try SampleProof.read(path) { return try proof.check(trusting: keys, &verdict) }
            let reader = try BundleReader(path)
            try checkFiles(reader, trusting: keys, requiringSignedManifest: isRequired, &verdict)
            let scratch = try ScratchDirectory()
            let store = try Store.open(at: scratch.path + "/store", .create)
            defer { store.close() }
            _ = try await checkEvents(reader, filling: store, &verdict)
            verdict.progress = try progress(of: reader.index.run, in: store)
            if replaying { try replay(reader, store, &verdict) }
        }
    }

    /// The verdict that some checks come to: what they find wrong with a bundle is a part of it.
    static func judging(_ checks: (inout BundleVerdict) async throws -> Void) async throws -> BundleVerdict {
        var verdict = BundleVerdict()
        do {
            try await checks(&verdict)
        } catch let error as BundleError {
            verdict.problems.append(error.message)
        } catch let error as ArchiveError {
            guard error.code != .file else { throw BundleError(error) }
            verdict.problems.append("\(error)")
        } catch let error as LogError {
            // What the copy refuses isn't what a log holds; what the machine refuses is no fault of the bundle.
            guard ![.full, .readOnly, .closed, .other].contains(error.code) else { throw error }
            verdict.problems.append("\(error)")
        }
        return verdict
    }

    /// What can be checked without a store: every file's digest, and who has signed.
    static func checkFiles(
        _ reader: BundleReader, trusting keys: [VerifierKey], requiringSignedManifest isRequired: Bool,
        _ verdict: inout BundleVerdict
    ) throws {
        verdict.index = reader.index
        verdict.files = try reader.checkFiles()
        try check(reader.checkpoint, of: reader.index, by: reader.keys, trusting: keys, &verdict)
        try checkManifest(reader, trusting: keys, &verdict)
        if isRequired, verdict.isManifestSigned == false {
            verdict.problems.append(
                "its manifest isn't signed: it says that it is of format \(reader.index.format.rawValue)")
        }
    }

    /// Fills a new store with the bundle, and checks what it says of its events, and what was derived.
    static func checkEvents(
        _ reader: BundleReader, filling store: Store, _ verdict: inout BundleVerdict
    ) async throws -> BundleImport.Result {
        var facts = BundleFacts(of: reader.index.run)
        let made = try await BundleImport.run(reader, into: store.log) { try facts.take($0) }
        verdict.elsewhere = made.withheld
        verdict.reused = facts.reused
        try check(facts, reader.proof, reader, &verdict)
        try check(facts, blobs: reader, &verdict)
        let erasures = try Erasures(of: store.log)
        let withheld = Set(reader.index.withheld)
        let derived = try Verifier(log: store.log, derivations: Catalogues.derivations) { digest, position in
            withheld.contains(digest) || erasures.isErased(digest, namedAt: position) ? .erased : .missing
        }.verify()
        verdict.verified = derived.verified
        verdict.diverged = derived.diverged
        verdict.underivable = derived.erased
        verdict.problems += derived.divergences.map { "\($0)" }
        return made
    }

    /// The signed head must be that of the index, and a right signature must be on it.
    static func check(
        _ checkpoint: SignedCheckpoint, of index: BundleIndex, by inside: [VerifierKey], trusting keys: [VerifierKey],
        _ verdict: inout BundleVerdict
    ) throws {
        guard checkpoint.head == index.head, checkpoint.origin == index.origin else {
            throw BundleError("the signed head isn't the one that \(BundleNames.index) names")
        }
        for key in keys + inside.filter({ !keys.contains($0) }) {
            switch checkpoint.judgement(of: key) {
            case .valid: verdict.signers.append(key.text)
            case .absent: break
            case .invalid: verdict.problems.append("the signature by \(key) is wrong")
            }
        }
        if !keys.isEmpty { verdict.isTrusted = keys.contains { verdict.signers.contains($0.text) } }
        if verdict.isTrusted == false {
            verdict.problems.append("none of the keys that were given has signed the head")
        }
        if verdict.signers.isEmpty { verdict.problems.append("no key has signed the head") }
    }

    /// A key that has signed the head, and that is trusted where one was given, must have signed the manifest as it is.
    private static func checkManifest(
        _ reader: BundleReader, trusting keys: [VerifierKey], _ verdict: inout BundleVerdict
    ) throws {
        verdict.isManifestSigned = reader.signature != nil
        guard let signature = reader.signature else { return }
        var signers: [VerifierKey] = []
        for key in keys + reader.keys.filter({ !keys.contains($0) }) {
            switch signature.isSigned(by: key) {
            case true?: signers.append(key)
            case nil: break
            case false?: throw BundleError("\(BundleNames.signature): the signature by \(key) is wrong")
            }
        }
        let both = signers.filter { verdict.signers.contains($0.text) }
        if both.isEmpty { throw BundleError("\(BundleNames.signature): no key has signed it that has signed the head") }
        verdict.manifestSigners = both.map(\.text)
        if !keys.isEmpty, !both.contains(where: keys.contains) {
            verdict.problems.append("\(BundleNames.signature): none of the keys that were given has signed it")
        }
        if let change = signature.change(of: reader.manifest, origin: reader.index.origin, run: reader.index.run) {
            throw BundleError(change)
        }
    }

    private static func check(
        _ facts: BundleFacts, _ proof: ManyInclusionProof, _ reader: BundleReader, _ verdict: inout BundleVerdict
    ) throws {
        let index = reader.index
        guard proof.size == index.head.size, proof.root(of: facts.leaves) == index.head.root else {
            throw BundleError("the events and their proof don't lead to the head")
        }
        let definition = try reader.file(BundleNames.experiment).map { bytes in
            guard Digest(of: bytes) == facts.submitted?.event.definition else {
                throw BundleError("\(BundleNames.experiment) isn't the definition that the run was submitted with")
            }
            return try ExperimentDefinition(canonicalBytes: bytes)
        }
        guard definition != nil || index.withheld.contains(index.commitments.definition) else {
            throw BundleError("\(BundleNames.experiment) is missing, though the definition isn't withheld")
        }
        guard facts.submitted?.event.experiment == index.experiment else {
            throw BundleError("\(BundleNames.index) names the experiment otherwise than the run that was submitted")
        }
        guard index.format == .signedManifest || facts.format == index.format, facts.forks == index.forks,
            facts.events == index.events,
            facts.code == index.code, facts.commitments(definition) == index.commitments
        else { throw BundleError("\(BundleNames.index) says other things of the events than they do") }
    }

    /// How far a run had come, as its events have it; nil where some of them are a newer program's.
    private static func progress(of run: RunID, in store: Store) throws -> BundledProgress? {
        do {
            return try store.views.query(Runs.self) { try $0.runs.get(run) }.map(BundledProgress.init)
        } catch is ViewError {
            return nil
        }
    }

    /// Every blob that an event names is there, or withheld and named as such.
    private static func check(_ facts: BundleFacts, blobs reader: BundleReader, _ verdict: inout BundleVerdict) throws {
        var missing: [Digest] = []
        for digest in facts.blobs.sorted() {
            if reader.has(digest) { verdict.blobs += 1 } else { missing.append(digest) }
        }
        guard missing == reader.index.withheld else {
            throw BundleError("a blob is missing that isn't named as withheld")
        }
    }

    private static func replay(_ reader: BundleReader, _ store: Store, _ verdict: inout BundleVerdict) throws {
        let report = try BundleReport(try Queries(store), run: reader.index.run)
        for name in report.readModels.keys.sorted() where report.readModels[name] != reader.index.readModels[name] {
            verdict.problems.append("the read model \(name) comes out otherwise than the bundle says")
        }
        for file in report.files where try reader.file(file.name) != file.bytes {
            verdict.problems.append("\(file.name) comes out otherwise than the bundle has it")
        }
        verdict.compared = report.readModels.count + report.files.count
    }
}
