package import HTTPTransport

/// Mistral: OpenAI's chat format with `random_seed`, content in parts, usage in streams unasked, and no unknown fields.
///
/// The model that an answer names is often the alias that was asked for: its version is then unknown.
package enum MistralChat: LLMProvider {
    package static let name = "mistral.chat"
    package static let version = 1

    package static let recordedHeaders = [
        "content-type", "date", "mistral-correlation-id", "retry-after", "retry-after-ms", "server",
        "x-kong-request-id", "x-ratelimit-limit-req-minute", "x-ratelimit-limit-tokens-minute",
        "x-ratelimit-limit-tokens-month", "x-ratelimit-remaining-req-minute", "x-ratelimit-remaining-tokens-minute",
        "x-ratelimit-remaining-tokens-month", "x-ratelimit-tokens-query-cost",
    ]

    private static let format = ChatFormat(
        path: "/v1/chat/completions", seedField: "random_seed", streamOptions: nil, streamAccept: "text/event-stream",
        requestIDHeaders: ["mistral-correlation-id", "x-kong-request-id"],
        cacheReadPaths: [
            ["prompt_tokens_details", "cached_tokens"], ["prompt_token_details", "cached_tokens"],
            ["num_cached_tokens"],
        ],
        finishReasons: ChatFormat.finishReasons.merging(["model_length": .length]) { _, own in own })

    package static func request(_ chat: ChatRequest, endpoint: Endpoint, key: APIKey?) -> HTTPRequest {
        format.request(chat, endpoint: endpoint, key: key)
    }

    package static func result(
        status: Int, headers: [String: String], body: [UInt8]
    ) -> Result<ChatResult, ProviderError> {
        format.result(status: status, headers: headers, body: body)
    }

    package static func firstToken(in body: [UInt8]) -> Int? { format.firstToken(in: body) }
}
