internal import CanonicalJSON

extension GeminiFormat {
    func body(_ completion: Completion) -> [UInt8] {
        let parts = thoughts(completion.reasoning) + answer(completion.text)
        return JSONValue.object(chunk(completion, parts: parts, isLast: true)).canonicalBytes()
    }

    private func thoughts(_ text: String?) -> [JSONValue] {
        text.map { [["text": .string($0), "thought": true]] } ?? []
    }

    private func answer(_ text: String) -> [JSONValue] {
        text.isEmpty ? [] : [["text": .string(text)]]
    }

    private func chunk(_ completion: Completion, parts: [JSONValue], isLast: Bool) -> JSONObject {
        var chunk: JSONObject = [
            "modelVersion": .string(completion.request.model), "responseId": .string(completion.id),
        ]
        if completion.finish == .promptBlocked {
            chunk["promptFeedback"] = ["blockReason": "PROHIBITED_CONTENT"]
        } else {
            chunk["candidates"] = [.object(candidate(completion, parts: parts, isLast: isLast))]
        }
        if let usage = completion.usage { chunk["usageMetadata"] = .object(self.usage(usage, isLast: isLast)) }
        return chunk
    }

    private func candidate(_ completion: Completion, parts: [JSONValue], isLast: Bool) -> JSONObject {
        var candidate: JSONObject = ["index": 0]
        let isBlocked = completion.finish == .refusal || completion.finish == .contentFilter
        if !parts.isEmpty {
            candidate["content"] = ["parts": .array(parts), "role": "model"]
        } else if !isBlocked {
            // While thinking took all there was, there is a content without parts.
            candidate["content"] = ["role": "model"]
        }
        guard isLast else { return candidate }
        candidate["finishReason"] = .string(finishReason(completion.finish))
        if isBlocked {
            candidate["safetyRatings"] = [
                ["blocked": true, "category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH"]
            ]
        }
        return candidate
    }

    private func finishReason(_ finish: Completion.Finish) -> String {
        switch finish {
        case .stop, .stopText: "STOP"
        case .length, .resource: "MAX_TOKENS"
        case .refusal, .contentFilter, .promptBlocked: "SAFETY"
        }
    }

    /// Zeros are left out, as proto JSON does; what was thought stands beside the candidates.
    private func usage(_ usage: Completion.Usage, isLast: Bool) -> JSONObject {
        var object: JSONObject = [
            "promptTokenCount": JSONValue(usage.input),
            "promptTokensDetails": [["modality": "TEXT", "tokenCount": JSONValue(usage.input)]],
            "totalTokenCount": JSONValue(usage.input + (isLast ? usage.billed : 0)),
        ]
        if usage.cached > 0 { object["cachedContentTokenCount"] = JSONValue(usage.cached) }
        guard isLast else { return object }
        if usage.output > 0 { object["candidatesTokenCount"] = JSONValue(usage.output) }
        if usage.reasoning > 0 { object["thoughtsTokenCount"] = JSONValue(usage.reasoning) }
        return object
    }
}

// MARK: - Streams

extension GeminiFormat {
    func events(_ completion: Completion) -> [StreamEvent] {
        let chunks = chunks(completion)
        guard completion.request.streams == .array else { return chunks.map { StreamEvent(.object($0)) } }
        return chunks.enumerated().map { index, chunk in
            StreamEvent(
                text: (index == 0 ? "[" : ",\n") + JSONValue.object(chunk).text
                    + (index == chunks.count - 1 ? "]" : ""))
        }
    }

    func failure(after begun: Completion) -> [StreamEvent] {
        let first = chunks(begun).first.map { StreamEvent(.object($0)) }
        guard case .json(let error) = self.error(.unavailable).body else { return [] }
        return [first, StreamEvent(error)].compactMap(\.self)
    }

    private func chunks(_ completion: Completion) -> [JSONObject] {
        var parts = Completion.pieces(of: completion.reasoning ?? "").map { thoughts($0) }
        parts += Completion.pieces(of: completion.text).map { answer($0) }
        if parts.isEmpty { parts = [[]] }
        return parts.indices.map { index in
            chunk(completion, parts: parts[index], isLast: index == parts.count - 1)
        }
    }
}
