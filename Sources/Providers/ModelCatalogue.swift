/// What is known of a provider before anything is asked of it.
package struct ProviderFacts: Sendable, Equatable {
    /// As in the experiment file.
    package let name: String
    /// The adapter that speaks its format.
    package let adapter: String
    /// Absent where every installation has its own, which must then be given.
    package let defaultBaseURL: String?
    /// The environment variable that holds the key; absent where none is ever sent.
    package let keyVariable: String?
    /// Whether calls without a key are bound to fail.
    package let requiresKey: Bool
    package let tokenLimitField: Endpoint.TokenLimitField

    /// The endpoint at a base URL, or at the default one; nil where there is no default and none is given.
    package func endpoint(baseURL: String? = nil) -> Endpoint? {
        (baseURL ?? defaultBaseURL).map { Endpoint(baseURL: $0, tokenLimitField: tokenLimitField) }
    }
}

/// The providers that can be named, and which of them a model id belongs to.
package enum ModelCatalogue {
    /// The base URL that stands for the server inside the process, whatever port it has.
    package static let simulatedBaseURL = "http://simulated/v1"

    /// Every provider, by name.
    package static let providers: [ProviderFacts] = [
        ProviderFacts(
            name: "openai", adapter: OpenAIChat.name, defaultBaseURL: "https://api.openai.com/v1",
            keyVariable: "OPENAI_API_KEY", requiresKey: true, tokenLimitField: .maxCompletionTokens),
        ProviderFacts(
            name: "openai-compatible", adapter: OpenAIChat.name, defaultBaseURL: nil,
            keyVariable: "OPENAI_COMPATIBLE_API_KEY", requiresKey: false, tokenLimitField: .maxTokens),
        ProviderFacts(
            name: "simulated", adapter: OpenAIChat.name, defaultBaseURL: simulatedBaseURL,
            keyVariable: nil, requiresKey: false, tokenLimitField: .maxTokens),
    ]

    /// Every adapter.
    package static let adapters: [any LLMProvider.Type] = [OpenAIChat.self]

    package static func provider(named name: String) -> ProviderFacts? {
        providers.first { $0.name == name }
    }

    package static func adapter(named name: String) -> (any LLMProvider.Type)? {
        adapters.first { $0.name == name }
    }

    /// The provider and its own id of a model; nil where the id is ambiguous and the provider must be named.
    ///
    /// `provider/model` wins if what stands before the first slash is a provider; other ids may contain slashes too.
    /// Otherwise the beginning decides, without regard to case.
    package static func resolve(_ id: String) -> (provider: ProviderFacts, model: String)? {
        if let slash = id.firstIndex(of: "/") {
            guard let facts = provider(named: String(id[..<slash])) else { return nil }
            let model = String(id[id.index(after: slash)...])
            return model.isEmpty ? nil : (facts, model)
        }
        let lower = id.lowercased()
        // `name:tag` is Ollama's form, except for OpenAI's fine-tuned models.
        if ambiguousPrefixes.contains(where: lower.hasPrefix) || (lower.contains(":") && !lower.hasPrefix("ft:")) {
            return nil
        }
        let matches = prefixes.contains { lower.hasPrefix($0) } || families.contains { isFamily($0, of: lower) }
        guard matches, let facts = provider(named: "openai") else {
            return lower.hasPrefix("sim-") ? provider(named: "simulated").map { ($0, id) } : nil
        }
        return (facts, id)
    }

    /// Open weights that many hosts serve under OpenAI-like names.
    private static let ambiguousPrefixes = ["gpt-oss-"]
    private static let prefixes = [
        "gpt-", "chatgpt-", "chat-latest", "ft:gpt-", "ft:o", "codex-", "computer-use-", "gpt-audio", "daybreak-",
    ]
    /// Names that count alone or followed by a hyphen.
    private static let families = ["o1", "o3", "o4"]

    private static func isFamily(_ family: String, of id: String) -> Bool {
        id == family || id.hasPrefix(family + "-")
    }
}
