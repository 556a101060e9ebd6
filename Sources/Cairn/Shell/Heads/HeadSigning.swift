package import Determinism
package import EventLog

/// Signs heads of a store, and keeps what it has signed.
///
/// “A log MUST not sign any checkpoint which is inconsistent with any checkpoint it previously signed”
/// (c2sp.org/tlog-checkpoint): a store that was rolled back, or made anew behind a signed head, is refused.
///
/// What is checked before each signature takes O(log n): that the head which the log names is the root of its tree, that the
/// tree ends with the record which is last, and that it has grown from the newest head that was signed. Whether each record
/// is what the tree was made of takes a look at all of them, which is `cairn audit verify`; what hands out records with a
/// signed head checks those.
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
        let newest = try checkedNewest(now, during: "signing a head")
        if let known = try kept.checkpoint(ofSize: size), case .valid = known.judgement(of: key.key) { return known }
        guard let head = try log.head(ofSize: size) else {
            throw LogError(.invalid, during: "signing the head of \(size) events", "the log has \(now.size)")
        }
        try check(head, after: newest, now)
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

    /// Refuses a head that the log's own tree, its last record or the head that was signed before speak against.
    private func check(_ head: TreeHead, after newest: SignedCheckpoint?, _ now: TreeHead) throws {
        let operation = "signing the head of \(head.size) events"
        func refuse(_ position: Position?, _ found: String) -> LogError {
            LogError(.damaged(position), during: operation, "\(found); `cairn audit verify` says where it was changed")
        }
        guard try log.head(ofSize: now.size) == now else {
            throw refuse(nil, "the log's tree doesn't lead to the head that the log names")
        }
        if head.size > 0 {
            let last = Position(head.size - 1)
            guard let event = try log.event(at: last),
                try log.inclusionProof(of: last, in: head.size).proves(Digest.leaf(event.record), in: head)
            else { throw refuse(last, "the last record isn't the one that the tree was made of") }
        }
        if let newest, newest.head.size <= head.size {
            let growth = try log.consistencyProof(from: newest.head.size, to: head.size)
            guard growth.proves(newest.head, grewTo: head) else {
                throw refuse(nil, "the tree hasn't grown from the signed head of \(newest.head.size) events")
            }
        }
    }

    /// The newest kept head that has a position and that a key has signed; nil when there is none.
    ///
    /// Without a key, such as in a copy that others read, anybody's signature will do. Throws for a store that was rolled
    /// back or rewritten behind its newest signed head.
    package func known(covering position: Position, by key: StoreSigningKey?) throws -> SignedCheckpoint? {
        _ = try checkedNewest(try log.head(), during: "looking for a signed head")
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
    private func checkedNewest(_ now: TreeHead, during operation: String) throws -> SignedCheckpoint? {
        guard let newest = try kept.newest() else { return nil }
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
