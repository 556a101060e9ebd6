package import CanonicalJSON
package import Determinism
package import Jobs
package import Providers

/// When a question that brought no answer is sent again.
package struct CallPolicy: Equatable, Sendable {
    /// What counts, and how long to wait: part of a run's definition, so that a run keeps the rule it began with.
    package enum Rule: String, Equatable, Sendable, CanonicalCodable {
        /// Every failure is an attempt, being refused for the rate as well: `calls.retry` version 1.
        case everyFailureCounts
        /// Being refused for the rate spends no attempt, and the wait doesn't grow: how long there is no room is the
        /// gate's to know.
        ///
        /// `calls.retry` version 2.
        case refusalsAreFree
    }

    /// Delays, and the most attempts after failures that may pass by themselves.
    package let retry: RetryPolicy
    package let rule: Rule

    package init(retry: RetryPolicy = .standard, rule: Rule = .everyFailureCounts) {
        self.retry = retry
        self.rule = rule
    }

    package enum Verdict: Equatable, Sendable {
        case retry(after: Microseconds)
        case giveUp
    }

    /// What follows on a failed attempt of the call `id`; `failures`, `refusals` and `alike` count it.
    ///
    /// `failures` are those since the question was last asked afresh, `refusals` those of them for the rate, with the time
    /// that the provider asked for after them; `alike` are the last ones in a row of the same class.
    package func verdict(
        on failure: CallFailed, failures: Int, refusals: Refusals = .none, alike: Int, of id: CallID
    ) -> Verdict {
        guard failure.retryable else { return .giveUp }
        switch rule {
        case .everyFailureCounts:
            guard failures < retry.attempts else { return .giveUp }
        case .refusalsAreFree where failure.class == .rateLimit:
            guard refusals.count < Self.mostRefusals, refusals.wait <= Self.longestRefusal else { return .giveUp }
        case .refusalsAreFree:
            guard failures - refusals.count < retry.attempts else { return .giveUp }
        }
        if let most = failure.class.mostRetries, alike > most { return .giveUp }
        return .retry(after: delay(after: failure, of: id))
    }

    /// The wait after a failed attempt: full jitter, and never less than the provider asks for.
    package func delay(after failure: CallFailed, of id: CallID) -> Microseconds {
        var policy = retry
        if rule == .refusalsAreFree, failure.class == .rateLimit {
            policy = RetryPolicy(attempts: retry.attempts, base: retry.base, cap: retry.base)
        }
        return policy.delay(after: failure.attempt, of: id.rawValue, atLeast: failure.retryAfter)
    }

    /// How often a question was refused for the rate.
    package struct Refusals: Equatable, Sendable {
        package var count: Int
        /// What the provider asked for, summed up.
        package var wait: Microseconds

        package init(count: Int, wait: Microseconds) {
            self.count = count
            self.wait = wait
        }

        package static let none = Refusals(count: 0, wait: .zero)

        /// With one more failure, if it is one.
        package func counting(_ failure: CallFailed) -> Refusals {
            guard failure.class == .rateLimit else { return self }
            return Refusals(count: count + 1, wait: wait + (failure.retryAfter ?? .zero))
        }
    }

    /// The most times that one question is sent by itself, refusals for the rate among them.
    package var mostSends: Int {
        switch rule {
        case .everyFailureCounts: retry.attempts
        case .refusalsAreFree: retry.attempts + Self.mostRefusals - 1
        }
    }

    /// The gate keeps refusals to a few in a thousand calls; one question meeting so many will never be let in.
    private static let mostRefusals = 100
    private static let longestRefusal = Microseconds.hours(24)

    /// The wait after an attempt whose outcome is unknown: none, since nothing says that the provider is in trouble.
    package static let delayAfterUnknown = Microseconds.zero
}

/// What the run's definition says about calls of one model, as the derivations of their events need it.
///
/// Kept as a blob that those events' causes name, so that they can be derived again from the log alone.
package struct CallTerms: Equatable, Sendable {
    package let policy: CallPolicy
    /// Absent when the price isn't known.
    package let price: ModelPrice?

    package init(policy: CallPolicy = CallPolicy(), price: ModelPrice? = nil) {
        self.policy = policy
        self.price = price
    }
}

extension CallTerms: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("price", price)
        writer.field("retry", policy.retry)
        writer.optionalField("rule", policy.rule == .everyFailureCounts ? nil : policy.rule)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        price = try reader.optionalField("price")
        let retry: RetryPolicy = try reader.field("retry")
        policy = CallPolicy(retry: retry, rule: try reader.optionalField("rule") ?? .everyFailureCounts)
        try reader.endObject()
    }
}
