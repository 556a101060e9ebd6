package import CanonicalJSON
package import Determinism
package import Jobs
package import Providers

/// When a question that brought no answer is sent again.
package struct CallPolicy: Equatable, Sendable {
    /// Delays, and the most attempts after failures that may pass by themselves.
    package let retry: RetryPolicy

    package init(retry: RetryPolicy = .standard) { self.retry = retry }

    package enum Verdict: Equatable, Sendable {
        case retry(after: Microseconds)
        case giveUp
    }

    /// What follows on a failed attempt of the call `id`; `failures` and `alike` count it.
    ///
    /// `failures` are those since the question was last asked afresh, `alike` those of them of the same class.
    package func verdict(on failure: CallFailed, failures: Int, alike: Int, of id: CallID) -> Verdict {
        guard failure.retryable, failures < retry.attempts else { return .giveUp }
        if let most = failure.class.mostRetries, alike > most { return .giveUp }
        return .retry(after: delay(after: failure, of: id))
    }

    /// The wait after a failed attempt: full jitter, and never less than the provider asks for.
    package func delay(after failure: CallFailed, of id: CallID) -> Microseconds {
        retry.delay(after: failure.attempt, of: id.rawValue, atLeast: failure.retryAfter)
    }

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
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        price = try reader.optionalField("price")
        policy = CallPolicy(retry: try reader.field("retry"))
        try reader.endObject()
    }
}
