/// Anthropic's Messages API.
///
/// The API has no seed: one that is set isn't sent. Facts of the wire format are in this folder and nowhere else.
package enum AnthropicMessages: LLMProvider {
    package static let name = "anthropic.messages"
    package static let version = 1

    static let path = "/v1/messages"

    /// The version of the API that is asked for unless a request samples.
    static let currentVersion = "2026-10-21"
    /// The last version that takes `temperature`, `top_p` and `top_k`; its SDKs send the key as `x-api-key`.
    static let samplingVersion = "2023-06-01"
    static let samplingParameters = ["temperature", "top_k", "top_p"]
    /// Models, with or without a date behind them, that still take sampling parameters.
    static let samplingModels = [
        "claude-haiku-4-5", "claude-opus-4-5", "claude-opus-4-6", "claude-sonnet-4-5", "claude-sonnet-4-6",
    ]

    /// Most tokens of an answer where the user sets no limit, since the API demands one: room for an answer that is
    /// preceded by thinking, and far below the 21,334 above which the API wants to be streamed.
    static let defaultMaxTokens = 8_192

    package static let recordedHeaders = [
        "anthropic-ratelimit-input-tokens-limit", "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-reset", "anthropic-ratelimit-output-tokens-limit",
        "anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset",
        "anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset", "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset", "content-type", "date",
        "request-id", "retry-after", "retry-after-ms", "server", "x-should-retry",
    ]

    /// Stop reasons of the wire; what isn't here is unknown.
    static let finishReasons: [String: FinishReason] = [
        "end_turn": .stop,
        "stop_sequence": .stop,
        "max_tokens": .length,
        "model_context_window_exceeded": .length,
        "refusal": .refusal,
        "tool_use": .toolCalls,
        // Ends a turn of tools that the provider runs; none is ever asked for.
        "pause_turn": .error,
    ]
}
