import Providers
import Testing

/// One answer of a provider, byte for byte but for white space, and what an adapter must make of it.
struct Example: Sendable, CustomTestStringConvertible {
    enum Expected: Sendable, Equatable {
        case error(ProviderErrorClass, retryable: Bool)
        case result(FinishReason, text: String, Usage)
    }

    let name: String
    let status: Int
    let headers: [String: String]
    let expected: Expected
    let body: [UInt8]

    init(_ name: String, status: Int, headers: [String: String], _ expected: Expected, body: String) {
        self.name = name
        self.status = status
        self.headers = headers
        self.expected = expected
        self.body = Array(body.utf8)
    }

    var testDescription: String { name }

    /// What the adapter of OpenAI's format makes of it.
    var read: Result<ChatResult, ProviderError> {
        OpenAIChat.result(status: status, headers: headers, body: body)
    }
}
