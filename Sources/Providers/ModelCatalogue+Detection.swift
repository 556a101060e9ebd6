/// A model whose provider is known.
package struct DetectedModel: Sendable, Equatable {
    package let provider: ProviderFacts
    /// The model's id as the provider knows it.
    package let model: String
}

/// Why a model id doesn't say whose model it is.
package enum DetectionError: Error, Sendable, Equatable {
    case unknown(String)
    /// More than one provider has, or may have, a model of this name.
    case ambiguous(String, candidates: [String])
}

extension DetectionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknown(let id):
            "no provider is known for the model “\(id)”; name it, as in openai-compatible/\(id)"
        case .ambiguous(let id, let candidates):
            "the model “\(id)” may be of several providers; say which: "
                + candidates.map { "\($0)/\(id)" }.joined(separator: " or ")
        }
    }
}

extension ModelCatalogue {
    /// The provider of a model, and the model's id there.
    ///
    /// `provider/model` wins if what stands before the first slash is a provider; ids of models may contain slashes too.
    /// Otherwise the longest beginning that is known decides, without regard to case.
    package static func detect(_ id: String) throws(DetectionError) -> DetectedModel {
        if let slash = id.firstIndex(of: "/"), let facts = provider(named: String(id[..<slash])) {
            let model = String(id[id.index(after: slash)...])
            guard !model.isEmpty else { throw .unknown(id) }
            return DetectedModel(provider: facts, model: model)
        }
        let lower = id.lowercased()
        if let candidates = candidates(for: lower) { throw .ambiguous(id, candidates: candidates) }
        let longest = prefixes.filter { isPrefix($0.prefix, of: lower) }.max { $0.prefix.count < $1.prefix.count }
        guard let longest, let facts = provider(named: longest.provider) else { throw .unknown(id) }
        return DetectedModel(provider: facts, model: id)
    }

    /// Who may have a model that several have; nil if its name is nobody else's.
    private static func candidates(for id: String) -> [String]? {
        if let match = ambiguousPrefixes.first(where: { id.hasPrefix($0.prefix) }) { return match.candidates }
        // `name:tag` is Ollama's form, except for OpenAI's fine-tuned models; `owner/name` is Hugging Face's.
        let isTagged = id.contains(":") && !id.hasPrefix("ft:")
        let isOwned = id.contains("/") && !id.hasPrefix("models/gemini-")
        return isTagged || isOwned ? ["openai-compatible"] : nil
    }

    /// Open weights that many hosts serve, and names that two providers use.
    private static let ambiguousPrefixes: [(prefix: String, candidates: [String])] = [
        ("gpt-oss-", ["openai-compatible"]),
        ("gemma-", ["google", "openai-compatible"]),
        ("deepseek-r1", ["deepseek", "openai-compatible"]),
        ("deepseek-coder", ["deepseek", "openai-compatible"]),
        ("deepseek-v4-1-flash-1017", ["deepseek", "mistral"]),
        ("glm-", ["openai-compatible"]),
        ("zai-", ["openai-compatible"]),
        ("llama", ["openai-compatible"]),
        ("qwen", ["openai-compatible"]),
        ("phi", ["openai-compatible"]),
        ("mixtral-", ["mistral", "openai-compatible"]),
    ]

    private static let prefixes: [(prefix: String, provider: String)] =
        of("openai", families + ["gpt-", "chatgpt-", "chat-latest", "ft:gpt-", "ft:o", "codex-", "computer-use-"])
        + of("openai", ["gpt-audio", "daybreak-"])
        + of("anthropic", ["claude-"])
        + of("google", ["gemini-", "models/gemini-", "learnlm-"])
        + of("xai", ["grok-"])
        + of("deepseek", ["deepseek-flash", "deepseek-v", "deepseek-chat", "deepseek-reasoner"])
        + of("mistral", ["mistral-", "ministral-", "magistral-", "codestral-", "devstral-", "pixtral-", "voxtral-"])
        + of("mistral", ["open-mistral-", "open-mixtral-", "labs-leanstral-"])
        + of("simulated", ["sim-"])

    /// Names that count alone or followed by a hyphen.
    private static let families = ["o1", "o3", "o4"]

    private static func of(_ provider: String, _ prefixes: [String]) -> [(prefix: String, provider: String)] {
        prefixes.map { ($0, provider) }
    }

    private static func isPrefix(_ prefix: String, of id: String) -> Bool {
        families.contains(prefix) ? id == prefix || id.hasPrefix(prefix + "-") : id.hasPrefix(prefix)
    }
}
