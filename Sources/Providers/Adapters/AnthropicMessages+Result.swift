internal import CanonicalJSON

extension AnthropicMessages {
    package static func result(
        status: Int, headers: [String: String], body: [UInt8]
    ) -> Result<ChatResult, ProviderError> {
        guard status == 200 else {
            return .failure(errorBody(try? JSONParser.parse(body), bytes: body).error(status: status, headers: headers))
        }
        if SSEParser.isEventStream(headers) { return assembled(body, headers: headers) }
        return AnswerBody.json(body).flatMap { answer in
            guard answer["type"]?.string != "error" else {
                return .failure(errorBody(answer).error(status: status, headers: headers))
            }
            return read(answer, headers: headers)
        }
    }

    /// Beside its type an error may have a code, which says more.
    static func errorBody(_ value: JSONValue?, bytes: [UInt8] = []) -> ErrorBody {
        guard let value else { return ErrorBody(bytes) }
        var body = ErrorBody(value)
        body.code = value["error"]?["details"]?["error_code"]?.string ?? ""
        return body
    }

    /// Reads what must be there strictly and the rest tolerantly; a streamed answer comes here assembled.
    static func read(_ answer: JSONValue, headers: [String: String]) -> Result<ChatResult, ProviderError> {
        guard let blocks = answer["content"]?.array else { return .failure(.unreadable("no content")) }
        var text = ""
        var reasoning: String?
        var callsTools = false
        for block in blocks {
            switch block["type"]?.string {
            case "text":
                guard let piece = block["text"]?.string else {
                    return .failure(.unreadable("a text block without text"))
                }
                text += piece
            case "thinking": reasoning = (reasoning ?? "") + (block["thinking"]?.string ?? "")
            case "tool_use": callsTools = true
            default: break
            }
        }
        let original = answer["stop_reason"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        return .success(
            ChatResult(
                text: text,
                finish: finish(original, callsTools: callsTools),
                finishOriginal: original,
                modelAnswered: answer["model"]?.string,
                responseID: answer["id"]?.string,
                requestID: headers["request-id"],
                usage: usage(answer["usage"]),
                refusal: answer["stop_details"]?["explanation"]?.string.flatMap { $0.isEmpty ? nil : $0 },
                reasoning: reasoning.flatMap { $0.isEmpty ? nil : $0 }))
    }

    private static func finish(_ original: String?, callsTools: Bool) -> FinishReason {
        let finish = original.flatMap { finishReasons[$0] } ?? .unknown
        return callsTools && finish != .refusal ? .toolCalls : finish
    }

    /// `input_tokens` counts neither kind of cached token, `output_tokens` counts thinking.
    private static func usage(_ usage: JSONValue?) -> Usage {
        guard let usage else { return Usage() }
        let cacheRead = TokenCount.read(usage["cache_read_input_tokens"])
        let cacheWrite = TokenCount.read(usage["cache_creation_input_tokens"])
        return Usage(
            input: TokenCount.read(usage["input_tokens"]).map { $0 + (cacheRead ?? 0) + (cacheWrite ?? 0) },
            output: TokenCount.read(usage["output_tokens"]),
            cacheRead: cacheRead,
            cacheWrite: cacheWrite,
            reasoning: TokenCount.read(usage["output_tokens_details"]?["thinking_tokens"]))
    }
}
