package import Deciders

/// The events of a `job` stream.
package indirect enum JobEvent: EventFamily {
    case submitted(JobSubmitted)
    case leased(JobLeased)
    case leaseRenewed(JobLeaseRenewed)
    case completed(JobCompleted)
    case failed(JobFailed)
    case retryScheduled(JobRetryScheduled)
    case leaseExpired(JobLeaseExpired)
    case released(JobReleased)
    case skipped(JobSkipped)
    case retryRequested(JobRetryRequested)
    case cancelled(JobCancelled)
    case crashed(JobCrashed)
    case deferred(JobDeferred)
    case progressed(JobProgressed)
    case resultLate(JobResultLate)
    case unlocked(JobUnlocked)
    case keyLost(JobKeyLost)

    /// The most frequent first, as reading looks for them in this order.
    package static let types: [any EventPayload.Type] = [
        JobSubmitted.self, JobLeased.self, JobCompleted.self, JobLeaseRenewed.self, JobFailed.self,
        JobRetryScheduled.self, JobLeaseExpired.self, JobReleased.self, JobSkipped.self, JobRetryRequested.self,
        JobCancelled.self, JobCrashed.self, JobDeferred.self, JobProgressed.self, JobResultLate.self, JobUnlocked.self,
        JobKeyLost.self,
    ]

    package var payload: any EventPayload {
        switch self {
        case .submitted(let payload): payload
        case .leased(let payload): payload
        case .leaseRenewed(let payload): payload
        case .completed(let payload): payload
        case .failed(let payload): payload
        case .retryScheduled(let payload): payload
        case .leaseExpired(let payload): payload
        case .released(let payload): payload
        case .skipped(let payload): payload
        case .retryRequested(let payload): payload
        case .cancelled(let payload): payload
        case .crashed(let payload): payload
        case .deferred(let payload): payload
        case .progressed(let payload): payload
        case .resultLate(let payload): payload
        case .unlocked(let payload): payload
        case .keyLost(let payload): payload
        }
    }

    package init?(_ payload: any EventPayload) {
        switch payload {
        case let payload as JobSubmitted: self = .submitted(payload)
        case let payload as JobLeased: self = .leased(payload)
        case let payload as JobLeaseRenewed: self = .leaseRenewed(payload)
        case let payload as JobCompleted: self = .completed(payload)
        case let payload as JobFailed: self = .failed(payload)
        case let payload as JobRetryScheduled: self = .retryScheduled(payload)
        case let payload as JobLeaseExpired: self = .leaseExpired(payload)
        case let payload as JobReleased: self = .released(payload)
        case let payload as JobSkipped: self = .skipped(payload)
        case let payload as JobRetryRequested: self = .retryRequested(payload)
        case let payload as JobCancelled: self = .cancelled(payload)
        case let payload as JobCrashed: self = .crashed(payload)
        case let payload as JobDeferred: self = .deferred(payload)
        case let payload as JobProgressed: self = .progressed(payload)
        case let payload as JobResultLate: self = .resultLate(payload)
        case let payload as JobUnlocked: self = .unlocked(payload)
        case let payload as JobKeyLost: self = .keyLost(payload)
        default: return nil
        }
    }
}
