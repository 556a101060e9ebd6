import CanonicalJSON
package import Deciders
import Determinism
package import EventLog
import Projections

/// Checks a store from end to end: records, tree, streams, and the blobs that events name.
package struct Auditor {
    private let log: LMDBLog
    private let catalogue: EventCatalogue

    package init(log: LMDBLog, catalogue: EventCatalogue) {
        self.log = log
        self.catalogue = catalogue
    }

    /// Writes nothing.
    ///
    /// A damaged store is a finding; only one that can't be read at all is an error.
    package func verify(against anchors: Anchors = Anchors()) throws -> AuditReport {
        let (result, early) = try judged()
        if let fault = result.fault {
            return report(.broken(AuditFinding(position: fault.position, message: fault.found)), result)
        }
        var blobs = try early.get()
        try checkBlobs(&blobs, upTo: result.soundEvents)
        blobs.end()
        if let finding = blobs.finding { return report(.broken(finding), result, blobs) }
        return report(try verdict(on: result.claimed, anchors), result, blobs)
    }

    /// What the records are worth, and what was found out about blobs meanwhile, which counts only if they are sound.
    ///
    /// The two have nothing to do with each other, so each has a thread.
    private func judged() throws -> (VerificationResult, Result<BlobCheck, any Error>) {
        guard let size = try? log.head().size else { return (try log.verify(), .success(BlobCheck())) }
        var result: VerificationResult?
        var blobs: Result<BlobCheck, any Error> = .success(BlobCheck())
        try OrderedWork.run(2, threads: min(2, OrderedWork.cores)) { number -> Half in
            if number == 0 { return .records(try log.verify()) }
            return .blobs(
                Result {
                    var check = BlobCheck()
                    try checkBlobs(&check, upTo: size)
                    return check
                })
        } take: { half in
            switch half {
            case .records(let verified): result = verified
            case .blobs(let checked): blobs = checked
            }
        }
        guard let result else { preconditionFailure("both halves were taken") }
        return (result, blobs)
    }

    /// What one of the two threads comes to.
    private enum Half {
        case records(VerificationResult)
        case blobs(Result<BlobCheck, any Error>)
    }

    private func report(
        _ verdict: AuditReport.Verdict, _ result: VerificationResult, _ blobs: BlobCheck = BlobCheck()
    ) -> AuditReport {
        let head = result.isIntact ? result.claimed.root : nil
        return AuditReport(
            verdict: verdict, events: result.soundEvents, head: head, blobs: blobs.references, erased: blobs.erased,
            sealed: blobs.sealed)
    }

    /// Every blob that an event names must be there with the bytes that its hash promises, or be erased by a later one;
    /// goes on where the check has come to.
    private func checkBlobs(_ check: inout BlobCheck, upTo end: UInt64) throws {
        try log.scan(from: Position(check.events), to: Position(end), matching: .all) { event in
            check.events += 1
            guard check.finding == nil else { return }
            do throws(AuditFinding) {
                let (blobs, erasure) = try blobs(of: event)
                for digest in blobs where check.mustLook(at: digest) {
                    switch try state(of: digest) {
                    case .sound: check.isThere(digest)
                    case .sealed: check.isSealed()
                    case .missing: check.isMissing(digest, at: event.position)
                    case .damaged(let found): throw AuditFinding(position: event.position, message: found)
                    }
                }
                if let erasure { check.take(erasure) }
            } catch {
                check.finding = error
            }
        }
    }

    private enum BlobState {
        /// There, and sealed with a key that isn't.
        case sealed
        case sound, missing
        case damaged(String)
    }

    private func state(of digest: Digest) throws(AuditFinding) -> BlobState {
        do throws(LogError) {
            if try log.blob(digest) != nil { return .sound }
            return try log.isSealed(digest) ? .sealed : .missing
        } catch {
            if case .damaged = error.code { return .damaged("\(error)") }
            throw AuditFinding(position: nil, message: "\(error)")
        }
    }

    /// What every hash vouches for can still be nonsense: metadata of another shape, a cause that is later, data that
    /// isn't what its schema says.
    private func blobs(of event: Event) throws(AuditFinding) -> (named: [Digest], erasure: Erasure?) {
        do {
            let metadata = try event.metadata()
            guard metadata.canonicalBytes() == event.metadataBytes else {
                throw AuditFinding(position: event.position, message: "its metadata names an empty cause")
            }
            if let later = metadata.cause?.positions.first(where: { $0 >= event.position }) {
                throw AuditFinding(position: event.position, message: "its cause \(later) isn't earlier than it")
            }
            let payload = try catalogue.decode(event)
            return (EventCatalogue.blobs(namedBy: payload, metadata.cause), payload?.erasure)
        } catch let finding as AuditFinding {
            throw finding
        } catch {
            throw AuditFinding(position: event.position, message: "\(error)")
        }
    }

    private func verdict(on head: TreeHead, _ anchors: Anchors) throws -> AuditReport.Verdict {
        let judge = AnchorJudge(
            anchors: anchors, origin: SignedCheckpoint.origin(ofStore: log.manifest.id), size: head.size,
            head: { try log.head(ofSize: $0) })
        do {
            return try judge.verdict()
        } catch let finding as AuditFinding {
            return .broken(finding)
        }
    }
}
