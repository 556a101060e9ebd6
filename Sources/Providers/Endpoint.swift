package import HTTPTransport

/// Where a provider is reached and in which dialect.
package struct Endpoint: Sendable, Equatable {
    /// How an OpenAI-shaped request names the most tokens of an answer.
    package enum TokenLimitField: String, Sendable, Equatable {
        case maxCompletionTokens = "max_completion_tokens"
        case maxTokens = "max_tokens"
    }

    /// The URL to which an adapter appends its path, as in `https://api.openai.com/v1`; a slash at its end is ignored.
    package var baseURL: String
    package var tokenLimitField: TokenLimitField
    /// Whether the provider pads the pieces of a stream against eavesdroppers unless it is told not to.
    package var padsStreams: Bool
    /// Further header fields of each request, such as an organisation.
    package var headers: [HTTPHeader]
    package var limits: TransferLimits

    package init(
        baseURL: String,
        tokenLimitField: TokenLimitField = .maxTokens,
        padsStreams: Bool = false,
        headers: [HTTPHeader] = [],
        limits: TransferLimits = TransferLimits()
    ) {
        self.baseURL = baseURL
        self.tokenLimitField = tokenLimitField
        self.padsStreams = padsStreams
        self.headers = headers
        self.limits = limits
    }

    /// The URL of a path, which begins with a slash.
    func url(path: String) -> String {
        var base = Substring(baseURL)
        while base.hasSuffix("/") { base.removeLast() }
        return base + path
    }
}
