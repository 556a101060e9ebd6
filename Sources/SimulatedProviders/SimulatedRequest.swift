internal import CanonicalJSON

/// A chat request in OpenAI's format, as far as the simulated provider looks at it.
struct SimulatedRequest: Equatable {
    struct Message: Equatable {
        let role: String
        let text: String
    }

    /// Why a request is refused, in the words and fields of OpenAI's errors.
    struct Refusal: Error, Equatable {
        var status = 400
        var type = "invalid_request_error"
        let code: String
        var parameter: String?
        let message: String
    }

    let model: String
    let messages: [Message]
    let maxTokens: Int?
    let stop: [String]
    /// The schema that the answer has to follow.
    let schema: JSONValue?

    init(_ bytes: [UInt8]) throws(Refusal) {
        let body: JSONValue
        do throws(JSONError) {
            body = try JSONParser.parse(bytes)
        } catch {
            throw Refusal(code: "invalid_json", message: "We could not parse the JSON body of your request. \(error)")
        }
        guard let model = body["model"]?.string, !model.isEmpty else { throw Self.missing("model") }
        guard let messages = body["messages"]?.array, !messages.isEmpty else { throw Self.missing("messages") }
        if body["stream"]?.bool == true {
            throw Refusal(
                code: "unsupported_value", parameter: "stream",
                message: "Unsupported value: 'stream' does not support true with this model.")
        }
        if model.hasPrefix("sim-missing") {
            throw Refusal(
                status: 404, code: "model_not_found",
                message: "The model `\(model)` does not exist or you do not have access to it.")
        }
        self.model = model
        self.messages = messages.map {
            Message(role: $0["role"]?.string ?? "user", text: Self.text(of: $0["content"]))
        }
        maxTokens = body["max_completion_tokens"]?.int ?? body["max_tokens"]?.int
        stop = body["stop"]?.string.map { [$0] } ?? body["stop"]?.array?.compactMap(\.string) ?? []
        schema = body["response_format"]?["json_schema"]?["schema"]
    }

    private static func missing(_ parameter: String) -> Refusal {
        Refusal(
            code: "missing_required_parameter", parameter: parameter,
            message: "Missing required parameter: '\(parameter)'.")
    }

    private static func text(of content: JSONValue?) -> String {
        content?.string ?? content?.array?.compactMap { $0["text"]?.string }.joined(separator: "\n") ?? ""
    }

    /// What was said by a role, in order.
    func texts(of role: String) -> [String] {
        messages.filter { $0.role == role }.map(\.text)
    }
}
