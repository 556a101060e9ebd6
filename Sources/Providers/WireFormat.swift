/// A format in which providers are spoken to.
package enum WireFormat: String, Sendable, Equatable, CaseIterable {
    case openAI = "openai"
    case openAIResponses = "openai-responses"
    case anthropic
    case google
    case xai
    case deepSeek = "deepseek"
    case mistral

    /// The name of the adapter that speaks it.
    package var adapter: String {
        switch self {
        case .openAI: OpenAIChat.name
        case .openAIResponses: OpenAIResponses.name
        case .anthropic: AnthropicMessages.name
        case .google: GeminiGenerate.name
        case .xai: XAIChat.name
        case .deepSeek: DeepSeekChat.name
        case .mistral: MistralChat.name
        }
    }

    /// Where the server inside the process speaks it: a URL that stands for the server, whatever port it has.
    ///
    /// The path behind the name is the one at which the real provider's begins. OpenAI's has been recorded without a name
    /// of its own.
    package var simulatedBaseURL: String {
        switch self {
        case .openAI: ModelCatalogue.simulatedBaseURL
        case .openAIResponses: ModelCatalogue.simulatedRoot + "/openai/v1"
        case .xai: ModelCatalogue.simulatedRoot + "/xai/v1"
        case .anthropic, .google, .deepSeek, .mistral: ModelCatalogue.simulatedRoot + "/" + rawValue
        }
    }
}
