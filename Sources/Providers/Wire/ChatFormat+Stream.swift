internal import CanonicalJSON

extension ChatFormat {
    /// The answer that the pieces of a stream are of, in the form that it would have had in one.
    ///
    /// Complete is a stream that told why it finished and isn't cut in the middle of an event. An error in it ends it.
    func assemble(_ body: SSEParser.Body, headers: [String: String]) -> Result<JSONValue, ProviderError> {
        var answer = ChatAssembly()
        for event in body.events {
            if event.data.elementsEqual("[DONE]".utf8) { break }
            guard let chunk = try? JSONParser.parse(event.data), chunk.object != nil else {
                return .failure(.unreadable("an event that is no JSON object", partialText: answer.text))
            }
            if isError(chunk) {
                let error = ErrorBody(chunk).error(
                    status: 200, headers: headers, rules: rules, partialText: answer.text)
                return .failure(error)
            }
            guard answer.take(chunk) else {
                return .failure(.unreadable("content of an unknown form", partialText: answer.text))
            }
        }
        guard answer.isFinished, !body.endsInsideEvent else {
            return .failure(.unreadable("a stream that ends before its answer", partialText: answer.text))
        }
        return .success(answer.value)
    }

    /// Whether a piece is an error: under a name of its own, or (Mistral, older vLLM) the piece itself.
    private func isError(_ chunk: JSONValue) -> Bool {
        chunk["error"].map { !$0.isNull } ?? (chunk["object"]?.string == "error")
    }

    func firstToken(in body: [UInt8]) -> Int? {
        SSEParser.events(in: body).events.first { event in
            guard let chunk = try? JSONParser.parse(event.data), let delta = chunk["choices"]?[0]?["delta"] else {
                return false
            }
            let texts = [
                ChatPieces.text(of: delta["content"]), delta["refusal"]?.string, ChatPieces.reasoning(of: delta),
            ]
            return texts.contains { $0?.isEmpty == false } || !(delta["tool_calls"]?.array ?? []).isEmpty
        }?.end
    }
}

/// Puts an answer together from the pieces of a stream.
private struct ChatAssembly {
    private(set) var text = ""
    private(set) var isFinished = false
    private var hasContent = false
    private var reasoning = ""
    private var refusal = ""
    private var toolCalls: [JSONValue] = []
    private var finishReason: JSONValue?
    private var answer = JSONObject()

    /// Takes the next piece; false if its content has an unknown form.
    mutating func take(_ chunk: JSONValue) -> Bool {
        for name in ["id", "model", "system_fingerprint", "usage"] {
            if let value = chunk[name], !value.isNull { answer[name] = value }
        }
        guard let choice = chunk["choices"]?[0] else { return true }
        if let reason = choice["finish_reason"]?.string, !reason.isEmpty {
            finishReason = .string(reason)
            isFinished = true
        }
        guard let delta = choice["delta"], delta.object != nil else { return true }
        guard let piece = ChatPieces.text(of: delta["content"]) else { return false }
        text += piece
        hasContent = hasContent || delta["content"].map { !$0.isNull } ?? false
        reasoning += ChatPieces.reasoning(of: delta)
        refusal += delta["refusal"]?.string ?? ""
        // Their arguments come in fragments, which nobody reads: that there are calls is what counts.
        toolCalls += delta["tool_calls"]?.array ?? []
        return true
    }

    var value: JSONValue {
        var message: JSONObject = ["role": "assistant", "content": hasContent ? .string(text) : .null]
        message["reasoning_content"] = reasoning.isEmpty ? nil : .string(reasoning)
        message["refusal"] = refusal.isEmpty ? nil : .string(refusal)
        message["tool_calls"] = toolCalls.isEmpty ? nil : .array(toolCalls)
        var choice: JSONObject = ["message": .object(message)]
        choice["finish_reason"] = finishReason
        var answer = answer
        answer["choices"] = [.object(choice)]
        return .object(answer)
    }
}
