internal import CanonicalJSON
package import HTTPTransport

extension OpenAIResponses {
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
            body: body(chat, endpoint).canonicalBytes(), limits: endpoint.limits)
    }

    private static func body(_ chat: ChatRequest, _ endpoint: Endpoint) -> JSONObject {
        let parameters = chat.parameters
        let instructions = chat.messages.prefix { $0.role == .system }
        var body: JSONObject = [
            "model": .string(chat.model), "store": false,
            "input": .array(chat.messages.dropFirst(instructions.count).map(item)),
        ]
        body["instructions"] =
            instructions.isEmpty ? nil : .string(instructions.map(\.content).joined(separator: "\n\n"))
        body["max_output_tokens"] = parameters.maxTokens.map { JSONValue($0) }
        body["temperature"] = parameters.temperature.map(JSONValue.number)
        body["top_p"] = parameters.topP.map(JSONValue.number)
        body["text"] = parameters.responseSchema.map { response in
            [
                "format": [
                    "type": "json_schema", "name": .string(response.name), "strict": true, "schema": response.schema,
                ]
            ]
        }
        if chat.streams {
            body["stream"] = true
            if endpoint.padsStreams { body["stream_options"] = ["include_obfuscation": false] }
        }
        body.merge(parameters.extra)
        return body
    }

    private static func item(_ message: ChatMessage) -> JSONValue {
        ["role": .string(message.role.rawValue), "content": .string(message.content)]
    }
}
