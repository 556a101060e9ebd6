extension OpenAIErrorBody {
    /// The class of an error, by the first rule that applies: what the body says precisely, then its words, then the
    /// status.
    ///
    /// Wording is no contract, so words are looked for loosely and only where a code is missing.
    func classification(status: Int) -> ProviderErrorClass {
        let said = Said(self)
        if (200..<400).contains(status), status != 200 { return .malformedResponse }
        if said.contextLength(status) { return .contextLength }
        if said.quotaExhausted(status) { return .quotaExhausted }
        if status == 429 { return said.hasAnyWord(Said.capacityWords) ? .overloaded : .rateLimit }
        if said.auth(status) { return .auth }
        if said.contentPolicy(status) { return .contentPolicy }
        if said.notFound(status) { return .notFound }
        if status == 403 || said.code == "unsupported_country_region_territory" { return .permission }
        switch status {
        case 408, 504: return .timeout
        case 503, 529: return .overloaded
        case 200, 409, 499, 500...: return said.isOverloaded ? .overloaded : .serverError
        default: return said.isOverloaded ? .overloaded : .invalidRequest
        }
    }
}

/// An error body in lower case, with the questions that its classification asks.
private struct Said {
    let code: String
    private let type: String
    private let message: String

    init(_ body: OpenAIErrorBody) {
        code = body.code.lowercased()
        type = body.type.lowercased()
        message = body.message.lowercased()
    }

    func hasAnyWord(_ words: [String]) -> Bool {
        words.contains { message.contains($0) }
    }

    private func isNamed(_ names: Set<String>) -> Bool {
        names.contains(code) || names.contains(type)
    }

    func contextLength(_ status: Int) -> Bool {
        if isNamed(["context_length_exceeded", "exceed_context_size_error"]) { return true }
        return [400, 413, 422].contains(status)
            && hasAnyWord([
                "maximum context length", "context length", "context size", "context window", "maximum prompt length",
                "prompt is too long", "too many tokens",
            ])
    }

    func quotaExhausted(_ status: Int) -> Bool {
        if status == 402 { return true }
        if isNamed([
            "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded", "organization_usage_limit_exceeded", "billing_hard_limit_reached",
            "insufficient_balance",
        ]) {
            return true
        }
        return [400, 403, 429].contains(status)
            && hasAnyWord([
                "exceeded your current quota", "insufficient balance", "credit balance", "all available credits",
                "spending limit", "spend limit", "billing hard limit",
            ])
    }

    func auth(_ status: Int) -> Bool {
        if status == 401 || isNamed(["invalid_api_key", "authentication_error"]) { return true }
        return [400, 403].contains(status)
            && hasAnyWord(["incorrect api key", "invalid api key", "api key not valid", "no api key"])
    }

    func contentPolicy(_ status: Int) -> Bool {
        if isNamed([
            "invalid_prompt", "content_policy_violation", "content_filter", "bio_policy",
            "misalignment_policy_violation",
        ]) {
            return true
        }
        return [400, 403, 422].contains(status)
            && hasAnyWord(["usage policy", "usage policies", "usage guidelines", "content policy", "safety_check_type"])
    }

    func notFound(_ status: Int) -> Bool {
        status == 404 || (status != 403 && isNamed(["model_not_found", "not_found_error"]))
    }

    var isOverloaded: Bool {
        isNamed(["server_is_overloaded", "overloaded_error", "service_unavailable_error", "unavailable_error"])
    }

    static let capacityWords = ["capacity", "overloaded"]
}
