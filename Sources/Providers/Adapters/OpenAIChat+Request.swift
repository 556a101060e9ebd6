internal import CanonicalJSON
package import HTTPTransport

extension OpenAIChat {
    package static func request(_ chat: ChatRequest, endpoint: Endpoint, key: APIKey?) -> HTTPRequest {
        var headers = [
            HTTPHeader(name: "Accept", value: "application/json"),
            HTTPHeader(name: "Content-Type", value: "application/json"),
        ]
        if let key {
            headers.append(HTTPHeader(name: "Authorization", value: "Bearer " + key.reveal(), isSecret: true))
        }
        return HTTPRequest(
            method: "POST", url: endpoint.url(path: path), headers: headers + endpoint.headers,
            body: body(chat, tokenLimitField: endpoint.tokenLimitField).canonicalBytes(), limits: endpoint.limits)
    }

    /// The request's JSON: only what was set is named, since a provider refuses or changes with what it is sent.
    private static func body(_ chat: ChatRequest, tokenLimitField: Endpoint.TokenLimitField) -> JSONObject {
        let parameters = chat.parameters
        var body: JSONObject = ["model": .string(chat.model), "messages": .array(chat.messages.map(message))]
        body[tokenLimitField.rawValue] = parameters.maxTokens.map { JSONValue($0) }
        body["temperature"] = parameters.temperature.map(JSONValue.number)
        body["top_p"] = parameters.topP.map(JSONValue.number)
        body["seed"] = parameters.seed.map { JSONValue($0) }
        body["stop"] = parameters.stop.isEmpty ? nil : .array(parameters.stop.map(JSONValue.string))
        body["response_format"] = parameters.responseSchema.map(responseFormat)
        // A dictionary's order can't show: an object keeps its members sorted.
        for (name, value) in parameters.extra { body[name] = value }
        return body
    }

    private static func message(_ message: ChatMessage) -> JSONValue {
        ["role": .string(message.role.rawValue), "content": .string(message.content)]
    }

    private static func responseFormat(_ response: ResponseSchema) -> JSONValue {
        [
            "type": "json_schema",
            "json_schema": ["name": .string(response.name), "strict": true, "schema": response.schema],
        ]
    }
}
