package import HTTPTransport

/// OpenAI Chat Completions in one piece, which vLLM, Ollama, llama.cpp, LM Studio and many others speak too.
///
/// Version 1 is recorded in released stores: what it derives from a body never changes, nor what it sends for the same
/// parameters, so it keeps its own rules for errors and reads no stream. A streamed call is version 2's,
/// `OpenAIChatStream`.
///
/// An instruction is sent in the role `system` to reasoning models too, where the API takes it for `developer`.
package enum OpenAIChat: ChatFormatProvider {
    package static let name = "openai.chat"
    package static let version = 1

    package static let recordedHeaders = [
        "content-type", "date", "openai-processing-ms", "openai-version", "retry-after", "retry-after-ms", "server",
        "x-ratelimit-limit-requests", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-requests",
        "x-ratelimit-remaining-tokens", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "x-request-id",
        "x-should-retry",
    ]

    package static let format = ChatFormat(readsStreams: false, rules: .openAIChat1)

    package static func request(_ chat: ChatRequest, endpoint: Endpoint, key: APIKey?) -> HTTPRequest {
        var whole = chat
        whole.streams = false
        return format.request(whole, endpoint: endpoint, key: key)
    }

    package static func firstToken(in body: [UInt8]) -> Int? { nil }
}
