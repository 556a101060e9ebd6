package import HTTPTransport

/// DeepSeek: OpenAI's chat format without a seed, and with JSON objects that no schema binds.
///
/// A schema is therefore said in the instructions. Reasoning of earlier turns is never sent back: the API wants it only with
/// tool calls. While a request waits, blank lines come before a JSON body and comments in a stream; both are read over.
package enum DeepSeekChat: LLMProvider {
    package static let name = "deepseek.chat"
    package static let version = 1

    package static let recordedHeaders = [
        "content-type", "date", "retry-after", "retry-after-ms", "server", "x-deepseek-request-id", "x-request-id",
    ]

    private static let format = ChatFormat(
        seedField: nil, schemas: .prompted, requestIDHeaders: ["x-request-id", "x-deepseek-request-id"],
        cacheReadPaths: [["prompt_cache_hit_tokens"], ["prompt_tokens_details", "cached_tokens"]],
        overloads: ["insufficient_system_resource"])

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
