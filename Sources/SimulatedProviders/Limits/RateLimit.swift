package import Determinism

/// How much of a provider may be used in a minute, per model.
package struct RateLimit: Sendable, Equatable {
    /// The formats it is for; nil for all.
    ///
    /// Each format and model has an allowance of its own.
    package var wires: [Wire]?
    package var models: [String]?
    package var requestsPerMinute: Int?
    /// Input and output together.
    package var tokensPerMinute: Int?
    package var inputTokensPerMinute: Int?
    package var outputTokensPerMinute: Int?
    /// How long a minute takes: a second, for a test that has no time.
    ///
    /// The headers tell the limits of real minutes.
    package var minute: Microseconds = .minutes(1)
    /// The part of a minute's allowance that may be used at once, from 0 to 1.
    package var burst = 0.1

    package init(requestsPerMinute: Int? = nil, minute: Microseconds = .minutes(1)) {
        self.requestsPerMinute = requestsPerMinute
        self.minute = minute
    }
}

/// What is left of the limits, as the headers tell it.
struct Allowance: Equatable {
    struct Window: Equatable {
        var limit: Int
        var remaining: Int
        /// Until all of it may be used again.
        var reset: Microseconds
    }

    var now: Timestamp
    var requests: Window?
    var tokens: Window?
    var inputTokens: Window?
    var outputTokens: Window?
}
