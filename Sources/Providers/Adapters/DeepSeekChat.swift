/// DeepSeek: OpenAI's chat format without a seed, and with JSON objects that no schema binds.
///
/// A schema is therefore said in the instructions. Reasoning of earlier turns is never sent back: the API wants it only with
/// tool calls. While a request waits, blank lines come before a JSON body and comments in a stream; both are read over.
package enum DeepSeekChat: ChatFormatProvider {
    package static let name = "deepseek.chat"
    package static let version = 1

    package static let recordedHeaders = [
        "content-type", "date", "retry-after", "retry-after-ms", "server", "x-deepseek-request-id", "x-request-id",
    ]

    package static let format = ChatFormat(
        seedField: nil, schemas: .prompted, requestIDHeaders: ["x-request-id", "x-deepseek-request-id"],
        cacheReadPaths: [["prompt_cache_hit_tokens"], ["prompt_tokens_details", "cached_tokens"]],
        overloads: ["insufficient_system_resource"])
}
