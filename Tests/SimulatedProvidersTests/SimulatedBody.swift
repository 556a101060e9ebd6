import HTTPTransport
import Providers

/// Requests as the adapter makes them.
enum SimulatedBody {
    static func bytes(
        _ model: String, _ messages: [(String, String)], _ parameters: ChatParameters = ChatParameters()
    ) -> [UInt8] {
        request(model, messages, parameters).body
    }

    static func request(
        _ model: String, _ messages: [(String, String)], _ parameters: ChatParameters = ChatParameters(),
        limits: TransferLimits = TransferLimits()
    ) -> HTTPRequest {
        let chat = ChatRequest(
            model: model,
            messages: messages.map { ChatMessage(role: .init(rawValue: $0.0) ?? .user, content: $0.1) },
            parameters: parameters)
        let endpoint = Endpoint(baseURL: ModelCatalogue.simulatedBaseURL, limits: limits)
        return OpenAIChat.request(chat, endpoint: endpoint, key: nil)
    }
}
