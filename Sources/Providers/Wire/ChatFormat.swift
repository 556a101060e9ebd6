internal import CanonicalJSON

/// OpenAI's chat format in the dialect of one provider: the facts in which dialects differ.
package struct ChatFormat: Sendable {
    /// How an answer is made to follow a JSON Schema.
    enum Schemas: Sendable {
        /// The provider enforces the schema.
        case enforced
        /// The provider only promises some JSON object: the schema is said in the instructions.
        case prompted
    }

    var path = "/chat/completions"
    /// Absent where the API has no seed: one that is set isn't sent.
    var seedField: String? = "seed"
    var schemas = Schemas.enforced
    /// What a streamed request says of its stream; absent where the provider knows no such field.
    var streamOptions: JSONObject? = ["include_usage": true]
    /// The `Accept` header of a streamed request.
    var streamAccept = "application/json"
    /// Whether bodies that are streams of events, and no others than these and JSON, are read.
    var readsStreams = true
    /// Headers that hold the request's id, the best first.
    var requestIDHeaders = ["x-request-id"]
    /// Where the number of tokens read from a cache may stand in the usage, the best first.
    var cacheReadPaths = [["prompt_tokens_details", "cached_tokens"]]
    var finishReasons = ChatFormat.finishReasons
    /// Finish reasons that say that the provider's backend gave up: an overload, not an answer.
    var overloads: Set<String> = []
    var rules = ErrorRules.current

    /// Finish reasons of the wire; what isn't here is unknown.
    static let finishReasons: [String: FinishReason] = [
        "stop": .stop,
        "length": .length,
        "content_filter": .contentFilter,
        "tool_calls": .toolCalls,
        "function_call": .toolCalls,
        "insufficient_system_resource": .error,
        "error": .error,
    ]
}
