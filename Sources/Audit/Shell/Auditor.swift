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
            return report(.broken(AuditFinding(position: fault.position, message: fault.found)), result, blobs: 0)
        }
        let (blobs, finding) = try checkBlobs(upTo: result.soundEvents)
        if let finding { return report(.broken(finding), result, blobs: blobs) }
        return report(try verdict(on: result.claimed, expected), result, blobs: blobs)
    }

    private func report(_ verdict: AuditReport.Verdict, _ result: VerificationResult, blobs: Int) -> AuditReport {
        let head = result.isIntact ? result.claimed.root : nil
        return AuditReport(verdict: verdict, events: result.soundEvents, head: head, blobs: blobs)
    }

    /// Every blob that an event names must be there with the bytes that its hash promises.
    private func checkBlobs(upTo end: UInt64) throws -> (checked: Int, finding: AuditFinding?) {
        var checked = 0
        var finding: AuditFinding?
        var recent: Set<Digest> = []
        var named: [Digest] = []
        try log.scan(from: .first, to: Position(end), matching: .all) { event in
            guard finding == nil else { return }
            do throws(AuditFinding) {
                for digest in try blobs(namedBy: event) {
                    checked += 1
                    guard recent.insert(digest).inserted else { continue }
                    if recent.count > 65_536 { recent = [digest] }
                    named.append(digest)
                }
            } catch {
                finding = error
            }
            for digest in named where finding == nil { finding = try problem(with: digest, of: event) }
            named.removeAll(keepingCapacity: true)
        }
        return (checked, finding)
    }

    /// What every hash vouches for can still be nonsense: metadata of another shape, a cause that is later, data that
    /// isn't what its schema says.
    private func blobs(namedBy event: Event) throws(AuditFinding) -> [Digest] {
        do {
            let metadata = try event.metadata()
            guard metadata.canonicalBytes() == event.metadataBytes else {
                throw AuditFinding(position: event.position, message: "its metadata names an empty cause")
            }
            if let later = metadata.cause?.positions.first(where: { $0 >= event.position }) {
                throw AuditFinding(position: event.position, message: "its cause \(later) isn't earlier than it")
            }
            return try catalogue.blobs(namedBy: event)
        } catch let finding as AuditFinding {
            throw finding
        } catch {
            throw AuditFinding(position: event.position, message: "\(error)")
        }
    }

    private func problem(with digest: Digest, of event: Event) throws -> AuditFinding? {
        do throws(LogError) {
            if try log.blob(digest) != nil { return nil }
            return AuditFinding(
                position: event.position, message: "the blob \(digest.hex) that it names isn't in the store")
        } catch {
            guard case .damaged = error.code else { throw error }
            return AuditFinding(position: event.position, message: "\(error)")
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
