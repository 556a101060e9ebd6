import CanonicalJSON
import HTTPTransport
import Providers
import Testing

@Suite struct RequestConversationTests {
    private static let messages = [
        ChatMessage(role: .system, content: "You are brief."), ChatMessage(role: .user, content: "What is thrift?"),
        ChatMessage(role: .assistant, content: "Spending less."), ChatMessage(role: .user, content: "And \"why\"?\n"),
    ]

    @Test func `every adapter's request gives back the conversation that it was made of`() throws {
        for adapter in ModelCatalogue.adapters {
            for messages in [Self.messages, Array(Self.messages.dropFirst())] {
                var chat = ChatRequest(model: "some-model", messages: messages)
                chat.parameters.maxTokens = 100
                let endpoint = Endpoint(baseURL: "http://127.0.0.1/v1")
                let body = try JSONParser.parse(adapter.request(chat, endpoint: endpoint, key: nil).body)
                #expect(ChatMessage.conversation(in: body) == messages, "\(adapter.name)")
            }
        }
    }

    @Test func `a body that is no request has no conversation`() throws {
        for text in ["{}", "[]", "3", #"{"messages":3}"#, #"{"messages":[{"role":"tool","content":"x"},7]}"#] {
            #expect(ChatMessage.conversation(in: try JSONParser.parse(Array(text.utf8))).isEmpty, "\(text)")
        }
    }
}
