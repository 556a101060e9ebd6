internal import CanonicalJSON
package import HTTPTransport

extension AnthropicMessages {
    package static func request(_ chat: ChatRequest, endpoint: Endpoint, key: APIKey?) -> HTTPRequest {
        let body = body(chat)
        let samples = samplingParameters.contains { body[$0] != nil }
        var headers = [
            HTTPHeader(name: "Accept", value: "application/json"),
            HTTPHeader(name: "Content-Type", value: "application/json"),
            HTTPHeader(name: "anthropic-version", value: samples ? samplingVersion : currentVersion),
        ]
        if let key {
            headers.append(
                samples
                    ? HTTPHeader(name: "x-api-key", value: key.reveal(), isSecret: true)
                    : HTTPHeader(name: "Authorization", value: "Bearer " + key.reveal(), isSecret: true))
        }
        // A version that the user sets takes the place of ours, not a place beside it.
        let replaced = endpoint.headers.map { $0.name.lowercased() }
        return HTTPRequest(
            method: "POST", url: endpoint.url(path: path),
            headers: headers.filter { !replaced.contains($0.name.lowercased()) } + endpoint.headers,
            body: body.canonicalBytes(), limits: endpoint.limits)
    }

    private static func body(_ chat: ChatRequest) -> JSONObject {
        let parameters = chat.parameters
        var body: JSONObject = [
            "model": .string(chat.model),
            "max_tokens": JSONValue(parameters.maxTokens ?? defaultMaxTokens),
            "messages": .array(chat.messages.filter { $0.role != .system }.map(message)),
        ]
        body["system"] = system(chat.messages.filter { $0.role == .system }.map(\.content))
        body["temperature"] = parameters.temperature.map(JSONValue.number)
        body["top_p"] = parameters.topP.map(JSONValue.number)
        body["stop_sequences"] = parameters.stop.isEmpty ? nil : .array(parameters.stop.map(JSONValue.string))
        body["output_config"] = parameters.responseSchema.map { response in
            ["format": ["type": "json_schema", "schema": response.schema]]
        }
        body["stream"] = chat.streams ? true : nil
        body.merge(parameters.extra)
        return body
    }

    private static func message(_ message: ChatMessage) -> JSONValue {
        ["role": .string(message.role.rawValue), "content": .string(message.content)]
    }

    /// Instructions stand beside the conversation: one as a text, several as blocks.
    private static func system(_ texts: [String]) -> JSONValue? {
        switch texts.count {
        case 0: nil
        case 1: .string(texts[0])
        default: .array(texts.map { ["type": "text", "text": .string($0)] })
        }
    }
}

extension AnthropicMessages {
    package static func objection(to chat: ChatRequest) -> String? {
        let named = [
            ("temperature", chat.parameters.temperature != nil), ("top_p", chat.parameters.topP != nil),
        ]
        .filter(\.1).map(\.0)
        let samples = named + chat.parameters.extra.keys.filter(samplingParameters.contains).sorted()
        guard let parameter = samples.first, !takesSampling(chat.model) else { return nil }
        return "\(chat.model) takes no \(parameter): leave it out"
    }

    /// Whether a request with sampling parameters may be sent to a model: not to Claude 4.7 and later.
    ///
    /// A name that isn't one of Anthropic's says nothing.
    private static func takesSampling(_ model: String) -> Bool {
        guard model.hasPrefix("claude-") else { return true }
        return samplingModels.contains { model == $0 || model.hasPrefix($0 + "-") }
    }
}
