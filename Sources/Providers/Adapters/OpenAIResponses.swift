/// OpenAI's Responses API, the only one for some models.
///
/// The API has neither seed nor stop texts: a seed that is set isn't sent; a stop text would change the answer, so a
/// request with one isn't sent at all. Nothing is stored at the provider unless the user says so, where its own default
/// is to store.
package enum OpenAIResponses: LLMProvider {
    package static let name = "openai.responses"
    package static let version = 1

    static let path = "/responses"

    package static let recordedHeaders = OpenAIChat.recordedHeaders

    package static func objection(to chat: ChatRequest) -> String? {
        chat.parameters.stop.isEmpty
            ? nil : "the Responses API takes no stop texts: leave them out, or ask with api: chat"
    }

    /// Why an answer that is incomplete ended, in the words of the wire; what isn't here is an error.
    static let incompleteReasons: [String: FinishReason] = [
        "max_output_tokens": .length,
        "content_filter": .contentFilter,
    ]
}
