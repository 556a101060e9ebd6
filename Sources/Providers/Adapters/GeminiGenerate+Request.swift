internal import CanonicalJSON
package import HTTPTransport

extension GeminiGenerate {
    package static func request(_ chat: ChatRequest, endpoint: Endpoint, key: APIKey?) -> HTTPRequest {
        var headers = [
            HTTPHeader(name: "Accept", value: "*/*"),
            HTTPHeader(name: "Content-Type", value: "application/json"),
        ]
        // Never in the query: URLs reach logs.
        if let key { headers.append(HTTPHeader(name: "x-goog-api-key", value: key.reveal(), isSecret: true)) }
        return HTTPRequest(
            method: "POST", url: endpoint.url(path: path(chat, endpoint: endpoint)),
            headers: headers + endpoint.headers, body: body(chat).canonicalBytes(), limits: endpoint.limits)
    }

    private static func path(_ chat: ChatRequest, endpoint: Endpoint) -> String {
        let base = endpoint.url(path: "")
        let version = pathVersions.contains { base.hasSuffix($0) } ? "" : pathVersion
        let resource = ["models/", "tunedModels/"].contains { chat.model.hasPrefix($0) }
        let model = escaped(resource ? chat.model : "models/" + chat.model)
        return "\(version)/\(model):" + (chat.streams ? "streamGenerateContent?alt=sse" : "generateContent")
    }

    /// A resource's name as it stands in a path: all bytes but unreserved ones and slashes are escaped.
    private static func escaped(_ resource: String) -> String {
        resource.utf8.reduce(into: "") { text, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }

    private static func body(_ chat: ChatRequest) -> JSONObject {
        var body: JSONObject = ["contents": .array(chat.messages.filter { $0.role != .system }.map(content))]
        let instructions = chat.messages.filter { $0.role == .system }
        if !instructions.isEmpty {
            body["systemInstruction"] = ["parts": .array(instructions.map { part($0.content) })]
        }
        let configuration = configuration(chat.parameters)
        if !configuration.isEmpty { body["generationConfig"] = .object(configuration) }
        body.merge(chat.parameters.extra)
        return body
    }

    private static func content(_ message: ChatMessage) -> JSONValue {
        ["role": message.role == .assistant ? "model" : "user", "parts": [part(message.content)]]
    }

    private static func part(_ text: String) -> JSONValue { ["text": .string(text)] }

    private static func configuration(_ parameters: ChatParameters) -> JSONObject {
        var configuration = JSONObject()
        configuration["temperature"] = parameters.temperature.map(JSONValue.number)
        configuration["topP"] = parameters.topP.map(JSONValue.number)
        configuration["maxOutputTokens"] = parameters.maxTokens.map { JSONValue($0) }
        configuration["stopSequences"] =
            parameters.stop.isEmpty ? nil : .array(parameters.stop.map(JSONValue.string))
        configuration["seed"] = parameters.seed.map { JSONValue($0) }
        if let response = parameters.responseSchema {
            configuration["responseMimeType"] = "application/json"
            configuration["responseJsonSchema"] = response.schema
        }
        return configuration
    }
}

extension GeminiGenerate {
    /// Models that are documented as refusing temperature, top-p and top-k.
    static let modelsWithoutSampling = ["gemini-3.5-flash-lite", "gemini-3.6-flash", "gemini-3.7", "gemini-3.8-flash"]

    package static func objection(to chat: ChatRequest) -> String? {
        let configuration = chat.parameters.extra["generationConfig"]
        let parameter: String? =
            if chat.parameters.temperature != nil { "temperature" } else if chat.parameters.topP != nil {
                "top_p"
            } else {
                ["temperature", "topP", "topK"].first { configuration?[$0] != nil }
            }
        let model = chat.model.hasPrefix("models/") ? String(chat.model.dropFirst(7)) : chat.model
        guard let parameter, modelsWithoutSampling.contains(where: { model.hasPrefix($0) }) else { return nil }
        return "\(chat.model) takes no \(parameter): leave it out"
    }
}
