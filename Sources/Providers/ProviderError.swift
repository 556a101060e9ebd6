internal import CanonicalJSON
package import Determinism

/// What kind of failure a call met: decides whether it is tried again and who has to act.
package enum ProviderErrorClass: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
    case rateLimit
    /// Money or a daily limit is used up.
    case quotaExhausted
    case auth
    case permission
    case notFound
    case invalidRequest
    case contextLength
    case contentPolicy
    /// The answer didn't come in time; the call may have been billed.
    case timeout
    case overloaded
    case serverError
    case network
    /// An answer came and can't be read.
    case malformedResponse

    /// Whether a call that failed this way may succeed when repeated, where nothing more precise is known.
    package var isRetryable: Bool {
        switch self {
        case .rateLimit, .timeout, .overloaded, .serverError, .network, .malformedResponse: true
        case .quotaExhausted, .auth, .permission, .notFound, .invalidRequest, .contextLength, .contentPolicy: false
        }
    }

    /// Most repetitions that make sense after failures of this class alone; nil where the caller's policy decides.
    package var mostRetries: Int? {
        switch self {
        case .malformedResponse: 1
        case .rateLimit, .timeout, .overloaded, .serverError, .network: nil
        case .quotaExhausted, .auth, .permission, .notFound, .invalidRequest, .contextLength, .contentPolicy: 0
        }
    }
}

/// Why a call brought no result.
package struct ProviderError: Error, Sendable, Equatable {
    package let `class`: ProviderErrorClass
    package let retryable: Bool
    /// How long the provider asks to wait; not capped.
    package let retryAfter: Microseconds?
    /// Status, code and type, or the transport's words: fit for an event, as nothing that the prompt could be
    /// quoted in is part of it.
    package let detail: String
    /// The provider's own words, for people's eyes; they may quote prompt or key, so they never go into an event.
    package let providerMessage: String?
    /// What had come of an answer that broke off; its bytes are recorded with the exchange, so it isn't part of an event.
    package let partialText: String?

    package init(
        class: ProviderErrorClass,
        retryable: Bool? = nil,
        retryAfter: Microseconds? = nil,
        detail: String,
        providerMessage: String? = nil,
        partialText: String? = nil
    ) {
        self.class = `class`
        self.retryable = retryable ?? `class`.isRetryable
        self.retryAfter = retryAfter
        self.detail = detail
        self.providerMessage = providerMessage
        self.partialText = partialText
    }

    /// A response of status 200 that can't be read; `what` is ours to say and quotes nothing of it.
    static func unreadable(_ what: String, partialText: String? = nil) -> ProviderError {
        ProviderError(class: .malformedResponse, detail: "HTTP 200, \(what)", partialText: partialText)
    }
}

extension ProviderError: CustomStringConvertible {
    package var description: String { "\(self.class.rawValue): \(detail)" }
}
