package import HTTPTransport

/// A provider that speaks OpenAI's chat format: all that is its own is the dialect, its name and its headers.
package protocol ChatFormatProvider: LLMProvider {
    static var format: ChatFormat { get }
}

extension ChatFormatProvider {
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
