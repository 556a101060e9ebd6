package import HTTPTransport

/// OpenAI Chat Completions, streamed: what `OpenAIChat` is, and the answer may come in pieces.
package enum OpenAIChatStream: LLMProvider {
    package static let name = OpenAIChat.name
    package static let version = 2

    package static let recordedHeaders = OpenAIChat.recordedHeaders

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
