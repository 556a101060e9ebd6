import CanonicalJSON
package import Deciders
import Determinism
package import EventLog

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
    package func verify(expecting expected: ExpectedHead? = nil) throws -> AuditReport {
        let result = try log.verify()
        if let fault = result.fault {
            return report(.broken(AuditFinding(position: fault.position, message: fault.found)), result)
        }
        let blobs = try checkBlobs(upTo: result.soundEvents)
        if let finding = blobs.finding { return report(.broken(finding), result, blobs) }
        return report(try verdict(on: result.claimed, expected), result, blobs)
    }

    private func report(
        _ verdict: AuditReport.Verdict, _ result: VerificationResult, _ blobs: BlobCheck = BlobCheck()
    ) -> AuditReport {
        let head = result.isIntact ? result.claimed.root : nil
        return AuditReport(
            verdict: verdict, events: result.soundEvents, head: head, blobs: blobs.references, erased: blobs.erased)
    }

    /// Every blob that an event names must be there with the bytes that its hash promises, or be erased by a later one.
    private func checkBlobs(upTo end: UInt64) throws -> BlobCheck {
        var check = BlobCheck()
        try log.scan(from: .first, to: Position(end), matching: .all) { event in
            guard check.finding == nil else { return }
            do throws(AuditFinding) {
                let (blobs, erasure) = try blobs(of: event)
                for digest in blobs where check.mustLook(at: digest) {
                    switch try state(of: digest) {
                    case .sound: check.isThere(digest)
                    case .missing: check.isMissing(digest, at: event.position)
                    case .damaged(let found): throw AuditFinding(position: event.position, message: found)
                    }
                }
                if let erasure { check.take(erasure) }
            } catch {
                check.finding = error
            }
        }
        check.end()
        return check
    }

    private enum BlobState {
        case sound, missing
        case damaged(String)
    }

    private func state(of digest: Digest) throws(AuditFinding) -> BlobState {
        do throws(LogError) {
            return try log.blob(digest) == nil ? .missing : .sound
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
            return (try catalogue.blobs(namedBy: event), try catalogue.decode(event)?.erasure)
        } catch let finding as AuditFinding {
            throw finding
        } catch {
            throw AuditFinding(position: event.position, message: "\(error)")
        }
    }

    private func verdict(on head: TreeHead, _ expected: ExpectedHead?) throws -> AuditReport.Verdict {
        guard let expected else { return .unanchored }
        let size = expected.size ?? head.size
        guard let then = try log.head(ofSize: size) else {
            return .broken(
                AuditFinding(
                    position: Position(head.size),
                    message: "the log has \(head.size) events, and the expected head is of \(size): the end is missing")
            )
        }
        if then.root == expected.root { return .matchesExpectedHead }
        return .broken(
            AuditFinding(
                position: nil,
                message: "the first \(size) events have the head \(then.root.hex), expected was \(expected.root.hex): "
                    + "this isn't the history that the expected head vouches for"
                    + (expected.size == nil ? ", or it has grown since; --expect SIZE:ROOT tells which" : "")))
    }
}
