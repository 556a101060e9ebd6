package import Calls
package import Providers

/// A model as a run asks it: where it is, with which parameters, and on which terms.
package struct AskedModel: Sendable {
    /// As in the run's definition.
    package let provider: String
    package let adapter: any LLMProvider.Type
    package let endpoint: Endpoint
    /// The environment variable with the key; nil where none is sent.
    package let keyVariable: String?
    /// The provider's own id.
    package let model: String
    package let parameters: ChatParameters
    /// Whether answers are asked for in pieces, as they are written.
    package let streams: Bool
    package let terms: CallTerms

    package init(
        provider: String, adapter: any LLMProvider.Type, endpoint: Endpoint, keyVariable: String?, model: String,
        parameters: ChatParameters, streams: Bool = false, terms: CallTerms
    ) {
        self.provider = provider
        self.adapter = adapter
        self.endpoint = endpoint
        self.keyVariable = keyVariable
        self.model = model
        self.parameters = parameters
        self.streams = streams
        self.terms = terms
    }

    /// What to ask it next in a conversation.
    package func question(_ id: CallID, _ purpose: CallPurpose, turn: Int, _ messages: [ChatMessage]) -> Question {
        Question(
            id: id, purpose: purpose, turn: turn, provider: provider, adapter: adapter, endpoint: endpoint,
            keyVariable: keyVariable,
            chat: ChatRequest(model: model, messages: messages, parameters: parameters, streams: streams),
            terms: terms)
    }
}
