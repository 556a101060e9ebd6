import CanonicalJSON
import HTTPTransport
import Providers
import Testing

@Suite("OpenAI chat: making requests")
struct OpenAIChatRequestTests {
    private let conversation = [
        ChatMessage(role: .system, content: "Answer in one word."),
        ChatMessage(role: .user, content: "What comes after six?"),
        ChatMessage(role: .assistant, content: "Seven."),
        ChatMessage(role: .user, content: "Again, please."),
    ]
    private let verdict = ResponseSchema(
        name: "verdict",
        schema: [
            "type": "object", "properties": ["score": ["type": "integer"]], "required": ["score"],
            "additionalProperties": false,
        ])

    @Test("OpenAI is asked with max_completion_tokens, as its SDK does")
    func openAI() throws {
        let facts = try #require(ModelCatalogue.provider(named: "openai"))
        let endpoint = try #require(facts.endpoint())
        let chat = ChatRequest(
            model: "gpt-4o-mini", messages: conversation,
            parameters: ChatParameters(temperature: 0.2, maxTokens: 64, seed: 7, stop: ["\n\n"]))
        let request = OpenAIChat.request(chat, endpoint: endpoint, key: APIKey("sk-test"))
        #expect(request.method == "POST")
        #expect(request.url == "https://api.openai.com/v1/chat/completions")
        #expect(
            text(request) == #"""
                {"max_completion_tokens":64,"messages":[{"content":"Answer in one word.","role":"system"},\#
                {"content":"What comes after six?","role":"user"},{"content":"Seven.","role":"assistant"},\#
                {"content":"Again, please.","role":"user"}],"model":"gpt-4o-mini","seed":7,"stop":["\n\n"],\#
                "temperature":0.2}
                """#)
        #expect(request.headers.first { $0.name == "Authorization" }?.value == "Bearer sk-test")
        #expect(request.headers.first { $0.name == "Authorization" }?.isSecret == true)
    }

    @Test("a compatible server is asked with max_tokens, and without a key none is sent")
    func compatible() throws {
        let facts = try #require(ModelCatalogue.provider(named: "openai-compatible"))
        #expect(facts.endpoint() == nil)
        let endpoint = try #require(facts.endpoint(baseURL: "http://localhost:11434/v1/"))
        let chat = ChatRequest(
            model: "qwen3:8b", messages: [ChatMessage(role: .user, content: "Hi")],
            parameters: ChatParameters(maxTokens: 64, responseSchema: verdict))
        let request = OpenAIChat.request(chat, endpoint: endpoint, key: nil)
        #expect(request.url == "http://localhost:11434/v1/chat/completions")
        #expect(!request.headers.contains { $0.name == "Authorization" })
        #expect(
            text(request) == #"""
                {"max_tokens":64,"messages":[{"content":"Hi","role":"user"}],"model":"qwen3:8b","response_format":\#
                {"json_schema":{"name":"verdict","schema":{"additionalProperties":false,"properties":\#
                {"score":{"type":"integer"}},"required":["score"],"type":"object"},"strict":true},\#
                "type":"json_schema"}}
                """#)
    }

    @Test("what isn't set isn't sent")
    func unset() {
        let chat = ChatRequest(model: "m", messages: [])
        #expect(text(request(chat)) == #"{"messages":[],"model":"m"}"#)
    }

    @Test("further parameters are sent as they are and win over the neutral ones")
    func extra() {
        let chat = ChatRequest(
            model: "m", messages: [],
            parameters: ChatParameters(
                temperature: 1, extra: ["temperature": 0.5, "reasoning_effort": "low", "z": .null]))
        #expect(
            text(request(chat)) == #"{"messages":[],"model":"m","reasoning_effort":"low","temperature":0.5,"z":null}"#)
    }

    @Test("the neutral form survives its own coding")
    func coding() throws {
        let chat = ChatRequest(
            model: "m", messages: conversation,
            parameters: ChatParameters(
                temperature: 0.25, topP: 0.5, maxTokens: 3, seed: -1, stop: ["a", "b"], responseSchema: verdict,
                extra: ["b": [1, "x"], "a": .null]))
        #expect(try ChatRequest(canonicalBytes: chat.canonicalBytes()) == chat)
        let bare = ChatRequest(model: "m", messages: [])
        #expect(
            String(decoding: bare.canonicalBytes(), as: UTF8.self) == #"{"messages":[],"model":"m","parameters":{}}"#)
        #expect(try ChatRequest(canonicalBytes: bare.canonicalBytes()) == bare)
    }

    @Test("only useful headers of an answer are recorded, and no secret ones")
    func recordedHeaders() {
        let headers = [
            HTTPHeader(name: "x-request-id", value: "a"), HTTPHeader(name: "x-request-id", value: "b"),
            HTTPHeader(name: "set-cookie", value: "c"), HTTPHeader(name: "openai-organization", value: "d"),
        ]
        #expect(OpenAIChat.recorded(headers) == ["x-request-id": "a"])
        #expect(OpenAIChat.recordedHeaders == OpenAIChat.recordedHeaders.map { $0.lowercased() })
    }

    private func request(_ chat: ChatRequest) -> HTTPRequest {
        OpenAIChat.request(chat, endpoint: Endpoint(baseURL: "http://simulated/v1"), key: nil)
    }

    private func text(_ request: HTTPRequest) -> String { String(decoding: request.body, as: UTF8.self) }
}
