package import CanonicalJSON
import Deciders
package import Determinism
package import EventLog
import Jobs

/// Erases content of a store on request: as an event first, then from every file.
package struct Redaction {
    /// What came of it.
    package struct Outcome: Equatable, Sendable {
        package let plan: RedactionPlan
        package let erased: ErasedBlobs
        /// Blobs that an event has named again meanwhile, and that are needed by that.
        package let remaining: [Digest]
        /// Whether no file of the store has a byte of it any more.
        package let isScrubbed: Bool
        /// Why not, if not.
        package let obstacle: String?
    }

    private let path: String
    private let time: TimeSource

    package init(in store: String, time: TimeSource = .system) {
        path = store
        self.time = time
    }

    /// What would be erased, and what wouldn't.
    package func preview(_ target: RedactionTarget, sharedToo: Bool = false) throws -> RedactionPlan {
        let log = try Store.log(at: path)
        defer { log.close() }
        return try plan(target, sharedToo, log)
    }

    /// Erases; killed at any moment after its events were recorded, the next process that opens the store finishes it.
    ///
    /// `sharedToo` erases also what others name. Where their work rests on it, such as the definition of a run or a rubric,
    /// it throws `RedactionProblem.farReaching` instead, unless `isFarReachingMeant`. `announcing` hears what will be done
    /// before anything is.
    package func redact(
        _ target: RedactionTarget, sharedToo: Bool = false, isFarReachingMeant: Bool = false, by actor: Actor,
        reason: String, announcing: (RedactionPlan) throws -> Void = { _ in }
    ) async throws -> Outcome {
        try await StoreCareLock.hold(alone: true, of: path) {
            let log = try Store.log(at: path)
            defer { log.close() }
            guard !log.isReadOnly else {
                throw LogError(.readOnly, during: "erasing in \(path)", "its files can't be written")
            }
            let plan = try plan(target, sharedToo, log)
            guard isFarReachingMeant || plan.farReaching.isEmpty else {
                throw RedactionProblem.farReaching(plan.target, plan.farReaching)
            }
            let pending = PendingErasure(of: path)
            guard !plan.blobs.isEmpty else {
                log.close()
                return outcome(plan, ErasedBlobs(), remaining: [], pending)
            }
            try announcing(plan)
            try pending.begin()
            _ = try await log.append(try commit(plan, try key(of: plan.target, log), actor, reason))
            let erased = try log.finishErasing()
            try log.finishDropping()
            let remaining = try log.present(of: plan.blobs).sorted()
            log.close()
            return outcome(plan, erased, remaining: remaining, pending)
        }
    }

    /// Takes the bytes from the files, also those that an earlier erasure left there.
    private func outcome(
        _ plan: RedactionPlan, _ erased: ErasedBlobs, remaining: [Digest], _ pending: PendingErasure
    ) -> Outcome {
        var obstacle: String?
        do throws(LogError) {
            try scrub(pending)
        } catch {
            obstacle = error.description
        }
        return Outcome(
            plan: plan, erased: erased, remaining: remaining, isScrubbed: obstacle == nil, obstacle: obstacle)
    }

    private func plan(_ target: RedactionTarget, _ sharedToo: Bool, _ log: LMDBLog) throws -> RedactionPlan {
        try RedactionPlan.make(
            of: target, sharedToo: sharedToo, in: log, events: Catalogues.events, derivations: Catalogues.derivations)
    }

    /// The key that seals what belongs to the target alone; nil in a store that isn't encrypted.
    private func key(of target: RedactionTarget, _ log: LMDBLog) throws -> (name: String, scope: String)? {
        guard [.run, .subject].contains(target.kind) else { return nil }
        let scope = "\(target.kind.rawValue):\(target.name)"
        return try log.keyName(of: scope).map { ($0, scope) }
    }

    /// What is told in one commit is told whole or not at all.
    private func commit(
        _ plan: RedactionPlan, _ key: (name: String, scope: String)?, _ actor: Actor, _ reason: String
    ) throws -> Commit {
        let digests = plan.blobs
        let parts = stride(from: 0, to: digests.count, by: BlobsErased.mostBlobs).map { start in
            BlobsErased(
                Array(digests[start..<min(start + BlobsErased.mostBlobs, digests.count)]),
                before: Position(plan.head.size), by: "\(actor)", reason: .redaction, note: reason)
        }
        let told = AccessRedacted(
            of: plan.target, by: actor, blobs: digests.count, shared: plan.shared, keys: key.map { [$0.name] } ?? [],
            head: plan.head, reason: reason)
        var payloads: [any EventPayload] = [told]
        for part in parts { payloads.append(part) }
        if let key {
            payloads.append(
                AccessKeyChanged(
                    .dropped, .data, key: key.name, scope: key.scope, by: actor, head: plan.head, reason: reason))
        }
        return try AccessTrail.commit(of: payloads, at: time.time())
    }

    private func scrub(_ pending: PendingErasure) throws(LogError) {
        do {
            try pending.finish()
        } catch let error as LogError {
            throw error
        } catch {
            throw LogError(.other, during: "writing the blobs of \(path) anew", "\(error)")
        }
    }
}

extension Redaction.Outcome: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("bytes", erased.bytes)
        writer.field("dependents", plan.dependents)
        writer.field("erased", erased.count)
        writer.field("farReaching", plan.farReaching)
        writer.field("inEvents", plan.remainder)
        writer.field("kept", plan.kept)
        writer.field("lost", plan.loss)
        writer.optionalField("obstacle", obstacle)
        writer.field("remaining", remaining)
        writer.field("scrubbed", isScrubbed)
        writer.field("shared", plan.shared)
        writer.field("target", plan.target)
        if !plan.uses.isEmpty { writer.field("uses", plan.uses) }
        writer.endObject()
    }
}

extension RedactionPlan: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("blobs", blobs)
        writer.field("dependents", dependents)
        writer.field("farReaching", farReaching)
        writer.field("inEvents", remainder)
        writer.field("kept", kept)
        writer.field("lost", loss)
        writer.field("shared", shared)
        writer.field("target", target)
        if !uses.isEmpty { writer.field("uses", uses) }
        writer.endObject()
    }
}
