internal import CanonicalJSON
internal import NIOHTTP1

/// Gemini's generateContent and streamGenerateContent.
struct GeminiFormat: ProviderFormat {
    var wire: Wire { .google }
    var retryForm: RetryForm { .info }

    func key(in headers: HTTPHeaders) -> String? { headers.first(name: "x-goog-api-key") }

    /// There is no id of the request and nothing about limits.
    func headers(id: String, _ allowance: Allowance?) -> [HeaderField] { [] }

    func models(_ names: [String]) -> JSONValue {
        let models = names.map { name -> JSONValue in
            ["name": .string("models/" + name), "supportedGenerationMethods": ["generateContent"]]
        }
        return ["models": .array(models)]
    }

    // MARK: Reading

    private static let fields: Set<String> = [
        "cachedContent", "contents", "generationConfig", "labels", "model", "safetySettings", "serviceTier", "store",
        "systemInstruction", "toolConfig", "tools",
    ]
    private static let options: Set<String> = [
        "candidateCount", "continuationToken", "enableEnhancedCivicAnswers", "frequencyPenalty", "imageConfig",
        "logprobs", "maxOutputTokens", "mediaResolution", "presencePenalty", "responseFormat", "responseJsonSchema",
        "responseLogprobs", "responseMimeType", "responseModalities", "responseSchema", "seed", "speechConfig",
        "stopSequences", "temperature", "thinkingConfig", "topK", "topP",
    ]

    func read(_ asked: AskedRequest) throws(ErrorReply) -> SimulatedRequest {
        let model = asked.model ?? ""
        let body = try Self.camelCased(asked.body, known: Self.fields, at: "")
        guard let contents = body["contents"]?.array, !contents.isEmpty else {
            throw Self.invalid("* GenerateContentRequest.contents: contents is not specified\n")
        }
        let options = try Self.camelCased(
            body["generationConfig"]?.object ?? [:], known: Self.options, at: " at 'generation_config'")
        try check(contents, options, model: model)
        var messages: [SimulatedRequest.Message] = []
        let system = Self.text(of: body["systemInstruction"])
        if !system.isEmpty { messages.append(.init(role: "system", text: system)) }
        messages += contents.map {
            .init(role: $0["role"]?.string == "model" ? "assistant" : "user", text: Self.text(of: $0))
        }
        return request(model, messages, options, streams: asked.streams ?? .no)
    }

    private func request(
        _ model: String, _ messages: [SimulatedRequest.Message], _ options: JSONObject, streams: Route.Streaming
    ) -> SimulatedRequest {
        let limit = options["maxOutputTokens"]?.int
        let stop = options["stopSequences"]?.array?.compactMap(\.string) ?? []
        let schema = options["responseJsonSchema"] ?? options["responseSchema"]
        let names = [("temperature", "temperature"), ("topP", "top_p"), ("seed", "seed")]
        var request = SimulatedRequest(
            model: model, messages: messages,
            seed: SimulatedRequest.seed(
                model: model, messages: messages, maxTokens: limit, stop: stop, schema: schema,
                sampling: options.picking(names)))
        request.maxTokens = limit
        request.stop = stop
        request.schema = schema
        request.streams = streams
        let thinking = options["thinkingConfig"]
        request.reasons = (thinking?["includeThoughts"] ?? thinking?["include_thoughts"])?.bool == true
        return request
    }

    private func check(_ contents: [JSONValue], _ options: JSONObject, model: String) throws(ErrorReply) {
        for (index, content) in contents.enumerated() {
            if let role = content["role"]?.string, role != "user", role != "model" {
                throw Self.invalid("Please use a valid role: user, model.")
            }
            if content["parts"]?.array?.isEmpty ?? true {
                throw Self.invalid(
                    "* GenerateContentRequest.contents[\(index)].parts: contents.parts must not be empty.\n")
            }
        }
        if let stop = options["stopSequences"]?.array, stop.count > 5 {
            throw Self.invalid("The number of stop sequences must be in the range [0, 5].")
        }
        let sampling = ["temperature", "topP", "topK"].first { options[$0] != nil }
        if let sampling, Self.newer.contains(where: { model.hasPrefix($0) }) {
            throw Self.invalid("\(sampling) is not supported for this model.")
        }
        if let temperature = options["temperature"]?.double, !(0...2).contains(temperature) {
            throw Self.invalid(
                "Unable to submit request because it has a temperature value of \(temperature) but the "
                    + "supported range is from 0 (inclusive) to 2.0 (inclusive).")
        }
        let isNew = Self.newer.contains { model.hasPrefix($0) && $0 != "gemini-3.5-flash-lite" }
        if isNew, contents.last?["role"]?.string == "model" {
            throw Self.invalid("Please ensure that the request ends with a user turn.")
        }
        let thinking = options["thinkingConfig"]?.object
        if let thinking, thinking["thinkingBudget"] != nil, thinking["thinkingLevel"] != nil {
            throw Self.invalid("You can only set only one of thinking budget and thinking level.")
        }
    }

    private static let newer = ["gemini-3.5-flash-lite", "gemini-3.6-flash", "gemini-3.7", "gemini-3.8-flash"]

    private static func text(of content: JSONValue?) -> String {
        content?["parts"]?.array?.compactMap { $0["text"]?.string }.joined(separator: "\n") ?? ""
    }

    /// The members under their camelCase names; the other spelling is read too, unknown names are refused.
    private static func camelCased(
        _ object: JSONObject, known: Set<String>, at place: String
    ) throws(ErrorReply) -> JSONObject {
        var result = JSONObject()
        for (key, value) in object {
            let name = camelCased(key)
            guard known.contains(name) else {
                throw invalid(
                    "Invalid JSON payload received. Unknown name \"\(key)\"\(place): Cannot find field.")
            }
            result[name] = value
        }
        return result
    }

    private static func camelCased(_ key: String) -> String {
        let words = key.split(separator: "_")
        return (words.first.map(String.init) ?? "")
            + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    static func invalid(_ message: String) -> ErrorReply { .google(400, "INVALID_ARGUMENT", message) }

    func error(_ condition: ErrorCondition) -> ErrorReply { .google(condition) }
}
