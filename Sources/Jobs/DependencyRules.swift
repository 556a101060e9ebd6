import Deciders
import EventLog

/// How a job ended, as its children see it.
package enum ParentEnd: Equatable, Sendable {
    case succeeded
    /// Failed, cancelled, or skipped because of another: whose fault it was, and how that one ended.
    case failed(rootCause: JobID, rootClass: String)

    /// The end that an event is for the job in whose stream it stands; nil for an event that ends nothing.
    package init?(_ happened: JobEvent, of job: JobID) {
        switch happened {
        case .completed: self = .succeeded
        case .failed(let failed) where failed.final: self = .failed(rootCause: job, rootClass: failed.class)
        case .cancelled(let cancelled):
            self = .failed(rootCause: job, rootClass: cancelled.reason == .deadline ? "deadline" : "cancelled")
        case .skipped(let skipped) where skipped.isQuiet: self = .succeeded
        case .skipped(let skipped): self = .failed(rootCause: skipped.rootCause, rootClass: skipped.rootClass)
        case .submitted, .leased, .leaseRenewed, .failed, .retryScheduled, .leaseExpired, .released, .retryRequested,
            .crashed, .deferred, .progressed, .resultLate, .unlocked, .keyLost:
            return nil
        }
    }

    /// The end that a recorded event is; nil for an event that ends nothing.
    init?(_ event: EventLog.Event) throws(DerivationError) {
        guard let job = JobID(rawValue: event.stream.id) else { return nil }
        let happened: JobEvent?
        do throws(CatalogueError) {
            happened = try JobEvent.read(event)
        } catch {
            throw .unreadable("\(error)")
        }
        guard let happened else { return nil }
        self.init(happened, of: job)
    }
}

extension QueueTerms {
    /// What the failure of a parent does to this job; nil for a job that isn't a parent.
    package func onFailure(of parent: JobID) -> ParentRange.OnFailure? {
        parents.first { $0.contains(parent) }?.onFailure
    }

    /// How many jobs it waits for.
    package var parentCount: Int { parents.reduce(0) { $0 + $1.count } }

    /// The skip of this job after the end of a parent, if that alone decides.
    ///
    /// With `anyFailed` it is for the last of all parents, when none has failed; that the others haven't either is for
    /// the caller to know.
    package func skip(after end: ParentEnd, of parent: JobID) -> JobSkipped? {
        guard let onFailure = onFailure(of: parent) else { return nil }
        return Self.skip(join, onFailure, after: end, of: parent)
    }

    /// The same for one edge.
    package static func skip(
        _ join: Join, _ onFailure: ParentRange.OnFailure, after end: ParentEnd, of parent: JobID
    ) -> JobSkipped? {
        switch (join, end) {
        case (.allDone, _), (.allSuccess, .succeeded), (.anyFailed, .failed): nil
        case (.anyFailed, .succeeded): JobSkipped(rootCause: parent, rootClass: "noFailure", isQuiet: true)
        case (.allSuccess, .failed(let rootCause, let rootClass)):
            switch onFailure {
            case .continue: nil
            case .fail: JobSkipped(rootCause: rootCause, rootClass: rootClass)
            case .skip: JobSkipped(rootCause: rootCause, rootClass: rootClass, isQuiet: true)
            }
        }
    }
}

extension ParentRange {
    /// Whether a job is one of these.
    package func contains(_ job: JobID) -> Bool {
        guard first <= job else { return false }
        if count == 1 { return job == first }
        return first.following(count - 1).map { job <= $0 && job.text.isHalfBrother(of: first.text) } ?? false
    }
}
