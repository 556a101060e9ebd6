internal import CanonicalJSON

/// What OpenAI's models refuse, by the family that their names say.
struct OpenAIModelRules {
    /// Whether temperature and top_p are taken.
    private enum Sampling { case always, withoutEffort, withEffortNone, never }

    private let model: String
    /// Whether the model has rules at all.
    let isReasoning: Bool
    private let sampling: Sampling
    private let takesStop: Bool

    init(model: String) {
        self.model = model
        func isOf(_ families: [String]) -> Bool {
            families.contains { model == $0 || model.hasPrefix($0 + "-") }
        }
        guard model.hasPrefix("o") || model.hasPrefix("gpt-") else {
            (isReasoning, sampling, takesStop) = (false, .always, true)
            return
        }
        let isSeries = isOf(["o1", "o3", "o4"])
        isReasoning = isSeries || model.hasPrefix("gpt-5") || model.hasPrefix("gpt-6")
        if !isReasoning {
            sampling = .always
        } else if isSeries || isOf(["gpt-5", "gpt-6-astra", "gpt-6.1-sol"]) {
            sampling = .never
        } else {
            sampling = isOf(["gpt-5.1", "gpt-5.2", "gpt-5.4"]) ? .withoutEffort : .withEffortNone
        }
        takesStop = !isReasoning || (isOf(["o1", "o3-mini"]))
    }

    /// Why a request for chat completions is refused; nil if it isn't.
    func refusal(of body: JSONObject) -> ErrorReply? {
        guard isReasoning else { return nil }
        if body["max_tokens"] != nil { return Self.unsupported("max_tokens", instead: "max_completion_tokens") }
        if !takesStop, body["stop"] != nil { return Self.unsupported("stop") }
        for name in ["presence_penalty", "frequency_penalty", "logit_bias"] where body[name] != nil {
            return Self.unsupported(name)
        }
        return refusedSampling(of: body, effort: body["reasoning_effort"]?.string)
    }

    /// Why temperature or top_p are refused; nil if they aren't.
    func refusedSampling(of body: JSONObject, effort: String?) -> ErrorReply? {
        switch sampling {
        case .always: return nil
        case .withoutEffort where effort == nil || effort == "none": return nil
        case .withEffortNone where effort == "none": return nil
        case .withoutEffort, .withEffortNone, .never: break
        }
        for name in ["temperature", "top_p"] {
            guard let value = body[name]?.double, value != 1 else { continue }
            return .openAI(
                400, type: "invalid_request_error", code: "unsupported_value", parameter: name,
                message: "Unsupported value: '\(name)' does not support \(JSONValue.number(value).text) with this "
                    + "model. Only the default (1) value is supported.")
        }
        return nil
    }

    static func unsupported(_ name: String, instead: String? = nil) -> ErrorReply {
        .openAI(
            400, type: "invalid_request_error", code: "unsupported_parameter", parameter: name,
            message: "Unsupported parameter: '\(name)' is not supported with this model."
                + (instead.map { " Use '\($0)' instead." } ?? ""))
    }

    static func missing(_ parameter: String) -> ErrorReply {
        .openAI(
            400, type: "invalid_request_error", code: "missing_required_parameter", parameter: parameter,
            message: "Missing required parameter: '\(parameter)'.")
    }
}
