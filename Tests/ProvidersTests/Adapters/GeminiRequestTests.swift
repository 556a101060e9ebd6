import CanonicalJSON
import HTTPTransport
import Providers
import Testing

@Suite("Gemini generateContent: making requests")
struct GeminiRequestTests {
    private static let host = "https://generativelanguage.googleapis.com"
    private let endpoint = Endpoint(baseURL: host)

    @Test("a conversation is sent as the SDK sends it, but for two slips of the SDK", arguments: Self.chats)
    func asTheSDK(_ file: String, _ chat: ChatRequest) throws {
        let example = try ExampleRequest(provider: "google", file: file)
        let request = GeminiGenerate.request(chat, endpoint: endpoint, key: APIKey(ExampleRequest.key))
        #expect(request.url == Self.host + example.path)
        #expect(request.method == example.method)
        #expect(ExampleRequest.headers(of: request) == example.headers)
        #expect(try JSONParser.parse(request.body) == Self.documented(example.body))
        #expect(request.headers.filter(\.isSecret).map(\.name) == ["x-goog-api-key"])
    }

    /// The SDK gives instructions a role and leaves one name in snake case; the server, which reads proto JSON,
    /// ignores the first and takes both spellings of the second.
    private static func documented(_ body: JSONValue) throws -> JSONValue {
        var body = try #require(body.object)
        var instruction = try #require(body["systemInstruction"]?.object)
        instruction["role"] = nil
        body["systemInstruction"] = .object(instruction)
        if var configuration = body["generationConfig"]?.object, let thinking = configuration["thinkingConfig"] {
            configuration["thinkingConfig"] = ["thinkingLevel": try #require(thinking["thinking_level"])]
            body["generationConfig"] = .object(configuration)
        }
        return .object(body)
    }

    private static let chats: [(String, ChatRequest)] = [
        (
            "request.json",
            ChatRequest(
                model: "gemini-2.5-flash", messages: ExampleRequest.conversation,
                parameters: ChatParameters(temperature: 0.2, maxTokens: 64, seed: 7, stop: ["\n\n"]))
        ),
        (
            "request_json_schema.json",
            ChatRequest(
                model: "models/gemini-3.5-flash", messages: ExampleRequest.conversation,
                parameters: ChatParameters(
                    maxTokens: 1024, responseSchema: ExampleRequest.verdict,
                    extra: [
                        "generationConfig": ["thinkingConfig": ["thinkingLevel": "LOW"]],
                        "safetySettings": [
                            ["category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_ONLY_HIGH"]
                        ],
                    ]))
        ),
        (
            "request_stream.json",
            ChatRequest(
                model: "gemini-3.5-flash", messages: ExampleRequest.conversation,
                parameters: ChatParameters(maxTokens: 64), streams: true)
        ),
    ]

    @Test("what isn't set isn't sent")
    func unset() {
        let chat = ChatRequest(model: "gemini-3.5-flash", messages: [ChatMessage(role: .user, content: "Hi")])
        #expect(text(chat) == #"{"contents":[{"parts":[{"text":"Hi"}],"role":"user"}]}"#)
    }

    @Test("several instructions are several parts")
    func instructions() {
        let chat = ChatRequest(
            model: "m",
            messages: [ChatMessage(role: .system, content: "a"), ChatMessage(role: .system, content: "b")],
            parameters: ChatParameters(topP: 0.5))
        #expect(
            text(chat) == #"""
                {"contents":[],"generationConfig":{"topP":0.5},"systemInstruction":\#
                {"parts":[{"text":"a"},{"text":"b"}]}}
                """#)
    }

    @Test(
        "the path names the version once, and the model whatever its name is",
        arguments: [
            (host, "gemini-3.5-flash", "/v1/models/gemini-3.5-flash"),
            (host + "/v1beta/", "models/gemini-3.5-flash", "/v1beta/models/gemini-3.5-flash"),
            (host, "tunedModels/mine", "/v1/tunedModels/mine"),
            (host, "a?b#c d/é:x", "/v1/models/a%3Fb%23c%20d/%C3%A9%3Ax"),
        ])
    func path(_ base: String, _ model: String, _ path: String) {
        let request = GeminiGenerate.request(
            ChatRequest(model: model, messages: []), endpoint: Endpoint(baseURL: base), key: nil)
        #expect(request.url == Self.host + path + ":generateContent")
        #expect(!request.headers.contains { $0.isSecret })
    }

    @Test(
        "sampling is objected to where the model is known to refuse it",
        arguments: [
            ("gemini-3.5-flash-lite", true), ("models/gemini-3.6-flash", true), ("gemini-3.7-pro", true),
            ("gemini-3.8-flash", true), ("gemini-3.5-flash", false), ("gemini-2.5-flash", false), ("echo", false),
        ])
    func objections(_ model: String, _ objects: Bool) {
        for parameters in [
            ChatParameters(temperature: 1), ChatParameters(topP: 1),
            ChatParameters(extra: ["generationConfig": ["topK": 1]]),
        ] {
            let chat = ChatRequest(model: model, messages: [], parameters: parameters)
            #expect((GeminiGenerate.objection(to: chat) != nil) == objects)
        }
        let plain = ChatRequest(model: model, messages: [], parameters: ChatParameters(maxTokens: 3, seed: 1))
        #expect(GeminiGenerate.objection(to: plain) == nil)
    }

    private func text(_ chat: ChatRequest) -> String {
        String(decoding: GeminiGenerate.request(chat, endpoint: endpoint, key: nil).body, as: UTF8.self)
    }
}
