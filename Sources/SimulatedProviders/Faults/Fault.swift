/// One way in which a provider can fail, or end otherwise than by a plain answer.
///
/// Errors come in each provider's own status and words; what a format doesn't know comes in the nearest form that it
/// has.
package enum Fault: String, Sendable, Equatable, CaseIterable {
    // MARK: Refused by status
    case badRequest = "400"
    case wrongKey = "401"
    case paymentRequired = "402"
    case forbidden = "403"
    case unknownModel = "404"
    case requestTimeout = "408"
    case conflict = "409"
    case tooLarge = "413"
    case unprocessable = "422"
    case serverError = "500"
    case badGateway = "502"
    case unavailable = "503"
    case gatewayTimeout = "504"
    case overloaded = "529"
    /// A rate limit, with the delay in the form that the provider uses.
    case rateLimit = "429"
    case rateLimitSeconds = "429-seconds"
    case rateLimitFraction = "429-fraction"
    case rateLimitDate = "429-date"
    case rateLimitMilliseconds = "429-ms"
    /// The delay in the body, as Google says it; in a header where a body has no place for it.
    case rateLimitInfo = "429-info"
    /// A rate limit without any delay.
    case rateLimitBare = "429-none"
    /// A rate limit of tokens, not requests.
    case rateLimitTokens = "429-tokens"
    case quota
    case contextLength = "context-length"
    case contentPolicy = "content-policy"
    /// Elsewhere, where nobody should go with a key.
    case redirect

    // MARK: Broken on the way
    /// No answer at all, until the client gives up.
    case hang
    /// An answer whose first byte is late.
    case slowHeaders = "slow-headers"
    /// An answer that comes in drops.
    case slowBody = "slow-body"
    /// White space or comments before the answer, as from a provider that is queueing.
    case keepAlive = "keep-alive"
    /// The connection ends in the middle of the answer.
    case close
    /// The connection is reset in the middle of the answer.
    case reset

    // MARK: Status 200 and no answer
    /// A body that isn't JSON.
    case invalidJSON
    /// A web page.
    case html
    case emptyObject = "empty-object"
    case emptyBody = "empty-body"
    /// An answer that says one thing twice.
    case duplicateKeys = "duplicate-keys"
    /// A body of 100 MB.
    case huge

    // MARK: Streams; a request for a whole answer meets the nearest thing to it
    /// A stream that ends as if it were over, without its end mark.
    case streamTruncated = "stream-truncated"
    /// A stream whose connection is cut.
    case streamCut = "stream-cut"
    /// A stream that says after its beginning that it failed.
    case streamError = "stream-error"

    // MARK: Answers of another kind
    case refusal
    /// Blocked by a safety filter.
    case safety
    /// Ended at the limit of tokens.
    case length
    /// Cut by the provider for want of machines (DeepSeek).
    case resource
    /// An answer that doesn't say what it cost.
    case noUsage = "no-usage"
    /// A judge's answer without the JSON that was asked for; other requests are answered.
    case malformedJudge

    /// Those that cost neither minutes nor megabytes.
    package static let usual: [Fault] = [.serverError, .rateLimit, .close, .invalidJSON]
}

extension Fault {
    /// The error that this fault is, if it is one.
    func condition(model: String, limited: ErrorCondition.Limited) -> ErrorCondition? {
        switch self {
        case .badRequest: .badRequest
        case .wrongKey: .wrongKey
        case .paymentRequired: .paymentRequired
        case .forbidden: .forbidden
        case .unknownModel: .unknownModel(model)
        case .requestTimeout: .requestTimeout
        case .conflict: .conflict
        case .tooLarge: .tooLarge
        case .unprocessable: .unprocessable
        case .serverError: .internalError
        case .badGateway: .badGateway
        case .unavailable: .unavailable
        case .gatewayTimeout: .gatewayTimeout
        case .overloaded: .overloaded
        case .rateLimit, .rateLimitSeconds, .rateLimitFraction, .rateLimitDate, .rateLimitMilliseconds,
            .rateLimitInfo, .rateLimitBare, .rateLimitTokens:
            .rateLimited(limited)
        case .quota: .quotaExhausted
        case .contextLength: .contextLength
        case .contentPolicy: .contentPolicy
        case .redirect, .hang, .slowHeaders, .slowBody, .keepAlive, .close, .reset, .invalidJSON, .html, .emptyObject,
            .emptyBody, .duplicateKeys, .huge, .streamTruncated, .streamCut, .streamError, .refusal, .safety, .length,
            .resource, .noUsage, .malformedJudge:
            nil
        }
    }

    /// The form in which a rate limit says its delay; nil where the provider's own form counts.
    var retryForm: RetryForm? {
        switch self {
        case .rateLimitSeconds: .seconds
        case .rateLimitFraction: .fraction
        case .rateLimitDate: .date
        case .rateLimitMilliseconds: .milliseconds
        case .rateLimitInfo: .info
        case .rateLimitBare: RetryForm.none
        default: nil
        }
    }
}
