package import Determinism

/// Which of a provider's limits a call falls under.
package struct PacingLane: Hashable, Sendable {
    package let model: String
    /// The environment variable of the key; nil where none is sent.
    package let keyVariable: String?
    package let adapter: String

    package init(model: String, keyVariable: String?, adapter: String) {
        self.model = model
        self.keyVariable = keyVariable
        self.adapter = adapter
    }
}

/// A call that wants to be sent.
package struct PacingAsk: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case first
        /// After a failure: needs room in the retry budget.
        case retry
        /// After being refused for the rate: paced by the limits alone, which is what it failed for.
        case refusedBefore
    }

    package let lane: PacingLane
    package let size: CallSize
    package let kind: Kind

    package init(lane: PacingLane, size: CallSize, kind: Kind = .first) {
        self.lane = lane
        self.size = size
        self.kind = kind
    }
}

/// What a call that may be sent has reserved; given back with what came of it.
package struct PacingGrant: Equatable, Sendable {
    let lane: Int
    let own: RateLimiter.Reservation
    let shared: RateLimiter.Reservation?
    let probesCircuit: Bool
    let probesStop: Bool
}

/// What came of a call that was sent.
package enum PacingOutcome: Equatable, Sendable {
    case answered(Usage)
    case failed(ProviderErrorClass, retryAfter: Microseconds?)
    /// Cut short, or never sent: nobody knows what the provider did with it.
    case abandoned
}
