package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog

/// The derived events of jobs, and the pure functions that derive them.
///
/// Shells use the same functions to make the events as `replay verify` uses to check them.
package enum JobDerivations {
    /// `job.retryScheduled` from the failure; the first blob of the cause is the policy, without one it is the standard.
    package static let retry = FunctionReference(name: "jobs.retry", version: 1)
    /// `job.leaseExpired` from the lease or its last renewal.
    package static let leaseExpiry = FunctionReference(name: "jobs.leaseExpiry", version: 1)
    /// `job.skipped` from the parent's final failure, or from its own skip.
    package static let skip = FunctionReference(name: "jobs.skip", version: 1)

    package static let catalogue = DerivationCatalogue([
        Derivation(function: retry, eventTypes: [JobRetryScheduled.type], derive: deriveRetry),
        Derivation(function: leaseExpiry, eventTypes: [JobLeaseExpired.type], derive: deriveLeaseExpiry),
        Derivation(function: skip, eventTypes: [JobSkipped.type], derive: deriveSkip),
    ])

    @Sendable
    private static func deriveRetry(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        let cause = try input.onlyCause()
        let failed = try cause.payload(JobFailed.self)
        guard !failed.final else { throw .otherType(JobFailed.type) }
        let policy = try input.firstBlob(RetryPolicy.self) ?? .standard
        let delay = policy.delay(after: failed.attempt, of: cause.stream.id)
        let retry = JobRetryScheduled(
            attempt: failed.attempt + 1, delay: delay, notBefore: input.recorded.time + delay)
        return retry.canonicalBytes()
    }

    /// How many leases were lost before is taken from the record: it is a count over the stream.
    @Sendable
    private static func deriveLeaseExpiry(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        let lease = try lease(of: input.onlyCause())
        let recorded = try input.recorded.payload(JobLeaseExpired.self)
        if recorded.reason == .deadline, input.recorded.time < lease.deadline {
            throw .unexpectedCauses("the lease still held when its expiry was recorded")
        }
        let expired = JobLeaseExpired(
            attempt: lease.attempt, crashes: recorded.crashes, deadline: lease.deadline, reason: recorded.reason,
            worker: lease.worker)
        return expired.canonicalBytes()
    }

    private static func lease(of cause: EventLog.Event) throws(DerivationError) -> Job.Lease {
        if cause.hasType(JobLeaseRenewed.type) {
            let renewed = try cause.payload(JobLeaseRenewed.self)
            return Job.Lease(attempt: renewed.attempt, deadline: renewed.deadline, worker: renewed.worker)
        }
        let leased = try cause.payload(JobLeased.self)
        return Job.Lease(attempt: leased.attempt, deadline: leased.deadline, worker: leased.worker)
    }

    @Sendable
    private static func deriveSkip(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        let cause = try input.onlyCause()
        if cause.hasType(JobSkipped.type) { return try cause.payload(JobSkipped.self).canonicalBytes() }
        let failed = try cause.payload(JobFailed.self)
        guard failed.final else { throw .unexpectedCauses("the parent's failure wasn't final") }
        guard let parent = JobID(rawValue: cause.stream.id) else {
            throw .unreadable("\(cause.stream) is no job's stream")
        }
        return JobSkipped(rootCause: parent, rootClass: failed.class).canonicalBytes()
    }
}

extension DerivationInput {
    /// The one event that the cause names.
    package func onlyCause() throws(DerivationError) -> EventLog.Event {
        guard causes.count == 1, let cause = causes.first else {
            throw .unexpectedCauses("\(causes.count) events, and one is needed")
        }
        return cause
    }

    /// The blobs that the cause names.
    package func causeBlobs() throws(DerivationError) -> [Digest] {
        do throws(JSONError) {
            return try recorded.metadata().cause?.blobs ?? []
        } catch {
            throw .unreadable("the metadata: \(error)")
        }
    }

    /// The first blob that the cause names, read as a value; nil if it names none.
    package func firstBlob<Value: CanonicalDecodable>(_: Value.Type) throws(DerivationError) -> Value? {
        guard let digest = try causeBlobs().first else { return nil }
        let bytes = try blob(digest)
        do throws(JSONError) {
            return try Value(canonicalBytes: bytes)
        } catch {
            throw .unreadable("the blob \(digest.hex): \(error)")
        }
    }
}

extension EventLog.Event {
    /// The payload of a cause.
    package func payload<P: EventPayload>(_: P.Type) throws(DerivationError) -> P {
        do throws(CatalogueError) {
            return try decode(P.self)
        } catch {
            throw .unreadable("\(error)")
        }
    }
}
