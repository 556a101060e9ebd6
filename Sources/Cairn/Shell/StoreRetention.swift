import Audit
package import CanonicalJSON
import Deciders
package import Determinism
package import EventLog
package import Jobs
import Projections

/// Drops ended jobs of queues from the read model, and erases the blobs that only they named.
///
/// Both are events before they happen, so every read model stays a function of the log, and an audit knows what was
/// erased from what was lost.
package struct StoreRetention {
    /// What came of a policy.
    package struct Outcome: Equatable, Sendable {
        /// Jobs that were dropped, by how they had ended.
        package let jobs: QueueCounts
        /// Jobs that the policy names and that stay, since an unfinished job waits for them.
        package let awaited: Int
        /// Nil where nothing was erased, since nothing was to be changed.
        package let blobs: ErasedBlobs?
    }

    private let store: Store
    private let time: TimeSource

    package init(_ store: Store, time: TimeSource = .system) {
        self.store = store
        self.time = time
    }

    /// What a policy would drop.
    package func preview(_ policy: PrunePolicy) throws -> Outcome {
        let plan = try store.askQueues { try $0.plan(policy) }
        return Outcome(jobs: plan.counts, awaited: plan.awaited, blobs: nil)
    }

    package func prune(_ policy: PrunePolicy, by person: String) async throws -> Outcome {
        try await StoreCareLock.hold(alone: true, of: store.path) {
            let plan = try store.askQueues { try $0.plan(policy) }
            try await record(
                plan.parts.map { part in
                    .pruned(QueuePruned(by: person, counts: part.counts, jobs: part.jobs, policy: policy))
                })
            let digests = try blobs(namedOnlyBy: try dropped(of: plan))
            let end = Position(try store.log.head().size)
            try await record(
                stride(from: 0, to: digests.count, by: BlobsErased.mostBlobs).map { start in
                    let part = Array(digests[start..<min(start + BlobsErased.mostBlobs, digests.count)])
                    return .erased(BlobsErased(part, before: end, by: person, reason: .retention))
                })
            return Outcome(jobs: plan.counts, awaited: plan.awaited, blobs: try finishErasing())
        }
    }

    /// Erases what an event says is erased and is still there: because somebody was killed in between.
    package func finishErasing() throws -> ErasedBlobs {
        try store.log.finishErasing()
    }

    private func record(_ events: [RetentionEvent]) async throws {
        let now = time.time()
        let metadata = EventMetadata(cause: nil, job: nil, run: nil, worker: nil).canonicalBytes()
        let commits = try events.map { event in
            let payload = event.payload
            let recorded = NewEvent(
                type: type(of: payload).type, version: payload.writtenVersion, time: now,
                data: payload.canonicalBytes(), metadata: metadata)
            return Commit(stream: try event.stream, expected: .any, events: [recorded], blobs: [])
        }
        for result in await store.log.append(commits) { _ = try result.get() }
    }

    /// The jobs that the read model has dropped in fact.
    private func dropped(of plan: PrunePlan) throws -> Set<JobID> {
        try store.askQueues { tables in
            var dropped: Set<JobID> = []
            for range in plan.parts.flatMap(\.jobs) {
                for id in range.jobs where try !tables.jobs.contains(id) { dropped.insert(id) }
            }
            return dropped
        }
    }

    /// The blobs in the store that events of these jobs name, and no others.
    private func blobs(namedOnlyBy jobs: Set<JobID>) throws -> [Digest] {
        if jobs.isEmpty { return [] }
        func isTheirs(_ event: Event) -> Bool {
            guard event.stream.category == Job.category, let id = JobID(inStreamOf: event) else { return false }
            return jobs.contains(id)
        }
        var blobs: Set<Digest> = []
        try store.log.scan(from: .first, to: nil, matching: EventFilter(categories: [Job.category])) { event in
            if isTheirs(event) { blobs.formUnion(try Catalogues.events.blobs(namedBy: event)) }
        }
        if blobs.isEmpty { return [] }
        try store.log.scan { event in
            for digest in try Catalogues.events.blobs(namedBy: event) where blobs.contains(digest) {
                if !isTheirs(event) { blobs.remove(digest) }
            }
        }
        return try store.log.present(of: blobs).sorted()
    }
}

extension LMDBLog {
    /// Erases what an event says is erased and is still there; answers what that was.
    func finishErasing() throws -> ErasedBlobs {
        try eraseBlobs(try Erasures(of: self).limits) { try Catalogues.events.blobs(namedBy: $0) }
    }
}

extension StoreRetention.Outcome: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("awaited", awaited)
        writer.optionalField("erasedBlobs", blobs?.count)
        writer.optionalField("erasedBytes", blobs?.bytes)
        writer.field("jobs", jobs)
        writer.field("total", jobs.total)
        writer.endObject()
    }
}
