internal import CanonicalJSON

extension OpenAIChat {
    package static func result(
        status: Int, headers: [String: String], body: [UInt8]
    ) -> Result<ChatResult, ProviderError> {
        guard status == 200 else {
            return .failure(ErrorBody(body).error(status: status, headers: headers, rules: .openAIChat1))
        }
        let answer: JSONValue
        do throws(JSONError) {
            answer = try JSONParser.parse(body)
        } catch {
            return .failure(.unreadable("not JSON at byte \(error.offset)"))
        }
        // Some gateways answer 200 before they know that they will fail.
        if let failure = answer["error"], !failure.isNull, answer["choices"] == nil {
            return .failure(ErrorBody(answer).error(status: status, headers: headers, rules: .openAIChat1))
        }
        return read(answer, requestID: headers["x-request-id"])
    }

    /// Reads what must be there strictly and the rest tolerantly: compatible servers leave much out.
    private static func read(_ answer: JSONValue, requestID: String?) -> Result<ChatResult, ProviderError> {
        guard let choice = answer["choices"]?[0] else { return .failure(.unreadable("no choices")) }
        guard let message = choice["message"], message.object != nil else {
            return .failure(.unreadable("no message in the first choice"))
        }
        guard let text = text(of: message["content"]) else {
            return .failure(.unreadable("content of an unknown form"))
        }
        let refusal = message["refusal"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        let callsTools =
            !(message["tool_calls"]?.array ?? []).isEmpty || message["function_call"]?.object != nil
        let original = choice["finish_reason"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        // Neither content nor anything in its place: the member is missing altogether.
        if message["content"] == nil, refusal == nil, !callsTools {
            return .failure(.unreadable("a message without content"))
        }
        return .success(
            ChatResult(
                text: text,
                finish: finish(refusal: refusal, callsTools: callsTools, original: original),
                finishOriginal: original,
                modelAnswered: answer["model"]?.string,
                systemFingerprint: answer["system_fingerprint"]?.string,
                responseID: answer["id"]?.string,
                requestID: requestID,
                usage: usage(answer["usage"]),
                refusal: refusal))
    }

    /// The text of a string, of nothing (refusals, tool calls), or of a list of parts; nil for any other form.
    private static func text(of content: JSONValue?) -> String? {
        switch content {
        case nil, .null: ""
        case .string(let text): text
        case .array(let parts):
            parts.reduce(into: "") { text, part in
                text += part.string ?? part["text"]?.string ?? ""
            }
        case .bool, .number, .object: nil
        }
    }

    private static func finish(refusal: String?, callsTools: Bool, original: String?) -> FinishReason {
        if refusal != nil { return .refusal }
        if callsTools { return .toolCalls }
        return original.flatMap { finishReasons[$0] } ?? .unknown
    }

    /// Reasoning is a part of the completion, except where the sum of the parts shows that it was counted beside it.
    private static func usage(_ usage: JSONValue?) -> Usage {
        guard let usage else { return Usage() }
        let input = count(usage["prompt_tokens"])
        let completion = count(usage["completion_tokens"])
        let reasoning = count(usage["completion_tokens_details"]?["reasoning_tokens"])
        var output = completion
        if let input, let completion, let reasoning, reasoning > 0, let total = count(usage["total_tokens"]),
            total == input + completion + reasoning
        {
            output = completion + reasoning
        }
        return Usage(
            input: input,
            output: output,
            cacheRead: count(usage["prompt_tokens_details"]?["cached_tokens"]),
            cacheWrite: count(usage["prompt_tokens_details"]?["cache_write_tokens"]),
            reasoning: reasoning)
    }

    /// A number of tokens: not negative, and small enough that sums of a few can't overflow anything.
    private static func count(_ value: JSONValue?) -> Int? {
        value?.int.flatMap { (0...1_000_000_000_000).contains($0) ? $0 : nil }
    }
}
