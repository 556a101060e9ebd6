internal import CanonicalJSON
internal import Determinism
internal import NIOHTTP1

extension ChatFormat {
    func read(_ asked: AskedRequest) throws(ErrorReply) -> SimulatedRequest {
        let body = asked.body
        guard let model = body["model"]?.string, !model.isEmpty else { throw missing("model") }
        guard let messages = body["messages"]?.array, !messages.isEmpty else { throw missing("messages") }
        try check(body, model: model)
        let spoken = messages.map {
            SimulatedRequest.Message(
                role: $0["role"]?.string ?? "user", text: JSONObject.text(of: $0["content"]))
        }
        try checkTurns(messages, body)
        let options = body["stream_options"]
        var request = SimulatedRequest(model: model, messages: spoken, seed: seed(body, model, spoken))
        request.maxTokens = maxTokens(body)
        request.stop = Self.stop(body)
        request.schema = body["response_format"]?["json_schema"]?["schema"]
        request.streams = body["stream"]?.bool == true ? .events : .no
        request.includesUsage = options?["include_usage"]?.bool == true
        request.obfuscates = wire == .openai && options?["include_obfuscation"]?.bool != false
        request.reasons = reasons(body)
        return request
    }

    /// Parses and reads a body.
    func read(bytes: [UInt8]) throws(ErrorReply) -> SimulatedRequest {
        let value = try? JSONParser.parse(bytes)
        guard case .object(let body)? = value else { throw error(.malformedJSON) }
        return try read(AskedRequest(body: body, headers: [:]))
    }

    private func maxTokens(_ body: JSONObject) -> Int? {
        body["max_completion_tokens"]?.int ?? body["max_tokens"]?.int
    }

    private static func stop(_ body: JSONObject) -> [String] {
        body["stop"]?.string.map { [$0] } ?? body["stop"]?.array?.compactMap(\.string) ?? []
    }

    private func reasons(_ body: JSONObject) -> Bool {
        if let thinking = body["thinking"]?["type"]?.string { return thinking != "disabled" }
        guard let effort = body["reasoning_effort"]?.string else { return false }
        return effort != "none"
    }

    private func seed(_ body: JSONObject, _ model: String, _ messages: [SimulatedRequest.Message]) -> Digest {
        guard wire == .openai else {
            let names = [("temperature", "temperature"), ("top_p", "top_p"), ("seed", "seed"), ("random_seed", "seed")]
            return SimulatedRequest.seed(
                model: model, messages: messages, maxTokens: maxTokens(body), stop: Self.stop(body),
                schema: body["response_format"]?["json_schema"]?["schema"], sampling: body.picking(names))
        }
        // The seed of a plain canonical body is that body's own digest: recorded answers stay what they were.
        var form = body
        form["stream"] = nil
        form["stream_options"] = nil
        if let limit = form["max_completion_tokens"] {
            form["max_completion_tokens"] = nil
            form["max_tokens"] = limit
        }
        if let text = form["stop"]?.string { form["stop"] = [.string(text)] }
        return Digest(of: JSONValue.object(form).canonicalBytes())
    }
}

// MARK: - What is refused

extension ChatFormat {
    private func check(_ body: JSONObject, model: String) throws(ErrorReply) {
        switch wire {
        case .openai:
            if let refusal = OpenAIModelRules(model: model).refusal(of: body) { throw refusal }
        case .xai: try checkXAI(body, model)
        case .deepseek: try checkDeepSeek(body)
        default: try checkMistral(body)
        }
    }

    private func checkXAI(_ body: JSONObject, _ model: String) throws(ErrorReply) {
        guard model.hasPrefix("grok-4") else { return }
        for (field, name) in [
            ("stop", "stop"), ("presence_penalty", "presencePenalty"), ("frequency_penalty", "frequencyPenalty"),
        ] where body[field] != nil {
            throw ErrorReply.xai(400, "invalid-argument", "Model \(model) does not support parameter \(name).")
        }
    }

    private func checkDeepSeek(_ body: JSONObject) throws(ErrorReply) {
        let kind = body["response_format"]?["type"]?.string
        if kind == "json_schema" {
            throw ErrorReply.openAI(
                400, type: "invalid_request_error", code: "invalid_request_error",
                message: "This response_format type is unavailable now")
        }
        let prompt = (body["messages"]?.array ?? []).map { JSONObject.text(of: $0["content"]) }.joined()
        if kind == "json_object", !prompt.lowercased().contains("json") {
            throw ErrorReply.openAI(
                400, type: "invalid_request_error", code: "invalid_request_error",
                message: "Prompt must contain the word 'json' in some form to use 'response_format' of type "
                    + "'json_object'.")
        }
    }

    private func checkMistral(_ body: JSONObject) throws(ErrorReply) {
        if let extra = body.keys.first(where: { !Self.mistralFields.contains($0) }) {
            throw ErrorReply(
                status: 422,
                body: .json([
                    "detail": [
                        [
                            "input": body[extra] ?? .null, "loc": ["body", .string(extra)],
                            "msg": "Extra inputs are not permitted", "type": "extra_forbidden",
                        ]
                    ]
                ]))
        }
        if body["temperature"]?.double == 0, let topP = body["top_p"]?.double, topP != 1 {
            throw ErrorReply.mistral(
                400, "invalid_request_error", "top_p must be 1 when using greedy sampling.", code: "3051")
        }
    }

    /// Mistral answers the user or a tool, never itself.
    private func checkTurns(_ messages: [JSONValue], _ body: JSONObject) throws(ErrorReply) {
        guard wire == .mistral, let last = messages.last, let role = last["role"]?.string,
            role != "user", role != "tool", !(role == "assistant" && last["prefix"]?.bool == true)
        else { return }
        throw ErrorReply.mistral(
            400, "invalid_request_message_order",
            "Expected last role User or Tool (or Assistant with prefix True) for serving but got \(role)",
            code: "3230")
    }

    private func missing(_ parameter: String) -> ErrorReply {
        switch wire {
        case .openai: OpenAIModelRules.missing(parameter)
        case .xai:
            ErrorReply(
                status: 422,
                body: .text("Failed to deserialize the JSON body into the target type: missing field `\(parameter)`"))
        case .deepseek:
            ErrorReply.openAI(
                422, type: "invalid_request_error", code: "invalid_request_error",
                message: "Failed to deserialize the JSON body into the target type: missing field `\(parameter)`")
        default:
            ErrorReply(
                status: 422,
                body: .json([
                    "detail": [["loc": ["body", .string(parameter)], "msg": "Field required", "type": "missing"]]
                ]))
        }
    }

    private static let mistralFields: Set<String> = [
        "frequency_penalty", "guardrails", "max_tokens", "messages", "metadata", "model", "n", "parallel_tool_calls",
        "prediction", "presence_penalty", "prompt_cache_key", "prompt_mode", "random_seed", "reasoning_effort",
        "response_format", "safe_prompt", "service_tier", "stop", "stream", "temperature", "tool_choice", "tools",
        "top_p",
    ]
}
