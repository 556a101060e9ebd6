internal import CanonicalJSON

extension ChatFormat {
    func result(status: Int, headers: [String: String], body: [UInt8]) -> Result<ChatResult, ProviderError> {
        guard status == 200 else {
            return .failure(ErrorBody(body).error(status: status, headers: headers, rules: rules))
        }
        let read = readsStreams ? AnswerBody.read(body, headers: headers) : AnswerBody.json(body).map { .value($0) }
        switch read {
        case .failure(let error): return .failure(error)
        case .success(.events(let events)): return assemble(events, headers: headers).flatMap { self.read($0, headers) }
        case .success(.value(let answer)):
            // Some gateways answer 200 before they know that they will fail.
            if let failure = answer["error"], !failure.isNull, answer["choices"] == nil {
                return .failure(ErrorBody(answer).error(status: status, headers: headers, rules: rules))
            }
            return self.read(answer, headers)
        }
    }

    /// Reads what must be there strictly and the rest tolerantly: compatible servers leave much out.
    private func read(_ answer: JSONValue, _ headers: [String: String]) -> Result<ChatResult, ProviderError> {
        guard let choice = answer["choices"]?[0] else { return .failure(.unreadable("no choices")) }
        guard let message = choice["message"], message.object != nil else {
            return .failure(.unreadable("no message in the first choice"))
        }
        guard let text = ChatPieces.text(of: message["content"]) else {
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
        if let original, overloads.contains(original) {
            return .failure(
                ProviderError(class: .overloaded, detail: "HTTP 200, finish \(original)", partialText: text))
        }
        let reasoning = ChatPieces.reasoning(of: message)
        return .success(
            ChatResult(
                text: text,
                finish: finish(refusal: refusal, callsTools: callsTools, original: original),
                finishOriginal: original,
                modelAnswered: answer["model"]?.string,
                systemFingerprint: answer["system_fingerprint"]?.string,
                responseID: answer["id"]?.string,
                requestID: requestIDHeaders.lazy.compactMap { headers[$0] }.first,
                usage: usage(answer["usage"]),
                refusal: refusal,
                reasoning: reasoning.isEmpty ? nil : reasoning))
    }

    private func finish(refusal: String?, callsTools: Bool, original: String?) -> FinishReason {
        if refusal != nil { return .refusal }
        if callsTools { return .toolCalls }
        return original.flatMap { finishReasons[$0] } ?? .unknown
    }

    /// Reasoning is a part of the completion, except where the sum of the parts shows that it was counted beside it.
    private func usage(_ usage: JSONValue?) -> Usage {
        guard let usage else { return Usage() }
        let input = TokenCount.read(usage["prompt_tokens"])
        let completion = TokenCount.read(usage["completion_tokens"])
        let reasoning = TokenCount.read(usage["completion_tokens_details"]?["reasoning_tokens"])
        var output = completion
        if let input, let completion, let reasoning, reasoning > 0,
            let total = TokenCount.read(usage["total_tokens"]), total == input + completion + reasoning
        {
            output = completion + reasoning
        }
        let cacheReads = cacheReadPaths.lazy.compactMap { path in
            TokenCount.read(path.reduce(usage) { $0[$1] ?? .null })
        }
        return Usage(
            input: input,
            output: output,
            cacheRead: cacheReads.first,
            cacheWrite: TokenCount.read(usage["prompt_tokens_details"]?["cache_write_tokens"]),
            reasoning: reasoning)
    }
}

/// What a message, or a piece of one, says: they have the same members.
enum ChatPieces {
    /// The text of a string, of nothing (refusals, tool calls), or of a list of parts; nil for any other form.
    static func text(of content: JSONValue?) -> String? {
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

    /// The reasoning, which stands beside the content or, at Mistral, among its parts.
    static func reasoning(of message: JSONValue) -> String {
        let beside = message["reasoning_content"]?.string ?? message["reasoning"]?.string ?? ""
        return (message["content"]?.array ?? []).reduce(into: beside) { reasoning, part in
            guard part["type"]?.string == "thinking" else { return }
            reasoning += text(of: part["thinking"]) ?? ""
        }
    }
}
