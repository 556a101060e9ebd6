/// OpenAI Chat Completions, streamed: what `OpenAIChat` is, and the answer may come in pieces.
package enum OpenAIChatStream: ChatFormatProvider {
    package static let name = OpenAIChat.name
    package static let version = 2

    package static let recordedHeaders = OpenAIChat.recordedHeaders

    package static let format = ChatFormat()
}
