import CanonicalJSON
import HTTPTransport
import Providers
import Testing

/// Requests equal, field by field, those that the official SDKs send for the same conversation; differences have reasons.
@Suite struct ExampleRequestsTests {
    /// A request of an SDK, and what is asked of us to make the same.
    struct Case: Sendable, CustomTestStringConvertible {
        let provider: String
        let file: String
        let adapter: any LLMProvider.Type
        let chat: ChatRequest
        var baseURL: String?
        /// Fields that differ, as `path: reason`.
        var differences: [String: String] = [:]

        var testDescription: String { "\(provider)/\(file)" }
    }

    private static let conversation = [
        ChatMessage(role: .system, content: "Answer in one word."),
        ChatMessage(role: .user, content: "What comes after six?"),
        ChatMessage(role: .assistant, content: "Seven."),
        ChatMessage(role: .user, content: "Again, please."),
    ]
    private static let verdict = ResponseSchema(
        name: "verdict",
        schema: [
            "type": "object", "properties": ["score": ["type": "integer"]], "required": ["score"],
            "additionalProperties": false,
        ])

    private static func chat(
        _ model: String, _ parameters: ChatParameters, streams: Bool = false, system: String? = nil
    ) -> ChatRequest {
        var messages = conversation
        if let system { messages[0].content = system }
        return ChatRequest(model: model, messages: messages, parameters: parameters, streams: streams)
    }

    private static let sampled = ChatParameters(temperature: 0.2, maxTokens: 64, seed: 7, stop: ["\n\n"])
    private static let notStored = ["body.store": "nothing is to be stored at the provider, whose default is to store"]
    private static let mistralDefaults = [
        "body.stream": "false is the default",
        "body.messages.2.prefix": "false is the default",
    ]

    static let cases: [Case] = [
        Case(
            provider: "openai", file: "request.json", adapter: OpenAIChat.self, chat: chat("gpt-4o-mini", sampled)),
        Case(
            provider: "openai", file: "request.json", adapter: OpenAIChatStream.self,
            chat: chat("gpt-4o-mini", sampled)),
        Case(
            provider: "openai", file: "request_json_schema.json", adapter: OpenAIChat.self,
            chat: chat("gpt-4o-mini", ChatParameters(responseSchema: verdict))),
        Case(
            provider: "openai", file: "request_reasoning.json", adapter: OpenAIChat.self,
            chat: chat("gpt-5.5", ChatParameters(maxTokens: 1024, extra: ["reasoning_effort": "low"])),
            differences: [
                "body.messages.0.role": "the API takes system for developer, and released stores have recorded it so"
            ]),
        Case(
            provider: "openai", file: "request_stream.json", adapter: OpenAIChatStream.self,
            chat: chat("gpt-4o-mini", ChatParameters(maxTokens: 64), streams: true)),
        Case(
            provider: "openai-compatible", file: "request.json", adapter: OpenAIChat.self,
            chat: chat(
                "qwen3:8b",
                ChatParameters(temperature: 0.2, maxTokens: 64, seed: 7, stop: ["\n\n"], responseSchema: verdict)),
            baseURL: "http://localhost:11434/v1"),
        Case(
            provider: "openai-responses", file: "request.json", adapter: OpenAIResponses.self,
            chat: chat("gpt-5-mini", ChatParameters(maxTokens: 64)), differences: notStored),
        Case(
            provider: "openai-responses", file: "request_json_schema.json", adapter: OpenAIResponses.self,
            chat: chat(
                "gpt-5.5",
                ChatParameters(maxTokens: 1024, responseSchema: verdict, extra: ["reasoning": ["effort": "low"]]))),
        Case(
            provider: "openai-responses", file: "request_temperature.json", adapter: OpenAIResponses.self,
            chat: chat(
                "gpt-5.4",
                ChatParameters(temperature: 0.2, maxTokens: 64, extra: ["reasoning": ["effort": "none"]]))),
        Case(
            provider: "xai", file: "request.json", adapter: XAIChat.self,
            chat: chat("grok-4-0709", ChatParameters(maxTokens: 64)),
            differences: [
                "body.max_tokens": "its older name for the same limit",
                "body.max_completion_tokens": "its newer name for the same limit",
            ]),
        Case(
            provider: "xai", file: "request_full.json", adapter: XAIChat.self,
            chat: chat(
                "grok-4.3",
                ChatParameters(
                    temperature: 0.2, maxTokens: 64, seed: 7, responseSchema: verdict,
                    extra: ["reasoning_effort": "low"]))),
        Case(
            provider: "deepseek", file: "request.json", adapter: DeepSeekChat.self,
            chat: chat("deepseek-reasoner", ChatParameters(maxTokens: 64)), baseURL: "https://api.deepseek.com/v1"),
        Case(
            provider: "deepseek", file: "request_plain.json", adapter: DeepSeekChat.self,
            chat: chat(
                "deepseek-flash",
                ChatParameters(
                    temperature: 0.2, maxTokens: 64, stop: ["\n\n"], extra: ["thinking": ["type": "disabled"]]))),
        Case(
            provider: "deepseek", file: "request_thinking.json", adapter: DeepSeekChat.self,
            chat: chat(
                "deepseek-flash",
                ChatParameters(
                    maxTokens: 1024, extra: ["thinking": ["type": "enabled"], "reasoning_effort": "high"]))),
        Case(
            provider: "deepseek", file: "request_json_object.json", adapter: DeepSeekChat.self,
            chat: chat(
                "deepseek-flash",
                ChatParameters(
                    maxTokens: 64,
                    extra: ["thinking": ["type": "disabled"], "response_format": ["type": "json_object"]]),
                system: #"Answer with a json object {"score": integer}."#)),
        Case(
            provider: "mistral", file: "request.json", adapter: MistralChat.self,
            chat: chat("mistral-small-latest", sampled), differences: mistralDefaults),
        Case(
            provider: "mistral", file: "request_json_schema.json", adapter: MistralChat.self,
            chat: chat(
                "mistral-medium-latest",
                ChatParameters(maxTokens: 1024, responseSchema: verdict, extra: ["reasoning_effort": "high"])),
            differences: mistralDefaults),
        Case(
            provider: "mistral", file: "request_stream.json", adapter: MistralChat.self,
            chat: chat("mistral-small-latest", ChatParameters(maxTokens: 64), streams: true),
            differences: ["body.messages.2.prefix": "false is the default"]),
    ]

    @Test("a request has every field of the SDK's, and no other", arguments: cases)
    func request(_ example: Case) throws {
        let theirs = try JSONParser.parse(ExampleFile.bytes(of: "\(example.provider)/\(example.file)"))
        let name = example.provider == "openai-responses" ? "openai" : example.provider
        let facts = try #require(ModelCatalogue.provider(named: name))
        let endpoint = try #require(facts.endpoint(baseURL: example.baseURL))
        let request = example.adapter.request(example.chat, endpoint: endpoint, key: APIKey("<KEY>"))
        if let method = theirs["method"]?.string { #expect(request.method == method) }
        #expect(theirs["path"]?.string.map(request.url.hasSuffix) == true)
        let headers = theirs["headers"]?.object ?? [:]
        for name in headers.keys {
            let ours = request.headers.first { $0.name.lowercased() == name }?.value
            #expect(ours == headers[name]?.string, "\(name)")
        }
        var differing = Set(Self.differences(try JSONParser.parse(request.body), theirs["body"] ?? .null, at: "body"))
        for path in example.differences.keys {
            #expect(differing.remove(path) != nil, "\(path) doesn't differ any more")
        }
        #expect(differing.isEmpty, "\(differing.sorted())")
    }

    @Test("every request of our providers is compared")
    func complete() throws {
        let compared = Set(Self.cases.map(\.testDescription))
        for name in ["openai", "openai-compatible", "openai-responses", "xai", "deepseek", "mistral"] {
            for file in try ExampleFile.requests(of: name) {
                #expect(compared.contains("\(name)/\(file)"), "\(name)/\(file)")
            }
        }
    }

    /// The paths at which two values differ.
    static func differences(_ ours: JSONValue?, _ theirs: JSONValue?, at path: String) -> [String] {
        if let left = ours?.object, let right = theirs?.object {
            let keys = Set(left.keys).union(right.keys).sorted()
            return keys.flatMap { differences(left[$0], right[$0], at: "\(path).\($0)") }
        }
        if let left = ours?.array, let right = theirs?.array {
            return (0..<max(left.count, right.count)).flatMap { index in
                differences(ours?[index], theirs?[index], at: "\(path).\(index)")
            }
        }
        return ours == theirs ? [] : [path]
    }
}
