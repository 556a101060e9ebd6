package import CanonicalJSON
package import Determinism
package import EventLog

/// What a proof shows to somebody who has nothing of the log but keys.
package struct ProofReport: Equatable, Sendable {
    /// What was proven.
    package enum Claim: Equatable, Sendable {
        /// The log has an event at a position; nil where the proof doesn't bring the event along.
        case inclusion(Position, leaf: Digest, event: Event?)
        /// The log has grown from an earlier head.
        case growth(from: TreeHead)
    }

    package let claim: Claim
    package let origin: String
    package let head: TreeHead
    /// Who of the known keys has signed the head.
    package let signature: AuditReport.Signature
    /// Which known witnesses have.
    package let witnesses: AuditReport.Witnesses
}

/// Judges proof files; needs no store.
package struct ProofJudge: Sendable {
    /// Keys of logs; one of them has to have signed.
    package var keys: [VerifierKey]
    package var witnesses: [VerifierKey] = []
    package var quorum = 0

    package init(keys: [VerifierKey]) { self.keys = keys }

    /// Judges a proof that a log has an event.
    ///
    /// The leaf is the hash of the proof's own copy of the event, or that of the `record` which the proof is said to be of.
    package func inclusion(_ proof: TlogProof, of record: [UInt8]? = nil) throws(AuditFinding) -> ProofReport {
        if let record, let own = proof.extra, own != record {
            throw AuditFinding(position: proof.inclusion.position, message: "the proof has another event than this one")
        }
        guard let record = record ?? proof.extra else {
            throw AuditFinding(
                position: proof.inclusion.position,
                message: "the proof doesn't have its event, and none was given: there is nothing to check")
        }
        let signature = try signature(of: proof.checkpoint)
        let leaf = Digest.leaf(record)
        guard proof.inclusion.proves(leaf, in: proof.checkpoint.head) else {
            throw AuditFinding(
                position: proof.inclusion.position,
                message: "the hashes don't lead from the event to the signed root of \(proof.inclusion.size) events")
        }
        // A leaf that is no record of ours is proven just as well.
        let event = try? Event(position: proof.inclusion.position, record: record)
        return ProofReport(
            claim: .inclusion(proof.inclusion.position, leaf: leaf, event: event), origin: proof.checkpoint.origin,
            head: proof.checkpoint.head, signature: signature, witnesses: try witnesses(of: proof.checkpoint))
    }

    /// Judges a proof that a log has grown from an earlier head.
    package func growth(_ proof: GrowthProof, from earlier: TreeHead) throws(AuditFinding) -> ProofReport {
        let signature = try signature(of: proof.checkpoint)
        guard proof.consistency.from == earlier.size else {
            throw AuditFinding(
                position: nil,
                message: "the proof begins at \(proof.consistency.from) events, the earlier head is of \(earlier.size)")
        }
        guard proof.consistency.proves(earlier, grewTo: proof.checkpoint.head) else {
            throw AuditFinding(
                position: nil,
                message:
                    "the signed head of \(proof.checkpoint.head.size) events has not grown from the earlier one of "
                    + "\(earlier.size), or the proof is of other heads")
        }
        return ProofReport(
            claim: .growth(from: earlier), origin: proof.checkpoint.origin, head: proof.checkpoint.head,
            signature: signature, witnesses: try witnesses(of: proof.checkpoint))
    }

    /// The earlier head of a proof of growth, if it is a signed one of the same log.
    package func head(of checkpoint: SignedCheckpoint, before later: SignedCheckpoint) throws(AuditFinding) -> TreeHead
    {
        guard checkpoint.origin.utf8.elementsEqual(later.origin.utf8) else {
            throw AuditFinding(
                position: nil,
                message: "the earlier checkpoint is of \(checkpoint.origin), the later of \(later.origin)")
        }
        return checkpoint.head
    }

    private func signature(of checkpoint: SignedCheckpoint) throws(AuditFinding) -> AuditReport.Signature {
        for key in keys {
            if let signature = try signature(of: checkpoint, by: key) { return signature }
        }
        throw AuditFinding(
            position: nil,
            message:
                "the checkpoint of \(checkpoint.origin) isn't signed by \(keys.map(\.text).joined(separator: ", "))")
    }

    private func witnesses(of checkpoint: SignedCheckpoint) throws(AuditFinding) -> AuditReport.Witnesses {
        let by = try witnesses.signatures { (key) throws(AuditFinding) in try signature(of: checkpoint, by: key) }
        let all = witnesses.distinctCount
        guard by.count >= quorum else {
            throw AuditFinding(
                position: nil, message: "\(by.count) of \(all) witnesses have cosigned, \(quorum) are due")
        }
        return AuditReport.Witnesses(by: by, of: all)
    }

    private func signature(
        of checkpoint: SignedCheckpoint, by key: VerifierKey
    ) throws(AuditFinding) -> AuditReport.Signature? {
        switch checkpoint.judgement(of: key) {
        case .absent: nil
        case .valid(let time):
            AuditReport.Signature(key: key.name, keyID: key.idText, time: time, size: checkpoint.head.size)
        case .invalid: throw AuditFinding(position: nil, message: "the checkpoint has a signature that isn't by \(key)")
        }
    }
}

extension ProofReport {
    /// For people, one fact a line.
    package var text: String {
        let what: String
        switch claim {
        case .inclusion(let position, let leaf, let event):
            what =
                "proven: event \(position) of \(head.size) in \(origin)\n"
                + (event.map { "\($0.type) in \($0.stream) at \($0.time)\n" } ?? "") + "leaf \(leaf.hex)\n"
        case .growth(let earlier):
            what = "proven: the head \(head) of \(origin) has grown from \(earlier)\n"
        }
        let vouching = witnesses.of == 0 ? "" : "witnessed by \(witnesses.by.count) of \(witnesses.of)\n"
        return what + "signed by \(signature)\n" + vouching
    }
}

extension ProofReport: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        if case .inclusion(_, _, let event?) = claim {
            writer.field("event") { writer in
                writer.beginObject()
                // Data that isn't JSON isn't shown: whoever signed it may have signed anything.
                writer.optionalField("data", try? JSONParser.parse(event.dataBytes))
                writer.optionalField("metadata", try? JSONParser.parse(event.metadataBytes))
                writer.field("stream", event.stream.text)
                writer.field("time", event.time)
                writer.field("type", event.type.text)
                writer.endObject()
            }
        }
        writer.field("events", Int(head.size))
        if case .growth(let earlier) = claim { writer.field("from", Int(earlier.size)) }
        writer.field("head", head.root.hex)
        if case .inclusion(let position, let leaf, _) = claim {
            writer.field("leaf", leaf.hex)
            writer.field("origin", origin)
            writer.field("position", position)
        } else {
            writer.field("origin", origin)
        }
        writer.field("signature", signature)
        writer.field("valid", true)
        writer.field("witnesses") { writer in
            writer.beginObject()
            writer.field("by", witnesses.by)
            writer.field("of", witnesses.of)
            writer.endObject()
        }
        writer.endObject()
    }
}
