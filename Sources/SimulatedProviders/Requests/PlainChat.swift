internal import CanonicalJSON
internal import Determinism

/// A plain request for chat completions in canonical JSON with usual parameters, as Cairn itself sends it.
///
/// Read in one pass without a tree, since a run makes thousands of them a second; every other request is read in the
/// general way, with the same outcome.
struct PlainChat: CanonicalDecodable {
    private let maxTokens: Int?
    private let messages: [Message]
    private let model: String
    private let responseFormat: JSONValue?
    private let stop: [String]?

    private struct Message: CanonicalDecodable {
        let content: String
        let role: String

        init(from reader: inout CanonicalReader) throws(JSONError) {
            try reader.beginObject()
            content = try reader.field("content")
            role = try reader.field("role")
            try reader.endObject()
        }
    }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        maxTokens = try reader.optionalField("max_tokens")
        messages = try reader.field("messages")
        model = try reader.field("model")
        responseFormat = try reader.optionalField("response_format")
        // What doesn't change the answer but by the hash.
        let _: JSONValue? = try reader.optionalField("seed")
        stop = try reader.optionalField("stop")
        let _: Double? = try reader.optionalField("temperature")
        let _: Double? = try reader.optionalField("top_p")
        try reader.endObject()
    }

    /// The request, whose seed is the digest of its body; nil if there is something to be checked about it.
    func request(seed: Digest) -> SimulatedRequest? {
        guard !model.isEmpty, !messages.isEmpty, !OpenAIModelRules(model: model).isReasoning else { return nil }
        var request = SimulatedRequest(
            model: model, messages: messages.map { .init(role: $0.role, text: $0.content) }, seed: seed)
        request.maxTokens = maxTokens
        request.stop = stop ?? []
        request.schema = responseFormat?["json_schema"]?["schema"]
        request.obfuscates = true
        return request
    }
}
