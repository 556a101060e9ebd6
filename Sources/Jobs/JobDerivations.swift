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
    /// `job.retryScheduled` from the failure, the policy, and the least wait that whoever failed asked for.
    package static let retryWithFloor = FunctionReference(name: "jobs.retry", version: 2)
    /// `job.leaseExpired` from the lease or its last renewal.
    package static let leaseExpiry = FunctionReference(name: "jobs.leaseExpiry", version: 1)
    /// `job.skipped` of a run's job from the parent's final failure, or from its own skip.
    package static let skip = FunctionReference(name: "jobs.skip", version: 1)
    /// `job.skipped` of a job with terms from its submission and the end of the parent that decided.
    package static let skipByTerms = FunctionReference(name: "jobs.skip", version: 2)
    /// `job.cancelled` from the submission, whose deadline has passed.
    package static let deadline = FunctionReference(name: "jobs.deadline", version: 1)
    /// Who asked for what nobody asked for.
    static let nobody = "cairn"

    package static let catalogue = DerivationCatalogue(
        [
            Derivation(function: retry, eventTypes: [JobRetryScheduled.type], derive: deriveRetry),
            Derivation(function: retryWithFloor, eventTypes: [JobRetryScheduled.type], derive: deriveRetryWithFloor),
            Derivation(function: leaseExpiry, eventTypes: [JobLeaseExpired.type], derive: deriveLeaseExpiry),
            Derivation(function: skip, eventTypes: [JobSkipped.type], derive: deriveSkip),
            Derivation(function: skipByTerms, eventTypes: [JobSkipped.type], derive: deriveSkipByTerms),
            // A cancellation that somebody asked for is no derived event and cites no function.
            Derivation(function: deadline, eventTypes: [], sometimes: [JobCancelled.type], derive: deriveDeadline),
        ] + RetryBudget.derivations)

    @Sendable
    private static func deriveRetry(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        try deriveRetry(input, floor: nil)
    }

    @Sendable
    private static func deriveRetryWithFloor(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        let blobs = try input.causeBlobs()
        guard blobs.count == 2 else {
            throw .unexpectedCauses("\(blobs.count) blobs, and a policy and a floor are needed")
        }
        let bytes = try input.blob(blobs[1])
        let floor: RetryFloor
        do throws(JSONError) {
            floor = try RetryFloor(canonicalBytes: bytes)
        } catch {
            throw .unreadable("the blob \(blobs[1].hex): \(error)")
        }
        return try deriveRetry(input, floor: floor.floor)
    }

    private static func deriveRetry(
        _ input: DerivationInput, floor: Microseconds?
    ) throws(DerivationError) -> [UInt8] {
        let cause = try input.onlyCause()
        let failed = try cause.payload(JobFailed.self)
        guard !failed.final else { throw .otherType(JobFailed.type) }
        let policy = try input.firstBlob(RetryPolicy.self) ?? .standard
        let delay = policy.delay(after: failed.attempt, of: cause.stream.id, atLeast: floor)
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

    @Sendable
    private static func deriveSkipByTerms(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        guard input.causes.count == 2 else {
            throw .unexpectedCauses("\(input.causes.count) events, and a submission and a parent's end are needed")
        }
        let submission = try input.causes[0].payload(JobSubmitted.self)
        guard let terms = submission.terms, input.causes[0].stream == input.recorded.stream else {
            throw .unexpectedCauses("the first isn't this job's submission to a queue")
        }
        guard let parent = JobID(rawValue: input.causes[1].stream.id), let end = try ParentEnd(input.causes[1]) else {
            throw .unexpectedCauses("the second isn't the end of a job")
        }
        guard let skipped = terms.skip(after: end, of: parent) else {
            throw .unexpectedCauses("with these terms that end of job \(parent) lets the job run")
        }
        return skipped.canonicalBytes()
    }

    @Sendable
    private static func deriveDeadline(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        let cause = try input.onlyCause()
        guard cause.stream == input.recorded.stream else {
            throw .unexpectedCauses("the submission isn't this job's")
        }
        let submission = try cause.payload(JobSubmitted.self)
        guard let deadline = submission.terms?.deadline, deadline <= input.recorded.time else {
            throw .unexpectedCauses("its deadline hadn't passed when it was cancelled")
        }
        return JobCancelled(by: nobody, reason: .deadline).canonicalBytes()
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
        if let cause { return cause.blobs }
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
