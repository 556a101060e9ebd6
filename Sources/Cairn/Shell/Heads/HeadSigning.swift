package import Determinism
package import EventLog

/// Signs heads of a store, and keeps what it has signed.
///
/// “A log MUST not sign any checkpoint which is inconsistent with any checkpoint it previously signed”
/// (c2sp.org/tlog-checkpoint): a store that was rolled back, or made anew behind a signed head, is refused.
package struct HeadSigning {
    private let log: LMDBLog
    private let kept: KeptCheckpoints

    package init(_ log: LMDBLog) {
        self.log = log
        kept = KeptCheckpoints(of: log)
    }

    /// Signs the head of a size, by default of all events, unless this key has signed it before.
    ///
    /// The time is signed, too, where the head is the greatest so far, which is what a time in a checkpoint says.
    package func sign(
        size: UInt64? = nil, by key: StoreSigningKey, time: TimeSource = .system
    ) throws -> SignedCheckpoint {
        let now = try log.head()
        let size = size ?? now.size
        let newest = try checkedNewest(now)
        if let known = try kept.checkpoint(ofSize: size), case .valid = known.judgement(of: key.key) { return known }
        guard let head = try log.head(ofSize: size) else {
            throw LogError(.invalid, during: "signing the head of \(size) events", "the log has \(now.size)")
        }
        let isGreatest = size == now.size && size >= newest?.head.size ?? 0
        let origin = SignedCheckpoint.origin(ofStore: log.manifest.id)
        let signed: SignedCheckpoint
        do throws(NoteError) {
            signed = try SignedCheckpoint(
                origin: origin, head: head, signedBy: key.signer, at: isGreatest ? time.time() : nil)
        } catch {
            throw LogError(.invalid, during: "signing the head of \(size) events", "\(error)")
        }
        return try kept.keep(signed)
    }

    /// The newest kept head that has a position and that a key has signed; nil when there is none.
    ///
    /// Without a key, such as in a copy that others read, anybody's signature will do.
    package func known(covering position: Position, by key: StoreSigningKey?) throws -> SignedCheckpoint? {
        for size in try kept.sizes().reversed() where size > position.rawValue {
            guard let found = try kept.checkpoint(ofSize: size) else { continue }
            guard let key else { return found }
            if case .valid = found.judgement(of: key.key) { return found }
        }
        return nil
    }

    /// The newest head that was signed, which the log must still have.
    ///
    /// Each was compared with the one before it when it was signed, so the newest speaks for all.
    private func checkedNewest(_ now: TreeHead) throws -> SignedCheckpoint? {
        guard let newest = try kept.newest() else { return nil }
        let operation = "signing a head"
        guard let then = try log.head(ofSize: newest.head.size) else {
            throw LogError(
                .damaged(Position(now.size)), during: operation,
                "the log has \(now.size) events, and a head of \(newest.head.size) was signed: it was rolled back")
        }
        guard then == newest.head else {
            throw LogError(
                .damaged(nil), during: operation,
                "the first \(then.size) events have another head than the one that was signed: they were rewritten")
        }
        return newest
    }
}
