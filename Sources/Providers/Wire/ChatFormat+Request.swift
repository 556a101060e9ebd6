internal import CanonicalJSON
internal import HTTPTransport

extension ChatFormat {
    func request(_ chat: ChatRequest, endpoint: Endpoint, key: APIKey?) -> HTTPRequest {
        var headers = [
            HTTPHeader(name: "Accept", value: chat.streams ? streamAccept : "application/json"),
            HTTPHeader(name: "Content-Type", value: "application/json"),
        ]
        if let key {
            headers.append(HTTPHeader(name: "Authorization", value: "Bearer " + key.reveal(), isSecret: true))
        }
        return HTTPRequest(
            method: "POST", url: endpoint.url(path: path), headers: headers + endpoint.headers,
            body: body(chat, endpoint).canonicalBytes(), limits: endpoint.limits)
    }

    /// The request's JSON: only what was set is named, since a provider refuses or changes with what it is sent.
    private func body(_ chat: ChatRequest, _ endpoint: Endpoint) -> JSONObject {
        let parameters = chat.parameters
        var body: JSONObject = ["model": .string(chat.model), "messages": .array(messages(chat).map(Self.message))]
        body[endpoint.tokenLimitField.rawValue] = parameters.maxTokens.map { JSONValue($0) }
        body["temperature"] = parameters.temperature.map(JSONValue.number)
        body["top_p"] = parameters.topP.map(JSONValue.number)
        if let seedField { body[seedField] = parameters.seed.map { JSONValue($0) } }
        body["stop"] = parameters.stop.isEmpty ? nil : .array(parameters.stop.map(JSONValue.string))
        body["response_format"] = parameters.responseSchema.map(responseFormat)
        if chat.streams {
            body["stream"] = true
            var options = streamOptions
            if endpoint.padsStreams { options?["include_obfuscation"] = false }
            body["stream_options"] = options.map(JSONValue.object)
        }
        // A dictionary's order can't show: an object keeps its members sorted.
        for (name, value) in parameters.extra { body[name] = value }
        return body
    }

    /// The conversation, with the schema in its instructions where nothing else makes the answer follow it.
    private func messages(_ chat: ChatRequest) -> [ChatMessage] {
        guard case .prompted = schemas, let schema = chat.parameters.responseSchema?.schema else {
            return chat.messages
        }
        let text = String(decoding: schema.canonicalBytes(), as: UTF8.self)
        let instruction = "Answer with one JSON object that follows this JSON Schema: \(text)"
        var messages = chat.messages
        if let first = messages.first, first.role == .system {
            messages[0].content = first.content + "\n\n" + instruction
        } else {
            messages.insert(ChatMessage(role: .system, content: instruction), at: 0)
        }
        return messages
    }

    private static func message(_ message: ChatMessage) -> JSONValue {
        ["role": .string(message.role.rawValue), "content": .string(message.content)]
    }

    private func responseFormat(_ response: ResponseSchema) -> JSONValue {
        switch schemas {
        case .prompted: ["type": "json_object"]
        case .enforced:
            [
                "type": "json_schema",
                "json_schema": ["name": .string(response.name), "strict": true, "schema": response.schema],
            ]
        }
    }
}
