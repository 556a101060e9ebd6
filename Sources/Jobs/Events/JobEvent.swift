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

    /// The most frequent first, as reading looks for them in this order.
    package static let types: [any EventPayload.Type] = [
        JobSubmitted.self, JobLeased.self, JobCompleted.self, JobLeaseRenewed.self, JobFailed.self,
        JobRetryScheduled.self, JobLeaseExpired.self, JobReleased.self, JobSkipped.self, JobRetryRequested.self,
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
        default: return nil
        }
    }
}
