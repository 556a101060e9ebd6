import CanonicalJSON
import HTTPTransport
import Providers
import Testing

@Suite("Anthropic messages: making requests")
struct AnthropicRequestTests {
    private let endpoint = Endpoint(baseURL: "https://api.anthropic.com/")

    @Test("a conversation is sent as the SDK sends it", arguments: Self.chats)
    func asTheSDK(_ file: String, _ chat: ChatRequest) throws {
        let example = try ExampleRequest(provider: "anthropic", file: file)
        let request = AnthropicMessages.request(chat, endpoint: endpoint, key: APIKey(ExampleRequest.key))
        #expect(request.url == "https://api.anthropic.com" + example.path)
        #expect(request.method == example.method)
        #expect(ExampleRequest.headers(of: request) == example.headers)
        #expect(try JSONParser.parse(request.body) == example.body)
        #expect(request.headers.filter(\.isSecret).count == 1)
    }

    private static let chats: [(String, ChatRequest)] = [
        (
            "request.json",
            ChatRequest(
                model: "claude-sonnet-4-5", messages: ExampleRequest.conversation,
                parameters: ChatParameters(maxTokens: 64, seed: 7, stop: ["\n\n"]))
        ),
        (
            "request_json_schema.json",
            ChatRequest(
                model: "claude-sonnet-5-5", messages: ExampleRequest.conversation,
                parameters: ChatParameters(
                    maxTokens: 1024, responseSchema: ExampleRequest.verdict,
                    extra: ["output_config": ["effort": "low"]]))
        ),
        (
            "request_stream.json",
            ChatRequest(
                model: "claude-sonnet-5-5", messages: ExampleRequest.conversation,
                parameters: ChatParameters(maxTokens: 64), streams: true)
        ),
        (
            "request_temperature.json",
            ChatRequest(
                model: "claude-haiku-4-5", messages: ExampleRequest.conversation,
                parameters: ChatParameters(temperature: 0.2, maxTokens: 64, stop: ["\n\n"]))
        ),
        (
            "request_thinking.json",
            ChatRequest(
                model: "claude-opus-4-8", messages: ExampleRequest.conversation,
                parameters: ChatParameters(
                    maxTokens: 4096,
                    extra: ["output_config": ["effort": "high"], "thinking": ["type": "adaptive"]]))
        ),
    ]

    @Test("a limit is sent where the user sets none, since the API demands one")
    func limit() {
        let chat = ChatRequest(model: "claude-sonnet-5-5", messages: [ChatMessage(role: .user, content: "Hi")])
        #expect(
            text(chat)
                == #"{"max_tokens":8192,"messages":[{"content":"Hi","role":"user"}],"model":"claude-sonnet-5-5"}"#)
    }

    @Test("several instructions keep their bounds, wherever they stand")
    func instructions() {
        let chat = ChatRequest(
            model: "m",
            messages: [
                ChatMessage(role: .system, content: "a"), ChatMessage(role: .user, content: "b"),
                ChatMessage(role: .system, content: "c"),
            ], parameters: ChatParameters(maxTokens: 1))
        #expect(
            text(chat) == #"""
                {"max_tokens":1,"messages":[{"content":"b","role":"user"}],"model":"m","system":\#
                [{"text":"a","type":"text"},{"text":"c","type":"text"}]}
                """#)
    }

    @Test("the version follows from what is sent, even if it is sent as a further parameter")
    func version() {
        #expect(version(ChatParameters()) == "2026-10-21")
        #expect(version(ChatParameters(temperature: 0)) == "2023-06-01")
        #expect(version(ChatParameters(topP: 0.5)) == "2023-06-01")
        #expect(version(ChatParameters(extra: ["top_k": 3])) == "2023-06-01")
    }

    @Test("headers of the endpoint take the place of ours")
    func endpointHeaders() {
        var endpoint = endpoint
        endpoint.headers = [
            HTTPHeader(name: "Anthropic-Version", value: "2027-01-01"), HTTPHeader(name: "anthropic-beta", value: "x"),
        ]
        let request = AnthropicMessages.request(
            ChatRequest(model: "m", messages: []), endpoint: endpoint, key: nil)
        #expect(
            ExampleRequest.headers(of: request) == [
                "accept": "application/json", "content-type": "application/json", "anthropic-version": "2027-01-01",
                "anthropic-beta": "x",
            ])
    }

    @Test(
        "sampling is objected to where the model is known to refuse it",
        arguments: [
            ("claude-sonnet-5-5", true), ("claude-opus-4-7", true), ("claude-sonnet-4-50", true),
            ("claude-haiku-4-5", false), ("claude-sonnet-4-5-20250929", false), ("claude-opus-4-6", false),
            ("echo", false),
        ])
    func objections(_ model: String, _ objects: Bool) {
        for parameters in [
            ChatParameters(temperature: 1), ChatParameters(topP: 1), ChatParameters(extra: ["top_k": 1]),
        ] {
            let chat = ChatRequest(model: model, messages: [], parameters: parameters)
            #expect((AnthropicMessages.objection(to: chat) != nil) == objects)
        }
        let plain = ChatRequest(model: model, messages: [], parameters: ChatParameters(maxTokens: 3, seed: 1))
        #expect(AnthropicMessages.objection(to: plain) == nil)
    }

    @Test("an objection names the model and the parameter")
    func objectionText() {
        let chat = ChatRequest(model: "claude-opus-5-5", messages: [], parameters: ChatParameters(temperature: 1))
        #expect(AnthropicMessages.objection(to: chat) == "claude-opus-5-5 takes no temperature: leave it out")
    }

    private func version(_ parameters: ChatParameters) -> String? {
        let chat = ChatRequest(model: "m", messages: [], parameters: parameters)
        return ExampleRequest.headers(of: AnthropicMessages.request(chat, endpoint: endpoint, key: nil))[
            "anthropic-version"]
    }

    private func text(_ chat: ChatRequest) -> String {
        String(decoding: AnthropicMessages.request(chat, endpoint: endpoint, key: nil).body, as: UTF8.self)
    }
}
