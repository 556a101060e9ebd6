import CanonicalJSON
import HTTPTransport
import Providers
import Testing

/// In what the dialects of OpenAI's chat format differ.
@Suite struct ChatDialectTests {
    private let verdict = ResponseSchema(name: "verdict", schema: ["type": "object"])

    @Test("a schema that DeepSeek can't enforce is said in its instructions")
    func prompted() throws {
        let parameters = ChatParameters(responseSchema: verdict)
        let words = #"Answer with one JSON object that follows this JSON Schema: {"type":"object"}"#
        let user = ChatMessage(role: .user, content: "Hi")
        let bare = try body(DeepSeekChat.self, ChatRequest(model: "m", messages: [user], parameters: parameters))
        #expect(bare["messages"]?[0] == ["role": "system", "content": .string(words)])
        #expect(bare["messages"]?[1]?["content"] == "Hi")
        #expect(bare["response_format"] == ["type": "json_object"])
        let system = ChatMessage(role: .system, content: "Be brief.")
        let full = try body(
            DeepSeekChat.self, ChatRequest(model: "m", messages: [system, user], parameters: parameters))
        #expect(full["messages"]?[0]?["content"] == .string("Be brief.\n\n" + words))
        #expect(full["messages"]?.array?.count == 2)
    }

    @Test("a seed has its own name at Mistral, and none at DeepSeek")
    func seed() throws {
        let chat = ChatRequest(model: "m", messages: [], parameters: ChatParameters(maxTokens: 3, seed: 7))
        let mistral = try body(MistralChat.self, chat)
        #expect(mistral == ["model": "m", "messages": [], "random_seed": 7, "max_tokens": 3])
        let deepSeek = try body(DeepSeekChat.self, chat)
        #expect(deepSeek == ["model": "m", "messages": [], "max_tokens": 3])
    }

    @Test("usage is asked for in streams, except where it comes unasked")
    func streamOptions() throws {
        let chat = ChatRequest(model: "m", messages: [], streams: true)
        let usage: JSONValue = ["include_usage": true]
        #expect(try body(OpenAIChatStream.self, chat)["stream_options"] == usage)
        #expect(try body(XAIChat.self, chat)["stream_options"] == usage)
        #expect(try body(DeepSeekChat.self, chat)["stream_options"] == usage)
        #expect(try body(MistralChat.self, chat)["stream_options"] == nil)
        #expect(try body(MistralChat.self, chat)["stream"] == true)
    }

    @Test("version 1 of OpenAI's chat format neither asks for a stream nor reads one")
    func released() throws {
        let chat = ChatRequest(model: "m", messages: [], streams: true)
        #expect(try body(OpenAIChat.self, chat) == ["model": "m", "messages": []])
        let stream = try #require(ExampleFile.named("openai", "response_stream.txt"))
        guard case .failure(let error) = stream.read(by: OpenAIChat.self) else {
            Issue.record("version 1 reads a stream")
            return
        }
        #expect(error.detail == "HTTP 200, not JSON at byte 0")
        #expect(OpenAIChat.firstToken(in: stream.body) == nil)
    }

    @Test("version 1 keeps its rules for errors where later ones know more")
    func releasedRules() {
        let bodies = [
            (
                400, #"{"error":{"message":"Content Exists Risk"}}"#, ProviderErrorClass.invalidRequest,
                ProviderErrorClass.contentPolicy
            ),
            (400, #"{"error":{"message":"Model Not Exist"}}"#, .invalidRequest, .notFound),
            (400, #"{"error":{"message":"x","type":"invalid_model"}}"#, .invalidRequest, .notFound),
            (200, #"{"error":{"message":"x","code":"rate_limit_exceeded"}}"#, .serverError, .rateLimit),
            (
                429, #"{"error":{"message":"exceeded your current quota","type":"RESOURCE_EXHAUSTED"}}"#,
                .quotaExhausted, .rateLimit
            ),
        ]
        for (status, body, first, current) in bodies {
            #expect(error(OpenAIChat.self, status, body)?.class == first)
            #expect(error(OpenAIChatStream.self, status, body)?.class == current)
        }
    }

    @Test("no allowance at all is an exhausted quota, and a tier without capacity an overload")
    func allowance() {
        let body = #"{"message":"Rate limit exceeded","type":"rate_limited","code":"1300"}"#
        #expect(error(MistralChat.self, 429, body, ["x-ratelimit-limit-req-minute": "0"])?.class == .quotaExhausted)
        #expect(error(MistralChat.self, 429, body, ["x-ratelimit-limit-req-minute": "60"])?.class == .rateLimit)
        #expect(error(MistralChat.self, 429, #"{"message":"x","code":3505}"#)?.class == .overloaded)
    }

    @Test("JSON that says it is something else is malformed")
    func contentType() throws {
        let example = try #require(ExampleFile.named("xai", "response.json"))
        let read = XAIChat.result(status: 200, headers: ["content-type": "text/html"], body: example.body)
        guard case .failure(let error) = read else {
            Issue.record("an answer")
            return
        }
        #expect(error.class == .malformedResponse)
        #expect((try? XAIChat.result(status: 200, headers: [:], body: example.body).get()) != nil)
        let problem = ["content-type": "application/problem+json; charset=utf-8"]
        #expect((try? XAIChat.result(status: 200, headers: problem, body: example.body).get()) != nil)
    }

    @Test("an error in the middle of a stream has the class it would have had before it")
    func errorInStream() {
        let piece = #"data: {"choices":[{"delta":{"content":"Sev"}}]}"# + "\n\n"
        for (failure, kind) in [
            (#"{"error":{"message":"x","code":429}}"#, ProviderErrorClass.rateLimit),
            (#"{"error":{"message":"x","code":"503"}}"#, .overloaded),
            (#"{"error":{"message":"x","type":"rate_limit_error"}}"#, .rateLimit),
            (#"{"error":{"message":"x","type":"invalid_request_error"}}"#, .invalidRequest),
            (#"{"error":"something broke"}"#, .serverError),
            (#"{"object":"error","message":"x","type":"rate_limited","code":"1300"}"#, .rateLimit),
            (#"{"object":"error","message":"x","type":"internal_server_error","code":"1000"}"#, .serverError),
        ] {
            let body = Array((piece + "data: \(failure)\n\n").utf8)
            let read = OpenAIChatStream.result(status: 200, headers: ["content-type": "text/event-stream"], body: body)
            guard case .failure(let error) = read else {
                Issue.record("an answer")
                continue
            }
            #expect(error.class == kind)
            #expect(error.partialText == "Sev")
        }
    }

    private func body(_ adapter: any LLMProvider.Type, _ chat: ChatRequest) throws -> JSONValue {
        try JSONParser.parse(adapter.request(chat, endpoint: Endpoint(baseURL: "http://localhost"), key: nil).body)
    }

    private func error(
        _ adapter: any LLMProvider.Type, _ status: Int, _ body: String, _ headers: [String: String] = [:]
    ) -> ProviderError? {
        switch adapter.result(status: status, headers: headers, body: Array(body.utf8)) {
        case .success: nil
        case .failure(let error): error
        }
    }
}
