internal import CanonicalJSON
internal import Determinism

/// A request of any format, as far as the simulated provider looks at it.
struct SimulatedRequest: Equatable {
    struct Message: Equatable {
        let role: String
        let text: String
    }

    let model: String
    /// The system prompt is the first of them, wherever the format has it.
    let messages: [Message]
    var maxTokens: Int?
    var stop: [String] = []
    /// The schema that the answer has to follow.
    var schema: JSONValue?
    var streams = Route.Streaming.no
    /// Whether a stream tells the usage, where the request decides that.
    var includesUsage = false
    /// Whether a stream's events are padded, where the request decides that.
    var obfuscates = false
    /// Whether the model is to think aloud.
    var reasons = false
    /// The seed of the answer: the same for the same conversation in all formats, streamed or not.
    var seed: Digest

    /// What was said by a role, in order.
    func texts(of role: String) -> [String] {
        messages.filter { $0.role == role }.map(\.text)
    }
}

extension SimulatedRequest {
    /// Reads the body of a request for OpenAI's chat completions.
    init(_ bytes: [UInt8]) throws(ErrorReply) {
        self = try ChatFormat.openai.read(bytes: bytes)
    }

    /// The digest of the conversation as the body of a plain request to OpenAI's chat completions.
    static func seed(
        model: String, messages: [Message], maxTokens: Int?, stop: [String], schema: JSONValue?, sampling: JSONObject
    ) -> Digest {
        var form: JSONObject = ["model": .string(model)]
        form["messages"] = .array(
            messages.map { ["content": .string($0.text), "role": .string($0.role)] })
        form["max_tokens"] = maxTokens.map { JSONValue($0) }
        if !stop.isEmpty { form["stop"] = .array(stop.map(JSONValue.string)) }
        if let schema {
            form["response_format"] = [
                "json_schema": ["name": "verdict", "schema": schema, "strict": true], "type": "json_schema",
            ]
        }
        for (name, value) in sampling { form[name] = value }
        return Digest(of: JSONValue.object(form).canonicalBytes())
    }
}

extension JSONObject {
    /// Some of the members, under other names where they have them; what is null is left out.
    func picking(_ names: [(from: String, to: String)]) -> JSONObject {
        var picked = JSONObject()
        for (from, to) in names {
            if let value = self[from], !value.isNull { picked[to] = value }
        }
        return picked
    }

    /// A text, or the texts of a list of parts.
    static func text(of content: JSONValue?) -> String {
        content?.string ?? content?.array?.compactMap { $0["text"]?.string }.joined(separator: "\n") ?? ""
    }
}
