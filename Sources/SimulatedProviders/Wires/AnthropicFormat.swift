internal import CanonicalJSON
internal import Determinism
internal import NIOHTTP1

/// Anthropic's Messages.
struct AnthropicFormat: ProviderFormat {
    var wire: Wire { .anthropic }
    var retryForm: RetryForm { .fraction }

    func key(in headers: HTTPHeaders) -> String? {
        headers.first(name: "x-api-key") ?? BearerKey.key(in: headers)
    }

    func headers(id: String, _ allowance: Allowance?) -> [HeaderField] {
        var fields: [HeaderField] = [("request-id", "req_" + id), ("anthropic-organization-id", "org-simulated")]
        guard let allowance else { return fields }
        let windows = [
            ("requests", allowance.requests), ("tokens", allowance.tokens), ("input-tokens", allowance.inputTokens),
            ("output-tokens", allowance.outputTokens),
        ]
        for (name, window) in windows {
            guard let window else { continue }
            let prefix = "anthropic-ratelimit-\(name)-"
            fields.append((prefix + "limit", "\(window.limit)"))
            fields.append((prefix + "remaining", "\(window.remaining)"))
            fields.append((prefix + "reset", (allowance.now + window.reset).text))
        }
        return fields
    }

    func models(_ names: [String]) -> JSONValue {
        let models = names.map { name -> JSONValue in
            ["created_at": "2026-01-01T00:00:00Z", "display_name": .string(name), "id": .string(name), "type": "model"]
        }
        return [
            "data": .array(models), "first_id": names.first.map(JSONValue.string) ?? .null, "has_more": false,
            "last_id": names.last.map(JSONValue.string) ?? .null,
        ]
    }

    // MARK: Reading

    private static let fields: Set<String> = [
        "cache_control", "container", "context_management", "inference_geo", "max_tokens", "mcp_servers", "messages",
        "metadata", "model", "output_config", "service_tier", "stop_sequences", "stream", "system", "thinking",
        "tool_choice", "tools",
    ]
    private static let sampling = ["temperature", "top_k", "top_p"]

    func read(_ asked: AskedRequest) throws(ErrorReply) -> SimulatedRequest {
        let body = asked.body
        guard let version = asked.headers.first(name: "anthropic-version") else {
            throw Self.invalid("anthropic-version: header is required")
        }
        guard let model = body["model"]?.string, !model.isEmpty else { throw Self.invalid("model: Field required") }
        guard let limit = body["max_tokens"]?.int else { throw Self.invalid("max_tokens: Field required") }
        guard limit >= 1 else { throw Self.invalid("max_tokens: Input should be greater than or equal to 1") }
        guard let turns = body["messages"]?.array, !turns.isEmpty else {
            throw Self.invalid("messages: at least one message is required")
        }
        try checkFields(body, version: version, model: model)
        try checkThinking(body, limit: limit)
        try checkTurns(turns, model: model)
        return request(body, model, limit, turns)
    }

    private func request(_ body: JSONObject, _ model: String, _ limit: Int, _ turns: [JSONValue]) -> SimulatedRequest {
        var messages: [SimulatedRequest.Message] = []
        let system = JSONObject.text(of: body["system"])
        if !system.isEmpty { messages.append(.init(role: "system", text: system)) }
        messages += turns.map { .init(role: $0["role"]?.string ?? "user", text: JSONObject.text(of: $0["content"])) }
        let stop = body["stop_sequences"]?.array?.compactMap(\.string) ?? []
        let schema = body["output_config"]?["format"]?["schema"]
        var request = SimulatedRequest(
            model: model, messages: messages,
            seed: SimulatedRequest.seed(
                model: model, messages: messages, maxTokens: limit, stop: stop, schema: schema,
                sampling: body.picking([("temperature", "temperature"), ("top_p", "top_p")])))
        request.maxTokens = limit
        request.stop = stop
        request.schema = schema
        request.streams = body["stream"]?.bool == true ? .events : .no
        let thinking = body["thinking"]?["type"]?.string
        request.reasons = thinking == "adaptive" || thinking == "enabled"
        return request
    }

    private func checkFields(_ body: JSONObject, version: String, model: String) throws(ErrorReply) {
        let takesSampling = version < "2026-10-21"
        for name in body.keys where !Self.fields.contains(name) {
            guard takesSampling, Self.sampling.contains(name) else {
                throw Self.invalid("\(name): Extra inputs are not permitted")
            }
        }
        guard takesSampling, let temperature = body["temperature"]?.double else { return }
        guard (0...1).contains(temperature) else {
            throw Self.invalid("temperature: range: 0..1")
        }
        if temperature != 1, !isOlder(model) {
            throw Self.invalid("`temperature` is deprecated for this model")
        }
    }

    /// Whether a model still takes a temperature and an assistant's turn to go on with.
    private func isOlder(_ model: String) -> Bool {
        !model.hasPrefix("claude-")
            || ["opus-4-5", "opus-4-6", "sonnet-4-5", "sonnet-4-6", "haiku-4-5"].contains { model.contains($0) }
    }

    private func checkThinking(_ body: JSONObject, limit: Int) throws(ErrorReply) {
        guard body["thinking"]?["type"]?.string == "enabled" else { return }
        guard let budget = body["thinking"]?["budget_tokens"]?.int, budget >= 1_024 else {
            throw Self.invalid("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
        }
        if budget >= limit { throw Self.invalid("`max_tokens` must be greater than `thinking.budget_tokens`") }
    }

    private func checkTurns(_ turns: [JSONValue], model: String) throws(ErrorReply) {
        for (index, turn) in turns.enumerated() {
            guard let role = turn["role"]?.string, role == "user" || role == "assistant" else {
                throw Self.invalid("messages.\(index).role: Input should be 'user' or 'assistant'")
            }
            guard !JSONObject.text(of: turn["content"]).isEmpty else {
                throw Self.invalid("messages.\(index): user messages must have non-empty content")
            }
        }
        let takesPrefill = ["opus-4-5", "sonnet-4-5", "haiku-4-5"].contains { model.contains($0) }
        if turns.last?["role"]?.string == "assistant", !takesPrefill {
            throw Self.invalid(
                "This model does not support assistant message prefill. The conversation must end with a user message.")
        }
    }

    static func invalid(_ message: String) -> ErrorReply { .anthropic(400, "invalid_request_error", message) }

    func error(_ condition: ErrorCondition) -> ErrorReply { .anthropic(condition) }
}
