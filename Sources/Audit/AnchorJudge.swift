import Determinism
import EventLog

/// Judges a log whose records are sound by what others vouch for.
struct AnchorJudge {
    let anchors: Anchors
    /// What the log's checkpoints have as their origin.
    let origin: String
    /// How many events the log has.
    let size: UInt64
    /// The head that the log had at a size; nil for a size that it hasn't reached.
    let head: (UInt64) throws -> TreeHead?

    /// The strongest verdict that the anchors allow; throws the finding that contradicts them.
    func verdict() throws -> AuditReport.Verdict {
        let all = merged()
        try compareExpected()
        for checkpoint in all { try compare(checkpoint) }
        let signed = try newest(all)
        if let witnesses = try witnesses(all), !witnesses.by.isEmpty { return .witnessed(witnesses) }
        if let signed { return .signed(signed) }
        return anchors.expected == nil && anchors.checkpoints.isEmpty ? .unanchored : .matchesExpectedHead
    }

    /// All checkpoints, ascending; those of one head are one, with the signatures of all.
    private func merged() -> [SignedCheckpoint] {
        var merged: [SignedCheckpoint] = []
        var places: [[UInt8]: Int] = [:]
        for checkpoint in anchors.checkpoints + anchors.kept {
            let place = places[Array(checkpoint.body.utf8), default: merged.count]
            if place < merged.count {
                for signature in checkpoint.signatures { merged[place].add(signature) }
            } else {
                merged.append(checkpoint)
                places[Array(checkpoint.body.utf8)] = place
            }
        }
        return merged.sorted { $0.head.size < $1.head.size }
    }

    private func compareExpected() throws {
        guard let expected = anchors.expected else { return }
        let wanted = expected.size ?? size
        let hint = expected.size == nil ? ", or it has grown since; --expect SIZE:ROOT tells which" : ""
        try compare(TreeHead(size: wanted, root: expected.root), "the expected head", hint)
    }

    private func compare(_ checkpoint: SignedCheckpoint) throws {
        guard checkpoint.origin.utf8.elementsEqual(origin.utf8) else {
            throw AuditFinding(
                position: nil, message: "a checkpoint is of \(checkpoint.origin), and this store is \(origin)")
        }
        try compare(checkpoint.head, "a signed checkpoint", "")
    }

    private func compare(_ expected: TreeHead, _ what: String, _ hint: String) throws {
        guard let then = try head(expected.size) else {
            throw AuditFinding(
                position: Position(size),
                message: "the log has \(size) events, and \(what) is of \(expected.size): the end is missing")
        }
        guard then.root == expected.root else {
            throw AuditFinding(
                position: nil,
                message: "the first \(expected.size) events have the head \(then.root.hex), and \(what) is "
                    + "\(expected.root.hex): this isn't the history that it vouches for\(hint)")
        }
    }

    /// The signature of a known key under the newest head that has one; a finding if there are keys and none has signed.
    private func newest(_ all: [SignedCheckpoint]) throws -> AuditReport.Signature? {
        guard !anchors.keys.isEmpty else { return nil }
        let signatures = try all.flatMap { checkpoint in
            try anchors.keys.compactMap { try signature(of: checkpoint, by: $0) }
        }
        if let newest = signatures.last { return newest }
        let names = anchors.keys.map(\.text).joined(separator: ", ")
        throw AuditFinding(
            position: nil,
            message: all.isEmpty
                ? "there is no checkpoint that \(names) could have signed; --checkpoint names one, as for a store that was imported"
                : "no checkpoint is signed by \(names)")
    }

    /// The known witnesses under the head that most of them have cosigned, the newest of those; nil when none is known.
    private func witnesses(_ all: [SignedCheckpoint]) throws -> AuditReport.Witnesses? {
        guard !anchors.witnesses.isEmpty else { return nil }
        var by: [AuditReport.Signature] = []
        for checkpoint in all {
            let found = try anchors.witnesses.signatures { try signature(of: checkpoint, by: $0) }
            if found.count >= by.count { by = found }
        }
        if let quorum = anchors.quorum, by.count < quorum {
            throw AuditFinding(
                position: nil,
                message: "\(by.count) of \(anchors.witnesses.distinctCount) witnesses have cosigned, \(quorum) are due")
        }
        return AuditReport.Witnesses(by: by, of: anchors.witnesses.distinctCount)
    }

    /// The signature of a key under a checkpoint; a finding for one that claims to be and isn't.
    private func signature(of checkpoint: SignedCheckpoint, by key: VerifierKey) throws -> AuditReport.Signature? {
        switch checkpoint.judgement(of: key) {
        case .absent: return nil
        case .valid(let time):
            return AuditReport.Signature(key: key.name, keyID: key.idText, time: time, size: checkpoint.head.size)
        case .invalid:
            throw AuditFinding(
                position: nil,
                message: "the checkpoint of \(checkpoint.head.size) events has a signature that isn't by \(key)")
        }
    }
}
