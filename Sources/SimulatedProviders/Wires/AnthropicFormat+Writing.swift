internal import CanonicalJSON

extension AnthropicFormat {
    func body(_ completion: Completion) -> [UInt8] {
        var message = message(completion)
        message["content"] = .array(content(completion))
        message["stop_reason"] = .string(stopReason(completion.finish))
        message["stop_sequence"] = stopSequence(completion)
        if completion.finish == .refusal { message["stop_details"] = Self.refusal }
        if let usage = completion.usage { message["usage"] = .object(self.usage(usage, output: usage.billed)) }
        return JSONValue.object(message).canonicalBytes()
    }

    private func message(_ completion: Completion) -> JSONObject {
        let name = Personality.snapshot(of: completion.request.model)
        return [
            "content": [], "id": .string("msg_" + completion.id), "model": .string(name), "role": "assistant",
            "stop_reason": .null, "stop_sequence": .null, "type": "message",
        ]
    }

    private func content(_ completion: Completion) -> [JSONValue] {
        var blocks: [JSONValue] = []
        if let reasoning = completion.reasoning {
            blocks.append(
                ["signature": .string(signature(completion)), "thinking": .string(reasoning), "type": "thinking"])
        }
        if !completion.text.isEmpty { blocks.append(["text": .string(completion.text), "type": "text"]) }
        return blocks
    }

    private func signature(_ completion: Completion) -> String { completion.id }

    private func stopReason(_ finish: Completion.Finish) -> String {
        switch finish {
        case .stop: "end_turn"
        case .stopText: "stop_sequence"
        case .length, .resource: "max_tokens"
        case .refusal, .contentFilter, .promptBlocked: "refusal"
        }
    }

    private func stopSequence(_ completion: Completion) -> JSONValue {
        if case .stopText(let text) = completion.finish { .string(text) } else { .null }
    }

    private static let refusal: JSONValue = ["category": "general_harms", "explanation": .null, "type": "refusal"]

    /// What came from the cache isn't part of `input_tokens` here.
    private func usage(_ usage: Completion.Usage, output: Int) -> JSONObject {
        var object: JSONObject = [
            "cache_creation": ["ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0],
            "cache_creation_input_tokens": 0, "cache_read_input_tokens": JSONValue(usage.cached),
            "input_tokens": JSONValue(usage.input - usage.cached), "output_tokens": JSONValue(output),
            "service_tier": "standard",
        ]
        if usage.reasoning > 0 {
            object["output_tokens_details"] = ["thinking_tokens": JSONValue(usage.reasoning)]
        }
        return object
    }
}

// MARK: - Streams

extension AnthropicFormat {
    func events(_ completion: Completion) -> [StreamEvent] {
        var events = [opening(completion)]
        var index = 0
        if let reasoning = completion.reasoning {
            let deltas = Completion.pieces(of: reasoning).map {
                ["thinking": .string($0), "type": "thinking_delta"] as JSONObject
            }
            let signature: JSONObject = ["signature": .string(signature(completion)), "type": "signature_delta"]
            events += block(
                index, ["signature": "", "thinking": "", "type": "thinking"], deltas: deltas + [signature])
            index += 1
        }
        if !completion.text.isEmpty {
            events += block(index, ["text": "", "type": "text"], deltas: textDeltas(completion.text), pings: true)
        }
        events.append(closing(completion))
        return events + [event("message_stop", [:])]
    }

    func failure(after begun: Completion) -> [StreamEvent] {
        let deltas = Array(textDeltas(begun.text).prefix(1))
        let started = block(0, ["text": "", "type": "text"], deltas: deltas, pings: true).dropLast()
        let error: JSONObject = [
            "error": ["message": "Overloaded", "type": "overloaded_error"], "request_id": .string("req_" + begun.id),
        ]
        return [opening(begun)] + started + [event("error", error)]
    }

    private func opening(_ completion: Completion) -> StreamEvent {
        var message = message(completion)
        if let usage = completion.usage {
            var counts = usage
            counts.reasoning = 0
            message["usage"] = .object(self.usage(counts, output: 1))
        }
        return event("message_start", ["message": .object(message)])
    }

    private func closing(_ completion: Completion) -> StreamEvent {
        var delta: JSONObject = [
            "stop_reason": .string(stopReason(completion.finish)), "stop_sequence": stopSequence(completion),
        ]
        if completion.finish == .refusal { delta["stop_details"] = Self.refusal }
        var members: JSONObject = ["delta": .object(delta)]
        if let usage = completion.usage { members["usage"] = .object(self.usage(usage, output: usage.billed)) }
        return event("message_delta", members)
    }

    private func textDeltas(_ text: String) -> [JSONObject] {
        Completion.pieces(of: text).map { ["text": .string($0), "type": "text_delta"] }
    }

    private func block(
        _ index: Int, _ start: JSONValue, deltas: [JSONObject], pings: Bool = false
    ) -> [StreamEvent] {
        let place = JSONValue(index)
        var events = [event("content_block_start", ["content_block": start, "index": place])]
        if pings { events.append(event("ping", [:])) }
        events += deltas.map { event("content_block_delta", ["delta": .object($0), "index": place]) }
        return events + [event("content_block_stop", ["index": place])]
    }

    private func event(_ type: String, _ members: JSONObject) -> StreamEvent {
        StreamEvent(.object(members.with("type", .string(type))), name: type)
    }
}
