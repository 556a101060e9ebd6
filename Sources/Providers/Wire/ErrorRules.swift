/// Which words, codes and types mean what in an error.
///
/// Wording is no contract, so words are looked for loosely and only where a code is missing. What one release derived from a
/// body has to be derived from it for ever: rules that an adapter's released version used are never changed; new insights
/// go into new rules, for a new version.
struct ErrorRules: Sendable {
    var contextNames: Set<String>
    var contextWords: [String]
    var quotaNames: Set<String>
    var quotaWords: [String]
    /// Types of errors whose words say nothing of a quota.
    var wordlessTypes: Set<String>
    var capacityNames: Set<String>
    var capacityWords: [String]
    var authNames: Set<String>
    var authWords: [String]
    var policyNames: Set<String>
    var policyWords: [String]
    var notFoundNames: Set<String>
    var notFoundWords: [String]
    var permissionNames: Set<String>
    var permissionWords: [String]
    var overloadedNames: Set<String>
    /// Response headers whose value 0 says that there is no allowance at all.
    var allowanceHeaders: [String]
    /// Whether the status that an error had been sent with is looked for in its body where it came after a status of 200.
    var readsStatusInBody: Bool
}

extension ErrorRules {
    /// The rules of every adapter that has no rules of its own.
    static let current: ErrorRules = {
        var rules = openAIChat1
        rules.contextWords += ["exceed context limit", "exceeds the maximum number of tokens"]
        rules.quotaNames.formUnion([
            "billing_error", "billing_unavailable", "contract_spend_limit_reached", "enforced_spend_limit_reached",
        ])
        rules.quotaWords += ["specified api usage limits"]
        // Google uses the same words for limits per minute and per day: only the name of the limit counts.
        rules.wordlessTypes = ["resource_exhausted"]
        rules.capacityNames = ["3505", "service_tier_capacity_exceeded"]
        rules.authNames.formUnion(["api_key_expired", "api_key_invalid"])
        rules.authWords += ["api key was reported as leaked", "api key expired", "unregistered callers"]
        rules.policyWords += ["content exists risk", "content filtering policy", "guardrail"]
        rules.notFoundNames.insert("invalid_model")
        rules.notFoundWords = ["model not exist"]
        rules.permissionNames.formUnion(["failed_precondition", "organization_on_hold"])
        rules.permissionWords = ["location is not supported"]
        rules.allowanceHeaders = ["x-ratelimit-limit-req-minute", "x-ratelimit-limit-requests"]
        rules.readsStatusInBody = true
        return rules
    }()

    /// The rules of `openai.chat` version 1, as released.
    static let openAIChat1 = ErrorRules(
        contextNames: ["context_length_exceeded", "exceed_context_size_error"],
        contextWords: [
            "maximum context length", "context length", "context size", "context window", "maximum prompt length",
            "prompt is too long", "too many tokens",
        ],
        quotaNames: [
            "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded", "organization_usage_limit_exceeded", "billing_hard_limit_reached",
            "insufficient_balance",
        ],
        quotaWords: [
            "exceeded your current quota", "insufficient balance", "credit balance", "all available credits",
            "spending limit", "spend limit", "billing hard limit",
        ],
        wordlessTypes: [],
        capacityNames: [],
        capacityWords: ["capacity", "overloaded"],
        authNames: ["invalid_api_key", "authentication_error"],
        authWords: ["incorrect api key", "invalid api key", "api key not valid", "no api key"],
        policyNames: [
            "invalid_prompt", "content_policy_violation", "content_filter", "bio_policy",
            "misalignment_policy_violation",
        ],
        policyWords: ["usage policy", "usage policies", "usage guidelines", "content policy", "safety_check_type"],
        notFoundNames: ["model_not_found", "not_found_error"],
        notFoundWords: [],
        permissionNames: ["unsupported_country_region_territory"],
        permissionWords: [],
        overloadedNames: [
            "server_is_overloaded", "overloaded_error", "service_unavailable_error", "unavailable_error",
        ],
        allowanceHeaders: [],
        readsStatusInBody: false)
}
