package import HTTPTransport

/// xAI's Grok: OpenAI's chat format, with reasoning counted beside the completion and errors that are strings.
package enum XAIChat: LLMProvider {
    package static let name = "xai.chat"
    package static let version = 1

    package static let recordedHeaders = [
        "content-type", "date", "retry-after", "retry-after-ms", "server", "x-ratelimit-limit-requests",
        "x-ratelimit-limit-tokens", "x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "x-request-id",
    ]

    private static let format = ChatFormat()

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
