extension ErrorRules {
    /// The class of an error, by the first rule that applies: what the body says precisely, then its words, then the
    /// status.
    ///
    /// A status of 200 is one of a response that failed after it had begun.
    func classify(_ body: ErrorBody, status: Int, headers: [String: String] = [:]) -> ProviderErrorClass {
        if (200..<400).contains(status), status != 200 { return .malformedResponse }
        let said = Said(body, rules: self)
        let status = status == 200 && readsStatusInBody ? said.status : status
        if said.contextLength(status) { return .contextLength }
        if said.quotaExhausted(status) { return .quotaExhausted }
        if status == 429 {
            if allowanceHeaders.contains(where: { headers[$0] == "0" }) { return .quotaExhausted }
            return said.lacksCapacity ? .overloaded : .rateLimit
        }
        if said.auth(status) { return .auth }
        if said.contentPolicy(status) { return .contentPolicy }
        if said.notFound(status) { return .notFound }
        if said.permission(status) { return .permission }
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
    private let rules: ErrorRules
    private let code: String
    private let type: String
    private let message: String
    private let quotas: [String]

    init(_ body: ErrorBody, rules: ErrorRules) {
        self.rules = rules
        code = body.code.lowercased()
        type = body.type.lowercased()
        message = body.message.lowercased()
        quotas = body.quotas.map { $0.lowercased() }
    }

    /// The status that an error in the middle of a stream would have had before it; 200 if it doesn't say.
    var status: Int {
        if let status = Int(code), (400...599).contains(status) { return status }
        return Self.statuses[code] ?? Self.statuses[type] ?? 200
    }

    private static let statuses = [
        "invalid_request_error": 400, "invalid_argument": 400, "request_too_large": 413,
        "authentication_error": 401, "unauthenticated": 401,
        "billing_error": 402,
        "permission_error": 403, "permission_denied": 403,
        "not_found_error": 404, "not_found": 404, "model_not_found": 404,
        "conflict_error": 409,
        "rate_limit_exceeded": 429, "rate_limit_error": 429, "rate_limited": 429, "slow_down": 429,
        "resource_exhausted": 429,
        "api_error": 500, "internal": 500, "server_error": 500,
        "unavailable": 503,
        "timeout_error": 504, "deadline_exceeded": 504,
    ]

    private func hasAnyWord(_ words: [String]) -> Bool {
        words.contains { message.contains($0) }
    }

    private func isNamed(_ names: Set<String>) -> Bool {
        names.contains(code) || names.contains(type)
    }

    func contextLength(_ status: Int) -> Bool {
        isNamed(rules.contextNames) || ([400, 413, 422].contains(status) && hasAnyWord(rules.contextWords))
    }

    func quotaExhausted(_ status: Int) -> Bool {
        if status == 402 || isNamed(rules.quotaNames) { return true }
        if !quotas.isEmpty { return quotas.contains { $0.contains("perday") || $0.contains("permonth") } }
        return [400, 403, 429].contains(status) && !rules.wordlessTypes.contains(type) && hasAnyWord(rules.quotaWords)
    }

    var lacksCapacity: Bool { isNamed(rules.capacityNames) || hasAnyWord(rules.capacityWords) }

    func auth(_ status: Int) -> Bool {
        status == 401 || isNamed(rules.authNames) || ([400, 403].contains(status) && hasAnyWord(rules.authWords))
    }

    func contentPolicy(_ status: Int) -> Bool {
        isNamed(rules.policyNames) || ([400, 403, 422].contains(status) && hasAnyWord(rules.policyWords))
    }

    func notFound(_ status: Int) -> Bool {
        status == 404
            || (status != 403 && isNamed(rules.notFoundNames)) || (status == 400 && hasAnyWord(rules.notFoundWords))
    }

    func permission(_ status: Int) -> Bool {
        status == 403 || isNamed(rules.permissionNames)
            || ([400, 403].contains(status) && hasAnyWord(rules.permissionWords))
    }

    var isOverloaded: Bool { isNamed(rules.overloadedNames) }
}
