/// OpenAI Chat Completions, which vLLM, Ollama, llama.cpp, LM Studio and many others speak too.
///
/// Facts of the wire format are in this folder and nowhere else.
package enum OpenAIChat: LLMProvider {
    package static let name = "openai.chat"
    package static let version = 1

    static let path = "/chat/completions"

    /// Version 1 never streams.
    package static func firstToken(in body: [UInt8]) -> Int? { nil }

    package static let recordedHeaders = [
        "content-type", "date", "openai-processing-ms", "openai-version", "retry-after", "retry-after-ms", "server",
        "x-ratelimit-limit-requests", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-requests",
        "x-ratelimit-remaining-tokens", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "x-request-id",
        "x-should-retry",
    ]

    /// Finish reasons of the wire; what isn't here is unknown.
    static let finishReasons: [String: FinishReason] = [
        "stop": .stop,
        "length": .length,
        "content_filter": .contentFilter,
        "tool_calls": .toolCalls,
        "function_call": .toolCalls,
        "insufficient_system_resource": .error,
        "error": .error,
    ]
}
