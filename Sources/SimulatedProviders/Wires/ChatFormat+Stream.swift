internal import CanonicalJSON

extension ChatFormat {
    func events(_ completion: Completion) -> [StreamEvent] {
        let request = completion.request
        var events = opening(completion)
        events += deltas(completion).map { chunk(completion, delta: $0) }
        // DeepSeek and Mistral tell the usage with the end, the others behind it.
        let tellsWithEnd = wire == .deepseek || wire == .mistral
        let usage = completion.usage.map(self.usage)
        let empty: JSONObject = tellsWithEnd ? ["content": ""] : [:]
        events.append(
            chunk(
                completion, delta: empty, finish: finishReason(completion.finish), usage: tellsWithEnd ? usage : nil))
        if let usage, wire == .xai || (wire == .openai && request.includesUsage) {
            events.append(chunk(completion, delta: nil, usage: usage))
        }
        return events + [.done]
    }

    func failure(after begun: Completion) -> [StreamEvent] {
        let first = deltas(begun).prefix(1).map { chunk(begun, delta: $0) }
        guard case .json(let error) = self.error(.internalError).body else { return first }
        return opening(begun) + first + [StreamEvent(error)]
    }

    private func opening(_ completion: Completion) -> [StreamEvent] {
        var delta: JSONObject = ["content": "", "role": "assistant"]
        if wire == .openai { delta["refusal"] = .null }
        if wire == .openai && completion.finish == .refusal {
            delta = ["content": .null, "refusal": "", "role": "assistant"]
        }
        let waiting = wire == .deepseek ? [StreamEvent.keepAlive, .keepAlive] : []
        return waiting + [chunk(completion, delta: delta)]
    }

    private func deltas(_ completion: Completion) -> [JSONObject] {
        var deltas: [JSONObject] = []
        if let reasoning = completion.reasoning {
            switch wire {
            case .mistral:
                deltas += Completion.pieces(of: reasoning).map {
                    thinking([["text": .string($0), "type": "text"]], false)
                }
                deltas.append(thinking([], true))
            case .xai, .deepseek:
                deltas += Completion.pieces(of: reasoning).map { ["content": .null, "reasoning_content": .string($0)] }
            default: break
            }
        }
        if completion.finish == .refusal {
            let name = wire == .openai ? "refusal" : "content"
            return deltas + Completion.pieces(of: Completion.refusalText).map { [name: .string($0)] }
        }
        return deltas + Completion.pieces(of: completion.text).map { ["content": .string($0)] }
    }

    private func thinking(_ parts: [JSONValue], _ isClosed: Bool) -> JSONObject {
        ["content": [["closed": .bool(isClosed), "thinking": .array(parts), "type": "thinking"]]]
    }

    private func chunk(
        _ completion: Completion, delta: JSONObject?, finish: String? = nil, usage: JSONValue? = nil
    ) -> StreamEvent {
        var chunk: JSONObject = [
            "created": JSONValue(completion.created), "id": .string(id(of: completion)),
            "model": .string(modelAnswered(completion)), "object": "chat.completion.chunk",
        ]
        if let delta {
            var choice: JSONObject = [
                "delta": .object(delta), "finish_reason": finish.map(JSONValue.string) ?? .null, "index": 0,
            ]
            if wire == .openai || wire == .deepseek { choice["logprobs"] = .null }
            chunk["choices"] = [.object(choice)]
        } else {
            chunk["choices"] = []
        }
        if wire == .openai { chunk["service_tier"] = "default" }
        if wire != .mistral { chunk["system_fingerprint"] = .string(completion.fingerprint) }
        if completion.request.includesUsage && wire == .openai { chunk["usage"] = .null }
        if let usage { chunk["usage"] = usage }
        if completion.request.obfuscates { chunk["obfuscation"] = .string(String(completion.id.suffix(4))) }
        return StreamEvent(.object(chunk))
    }
}
