/// The most that a provider should be asked for, as a user configures it.
///
/// What isn't given is learned: from the headers of the answers, or from refusals.
package struct RateLimits: Equatable, Sendable {
    package var requestsPerMinute: Int?
    package var inputTokensPerMinute: Int?
    package var outputTokensPerMinute: Int?
    /// Calls under way at once.
    package var concurrency: Int?

    package init(
        requestsPerMinute: Int? = nil, inputTokensPerMinute: Int? = nil, outputTokensPerMinute: Int? = nil,
        concurrency: Int? = nil
    ) {
        self.requestsPerMinute = requestsPerMinute
        self.inputTokensPerMinute = inputTokensPerMinute
        self.outputTokensPerMinute = outputTokensPerMinute
        self.concurrency = concurrency
    }

    package static let none = RateLimits()
}

/// What a run may ask of its providers.
package struct RateSettings: Equatable, Sendable {
    /// By provider: for all its models together.
    ///
    /// By `provider/model`: for that model, in addition.
    package var limits: [String: RateLimits]
    package var breaker: CircuitBreaker.Settings
    package var stop: QuotaStop.Settings
    /// Providers that are asked as fast as may be: those that no pacing protects from anything.
    package var unpaced: Set<String> = []

    package init(
        limits: [String: RateLimits] = [:], breaker: CircuitBreaker.Settings = CircuitBreaker.Settings(),
        stop: QuotaStop.Settings = QuotaStop.Settings()
    ) {
        self.limits = limits
        self.breaker = breaker
        self.stop = stop
    }

    package func limits(of provider: String, model: String? = nil) -> RateLimits {
        limits[model.map { provider + "/" + $0 } ?? provider] ?? .none
    }
}
