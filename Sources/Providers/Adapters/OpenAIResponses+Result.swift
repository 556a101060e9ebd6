internal import CanonicalJSON

extension OpenAIResponses {
    package static func result(
        status: Int, headers: [String: String], body: [UInt8]
    ) -> Result<ChatResult, ProviderError> {
        guard status == 200 else { return .failure(ErrorBody(body).error(status: status, headers: headers)) }
        switch AnswerBody.read(body, headers: headers) {
        case .failure(let error): return .failure(error)
        case .success(.events(let events)): return assembled(events, headers: headers)
        case .success(.value(let response)): return read(response, headers: headers)
        }
    }

    /// Reads a response object; one that failed is an error, though its status was 200.
    static func read(
        _ response: JSONValue, headers: [String: String], partialText: String? = nil
    ) -> Result<ChatResult, ProviderError> {
        if let failure = response["error"], !failure.isNull {
            let error = ErrorBody(["error": failure]).error(status: 200, headers: headers, partialText: partialText)
            return .failure(error)
        }
        if response["status"]?.string == "failed" {
            return .failure(ErrorBody().error(status: 200, headers: headers, partialText: partialText))
        }
        guard let status = response["status"]?.string, let output = response["output"]?.array else {
            return .failure(.unreadable("no status and output", partialText: partialText))
        }
        guard ["completed", "incomplete", "cancelled"].contains(status) else {
            return .failure(.unreadable("a response that isn't finished", partialText: partialText))
        }
        let said = Output(output)
        let original = response["incomplete_details"]?["reason"]?.string ?? status
        return .success(
            ChatResult(
                text: said.text,
                finish: finish(said, status: status, original: original),
                finishOriginal: original,
                modelAnswered: response["model"]?.string,
                systemFingerprint: response["system_fingerprint"]?.string,
                responseID: response["id"]?.string,
                requestID: headers["x-request-id"],
                usage: usage(response["usage"]),
                refusal: said.refusal.isEmpty ? nil : said.refusal,
                reasoning: said.reasoning.isEmpty ? nil : said.reasoning.joined(separator: "\n\n")))
    }

    private static func finish(_ said: Output, status: String, original: String) -> FinishReason {
        if !said.refusal.isEmpty { return .refusal }
        if said.callsTools { return .toolCalls }
        return status == "completed" ? .stop : incompleteReasons[original] ?? .error
    }

    private static func usage(_ usage: JSONValue?) -> Usage {
        guard let usage else { return Usage() }
        return Usage(
            input: TokenCount.read(usage["input_tokens"]),
            output: TokenCount.read(usage["output_tokens"]),
            cacheRead: TokenCount.read(usage["input_tokens_details"]?["cached_tokens"]),
            cacheWrite: TokenCount.read(usage["input_tokens_details"]?["cache_write_tokens"]),
            reasoning: TokenCount.read(usage["output_tokens_details"]?["reasoning_tokens"]))
    }

    /// What the items of an output say together; items and parts of unknown types say nothing.
    private struct Output {
        var text = ""
        var refusal = ""
        /// Summaries of the reasoning, or the reasoning itself.
        var reasoning: [String] = []
        var callsTools = false

        init(_ items: [JSONValue]) {
            for item in items {
                switch item["type"]?.string {
                case "message": for part in item["content"]?.array ?? [] { take(part) }
                case "reasoning":
                    let parts = (item["summary"]?.array ?? []) + (item["content"]?.array ?? [])
                    reasoning += parts.compactMap { $0["text"]?.string }.filter { !$0.isEmpty }
                case "function_call", "custom_tool_call": callsTools = true
                default: break
                }
            }
        }

        private mutating func take(_ part: JSONValue) {
            switch part["type"]?.string {
            case "output_text": text += part["text"]?.string ?? ""
            case "refusal": refusal += part["refusal"]?.string ?? ""
            default: break
            }
        }
    }
}
