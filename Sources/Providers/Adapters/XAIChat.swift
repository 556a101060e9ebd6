/// xAI's Grok: OpenAI's chat format, with reasoning counted beside the completion and errors that are strings.
package enum XAIChat: ChatFormatProvider {
    package static let name = "xai.chat"
    package static let version = 1

    package static let recordedHeaders = [
        "content-type", "date", "retry-after", "retry-after-ms", "server", "x-ratelimit-limit-requests",
        "x-ratelimit-limit-tokens", "x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "x-request-id",
    ]

    package static let format = ChatFormat()
}
