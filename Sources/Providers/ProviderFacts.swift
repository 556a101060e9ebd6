/// What is known of a provider before anything is asked of it.
package struct ProviderFacts: Sendable, Equatable {
    /// As in the experiment file.
    package let name: String
    /// The format it is spoken to in, unless a model of it needs or an experiment wants another.
    package let wire: WireFormat
    /// Absent where every installation has its own, which must then be given.
    package let defaultBaseURL: String?
    /// The environment variable that holds the key; absent where none is ever sent.
    package let keyVariable: String?
    /// Variables that hold the key where the first one isn't set.
    package let otherKeyVariables: [String]
    /// Environment variables that name another base URL, the best first: those of the official SDKs, or else LiteLLM's.
    package let baseURLVariables: [String]
    /// Whether calls without a key are bound to fail.
    package let requiresKey: Bool
    package let tokenLimitField: Endpoint.TokenLimitField
    package let padsStreams: Bool

    init(
        name: String, wire: WireFormat, defaultBaseURL: String?, keyVariable: String?, otherKeyVariables: [String] = [],
        baseURLVariables: [String] = [],
        requiresKey: Bool, tokenLimitField: Endpoint.TokenLimitField = .maxTokens, padsStreams: Bool = false
    ) {
        self.name = name
        self.wire = wire
        self.defaultBaseURL = defaultBaseURL
        self.keyVariable = keyVariable
        self.otherKeyVariables = otherKeyVariables
        self.baseURLVariables = baseURLVariables
        self.requiresKey = requiresKey
        self.tokenLimitField = tokenLimitField
        self.padsStreams = padsStreams
    }

    /// The adapter that speaks its format.
    package var adapter: String { wire.adapter }

    /// The formats that an experiment may choose among.
    package var wires: [WireFormat] {
        switch name {
        case "simulated": WireFormat.allCases
        case "openai", "openai-compatible": [.openAI, .openAIResponses]
        default: [wire]
        }
    }

    /// The format for a model where the experiment names none: some of OpenAI's are served by the Responses API alone.
    ///
    /// Only for reading experiments: what was recorded without a format was asked in `wire`.
    package func wire(for model: String) -> WireFormat {
        guard name == "openai" else { return wire }
        let parts = model.lowercased().split(separator: "-")
        let isServedByResponsesOnly =
            parts.first == "codex" || parts.starts(with: ["computer", "use"])
            || parts.dropFirst().contains { $0 == "codex" || $0 == "pro" }
            || zip(parts, parts.dropFirst()).contains { $0 == "deep" && $1 == "research" }
        return isServedByResponsesOnly ? .openAIResponses : wire
    }

    /// The endpoint at a base URL, or at the default one; nil where there is no default and none is given.
    package func endpoint(baseURL: String? = nil) -> Endpoint? {
        (baseURL ?? defaultBaseURL).map {
            Endpoint(baseURL: $0, tokenLimitField: tokenLimitField, padsStreams: padsStreams)
        }
    }

    /// The base URL in a format, where none is given.
    package func defaultBaseURL(in wire: WireFormat) -> String? {
        defaultBaseURL == ModelCatalogue.simulatedBaseURL ? wire.simulatedBaseURL : defaultBaseURL
    }
}
