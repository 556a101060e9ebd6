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
        let all = (anchors.checkpoints + anchors.kept).sorted { $0.head.size < $1.head.size }
        try compareExpected()
        for checkpoint in all { try compare(checkpoint) }
        let signed = try signed(all)
        let witnessed = try witnessed(signed?.checkpoint ?? all.last)
        if let witnessed { return .witnessed(witnessed) }
        if let signed { return .signed(signed.signature) }
        return anchors.expected == nil && anchors.checkpoints.isEmpty ? .unanchored : .matchesExpectedHead
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

    /// The newest checkpoint that one of the known keys has signed; a finding if there are keys and none has.
    private func signed(
        _ all: [SignedCheckpoint]
    ) throws -> (checkpoint: SignedCheckpoint, signature: AuditReport.Signature)? {
        guard !anchors.keys.isEmpty else { return nil }
        for checkpoint in all.reversed() {
            for key in anchors.keys {
                switch checkpoint.judgement(of: key) {
                case .absent: continue
                case .valid(let time):
                    let signature = AuditReport.Signature(
                        key: key.name, keyID: key.idText, time: time, size: checkpoint.head.size)
                    return (checkpoint, signature)
                case .invalid:
                    throw AuditFinding(
                        position: nil,
                        message: "the checkpoint of \(checkpoint.head.size) events has a signature that isn't by \(key)"
                    )
                }
            }
        }
        let names = anchors.keys.map(\.text).joined(separator: ", ")
        throw AuditFinding(
            position: nil,
            message: all.isEmpty
                ? "there is no checkpoint that \(names) could have signed; --checkpoint names one"
                : "no checkpoint is signed by \(names)")
    }

    /// Which of the known witnesses have cosigned a checkpoint; nil when none is known or none has.
    private func witnessed(_ checkpoint: SignedCheckpoint?) throws -> AuditReport.Witnesses? {
        guard !anchors.witnesses.isEmpty else { return nil }
        var by: [AuditReport.Signature] = []
        for key in anchors.witnesses {
            switch checkpoint?.judgement(of: key) ?? .absent {
            case .absent: continue
            case .valid(let time):
                by.append(
                    .init(key: key.name, keyID: key.idText, time: time, size: checkpoint?.head.size ?? 0))
            case .invalid:
                throw AuditFinding(position: nil, message: "a checkpoint has a cosignature that isn't by \(key)")
            }
        }
        if let quorum = anchors.quorum, by.count < quorum {
            throw AuditFinding(
                position: nil,
                message: "\(by.count) of \(anchors.witnesses.count) witnesses have cosigned, \(quorum) are due")
        }
        return by.isEmpty ? nil : AuditReport.Witnesses(by: by, of: anchors.witnesses.count)
    }
}
