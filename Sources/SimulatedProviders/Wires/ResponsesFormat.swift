internal import CanonicalJSON
internal import NIOHTTP1

/// OpenAI's Responses.
struct ResponsesFormat: ProviderFormat {
    var wire: Wire { .openaiResponses }
    var retryForm: RetryForm { .millisecondsAndSeconds }

    func key(in headers: HTTPHeaders) -> String? { BearerKey.key(in: headers) }

    func headers(id: String, _ allowance: Allowance?) -> [HeaderField] {
        ChatFormat.openai.headers(id: id, allowance)
    }

    func error(_ condition: ErrorCondition) -> ErrorReply {
        if condition == .contextLength {
            return .openAI(
                400, type: "invalid_request_error", code: "context_length_exceeded", parameter: "input",
                message: "Your input exceeds the context window of this model. Please adjust your input and try again.")
        }
        return .openAI(condition)
    }

    func models(_ names: [String]) -> JSONValue { ChatFormat.openai.models(names) }

    // MARK: Reading

    private static let fields: Set<String> = [
        "background", "conversation", "include", "input", "instructions", "max_output_tokens", "max_tool_calls",
        "metadata", "model", "parallel_tool_calls", "previous_response_id", "prompt", "prompt_cache_key",
        "prompt_cache_retention", "reasoning", "safety_identifier", "service_tier", "store", "stream",
        "stream_options", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user",
    ]

    func read(_ asked: AskedRequest) throws(ErrorReply) -> SimulatedRequest {
        let body = asked.body
        guard let model = body["model"]?.string, !model.isEmpty else { throw OpenAIModelRules.missing("model") }
        if let name = body.keys.first(where: { !Self.fields.contains($0) }) {
            throw .openAI(
                400, type: "invalid_request_error", code: "unknown_parameter", parameter: name,
                message: "Unknown parameter: '\(name)'.")
        }
        let effort = body["reasoning"]?["effort"]?.string
        if let refusal = OpenAIModelRules(model: model).refusedSampling(of: body, effort: effort) { throw refusal }
        let messages = try messages(body)
        let format = body["text"]?["format"]
        let schema = format?["type"]?.string == "json_schema" ? format?["schema"] : nil
        let limit = body["max_output_tokens"]?.int
        var request = SimulatedRequest(
            model: model, messages: messages,
            seed: SimulatedRequest.seed(
                model: model, messages: messages, maxTokens: limit, stop: [], schema: schema,
                sampling: body.picking([("temperature", "temperature"), ("top_p", "top_p")])))
        request.maxTokens = limit
        request.schema = schema
        request.streams = body["stream"]?.bool == true ? .events : .no
        request.obfuscates = body["stream_options"]?["include_obfuscation"]?.bool != false
        request.reasons = effort.map { $0 != "none" } ?? false
        return request
    }

    private func messages(_ body: JSONObject) throws(ErrorReply) -> [SimulatedRequest.Message] {
        var messages: [SimulatedRequest.Message] = []
        if let instructions = body["instructions"]?.string, !instructions.isEmpty {
            messages.append(.init(role: "system", text: instructions))
        }
        if let text = body["input"]?.string {
            messages.append(.init(role: "user", text: text))
        } else if let items = body["input"]?.array, !items.isEmpty {
            for item in items where item["role"] != nil {
                messages.append(
                    .init(role: item["role"]?.string ?? "user", text: JSONObject.text(of: item["content"])))
            }
        } else {
            throw OpenAIModelRules.missing("input")
        }
        return messages
    }
}
