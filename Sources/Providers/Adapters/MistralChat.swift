/// Mistral: OpenAI's chat format with `random_seed`, content in parts, usage in streams unasked, and no unknown fields.
///
/// The model that an answer names is often the alias that was asked for: its version is then unknown.
package enum MistralChat: ChatFormatProvider {
    package static let name = "mistral.chat"
    package static let version = 1

    package static let recordedHeaders = [
        "content-type", "date", "mistral-correlation-id", "retry-after", "retry-after-ms", "server",
        "x-kong-request-id", "x-ratelimit-limit-req-minute", "x-ratelimit-limit-tokens-minute",
        "x-ratelimit-limit-tokens-month", "x-ratelimit-remaining-req-minute", "x-ratelimit-remaining-tokens-minute",
        "x-ratelimit-remaining-tokens-month", "x-ratelimit-tokens-query-cost",
    ]

    package static let format = ChatFormat(
        path: "/v1/chat/completions", seedField: "random_seed", streamOptions: nil, streamAccept: "text/event-stream",
        requestIDHeaders: ["mistral-correlation-id", "x-kong-request-id"],
        cacheReadPaths: [
            ["prompt_tokens_details", "cached_tokens"], ["prompt_token_details", "cached_tokens"],
            ["num_cached_tokens"],
        ],
        finishReasons: ChatFormat.finishReasons.merging(["model_length": .length]) { _, own in own })
}
