/// The providers that can be named, and which of them a model id belongs to.
package enum ModelCatalogue {
    /// The beginning of all URLs that stand for the server inside the process, whatever port it has.
    package static let simulatedRoot = "http://simulated"

    /// The base URL of the server inside the process where it speaks OpenAI's chat format.
    package static let simulatedBaseURL = simulatedRoot + "/v1"

    /// Every provider, by name.
    package static let providers: [ProviderFacts] = [
        ProviderFacts(
            name: "openai", wire: .openAI, defaultBaseURL: "https://api.openai.com/v1",
            keyVariable: "OPENAI_API_KEY", baseURLVariables: ["OPENAI_BASE_URL"], requiresKey: true,
            tokenLimitField: .maxCompletionTokens,
            padsStreams: true),
        ProviderFacts(
            name: "anthropic", wire: .anthropic, defaultBaseURL: "https://api.anthropic.com",
            keyVariable: "ANTHROPIC_API_KEY", baseURLVariables: ["ANTHROPIC_BASE_URL"], requiresKey: true),
        ProviderFacts(
            name: "google", wire: .google, defaultBaseURL: "https://generativelanguage.googleapis.com",
            keyVariable: "GOOGLE_API_KEY", otherKeyVariables: ["GEMINI_API_KEY"],
            baseURLVariables: ["GOOGLE_GEMINI_BASE_URL"], requiresKey: true),
        ProviderFacts(
            name: "xai", wire: .xai, defaultBaseURL: "https://api.x.ai/v1",
            keyVariable: "XAI_API_KEY", baseURLVariables: ["XAI_API_BASE"], requiresKey: true,
            tokenLimitField: .maxCompletionTokens),
        ProviderFacts(
            name: "deepseek", wire: .deepSeek, defaultBaseURL: "https://api.deepseek.com",
            keyVariable: "DEEPSEEK_API_KEY", baseURLVariables: ["DEEPSEEK_BASE_URL", "DEEPSEEK_API_BASE"],
            requiresKey: true),
        ProviderFacts(
            name: "mistral", wire: .mistral, defaultBaseURL: "https://api.mistral.ai",
            keyVariable: "MISTRAL_API_KEY", requiresKey: true),
        ProviderFacts(
            name: "openai-compatible", wire: .openAI, defaultBaseURL: nil,
            keyVariable: "OPENAI_COMPATIBLE_API_KEY", requiresKey: false),
        ProviderFacts(
            name: "simulated", wire: .openAI, defaultBaseURL: simulatedBaseURL, keyVariable: nil, requiresKey: false),
    ]

    /// Every adapter in every version whose records can be read again.
    package static let adapters: [any LLMProvider.Type] = [
        OpenAIChat.self, OpenAIChatStream.self, OpenAIResponses.self, AnthropicMessages.self, GeminiGenerate.self,
        XAIChat.self, DeepSeekChat.self, MistralChat.self,
    ]

    package static func provider(named name: String) -> ProviderFacts? {
        providers.first { $0.name == name }
    }

    /// The adapter that makes and reads calls of this form.
    ///
    /// OpenAI's chat format in one piece stays with the version that released stores have recorded, so that their runs
    /// can be executed again to the same bytes.
    package static func adapter(named name: String, streams: Bool = false) -> (any LLMProvider.Type)? {
        if streams, name == OpenAIChatStream.name { return OpenAIChatStream.self }
        return adapters.first { $0.name == name }
    }

    /// The variables in which a key may be found that is asked for under one name, the best first.
    package static func keyVariables(standingFor variable: String) -> [String] {
        [variable] + (providers.first { $0.keyVariable == variable }?.otherKeyVariables ?? [])
    }
}
