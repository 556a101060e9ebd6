internal import CanonicalJSON

extension ResponsesFormat {
    func body(_ completion: Completion) -> [UInt8] {
        JSONValue.object(response(completion, status: status(completion))).canonicalBytes()
    }

    private func status(_ completion: Completion) -> String {
        switch completion.finish {
        case .stop, .stopText, .refusal: "completed"
        case .length, .contentFilter, .promptBlocked, .resource: "incomplete"
        }
    }

    private func response(_ completion: Completion, status: String) -> JSONObject {
        let request = completion.request
        let reason =
            completion.finish == .length || completion.finish == .resource
            ? "max_output_tokens" : "content_filter"
        let isOver = status == "completed" || status == "incomplete"
        var output: [JSONValue] = []
        if isOver {
            if completion.reasoning != nil { output.append(thought(completion)) }
            output.append(message(completion, status: status))
        }
        var response: JSONObject = [
            "background": false, "created_at": JSONValue(completion.created), "error": .null,
            "id": .string("resp_" + completion.id), "incomplete_details": .null, "instructions": .null,
            "max_output_tokens": request.maxTokens.map { JSONValue($0) } ?? .null, "metadata": [:],
            "model": .string(Personality.snapshot(of: request.model)), "object": "response",
            "output": .array(output), "parallel_tool_calls": true, "previous_response_id": .null,
            "reasoning": ["effort": .null, "summary": .null], "service_tier": "default", "status": .string(status),
            "store": false, "temperature": 1, "text": ["format": ["type": "text"], "verbosity": "medium"],
            "tool_choice": "auto", "tools": [], "top_p": 1, "truncation": "disabled", "usage": .null,
        ]
        response["completed_at"] = status == "completed" ? JSONValue(completion.created + 1) : .null
        if status == "incomplete" { response["incomplete_details"] = ["reason": .string(reason)] }
        if isOver, let usage = completion.usage { response["usage"] = self.usage(usage) }
        return response
    }

    private func usage(_ usage: Completion.Usage) -> JSONValue {
        [
            "input_tokens": JSONValue(usage.input),
            "input_tokens_details": ["cache_write_tokens": 0, "cached_tokens": JSONValue(usage.cached)],
            "output_tokens": JSONValue(usage.billed),
            "output_tokens_details": ["reasoning_tokens": JSONValue(usage.reasoning)],
            "total_tokens": JSONValue(usage.input + usage.billed),
        ]
    }

    private func thought(_ completion: Completion) -> JSONValue {
        let summary = completion.reasoning.map { [["text": .string($0), "type": "summary_text"]] as [JSONValue] }
        return ["id": .string("rs_" + completion.id), "summary": .array(summary ?? []), "type": "reasoning"]
    }

    private func message(_ completion: Completion, status: String) -> JSONValue {
        [
            "content": [part(completion)], "id": .string("msg_" + completion.id), "role": "assistant",
            "status": .string(status), "type": "message",
        ]
    }

    private func part(_ completion: Completion) -> JSONValue {
        completion.finish == .refusal
            ? ["refusal": .string(Completion.refusalText), "type": "refusal"]
            : ["annotations": [], "logprobs": [], "text": .string(completion.text), "type": "output_text"]
    }
}

// MARK: - Streams

extension ResponsesFormat {
    func events(_ completion: Completion) -> [StreamEvent] {
        var stream = Sequence()
        begin(completion, &stream)
        say(completion, &stream)
        let status = status(completion)
        stream.add(
            status == "completed" ? "response.completed" : "response.incomplete",
            ["response": .object(response(completion, status: status))])
        return stream.events
    }

    func failure(after begun: Completion) -> [StreamEvent] {
        var stream = Sequence()
        begin(begun, &stream)
        var started = begun
        started.text = Completion.pieces(of: begun.text).first ?? ""
        let place = begun.reasoning == nil ? 0 : 1
        openMessage(started, place, &stream)
        delta(started, started.text, place, &stream)
        stream.add("error", ["code": "server_error", "message": "The server had an error.", "param": .null])
        return stream.events
    }

    /// Events with their running number.
    private struct Sequence {
        private(set) var events: [StreamEvent] = []

        mutating func add(_ type: String, _ members: JSONObject) {
            var members = members
            members["sequence_number"] = JSONValue(events.count)
            members["type"] = .string(type)
            events.append(StreamEvent(.object(members), name: type))
        }
    }

    private func begin(_ completion: Completion, _ stream: inout Sequence) {
        let started = JSONValue.object(response(completion, status: "in_progress"))
        stream.add("response.created", ["response": started])
        stream.add("response.in_progress", ["response": started])
        guard let reasoning = completion.reasoning else { return }
        let item: JSONValue = ["id": .string("rs_" + completion.id), "summary": [], "type": "reasoning"]
        stream.add("response.output_item.added", ["item": item, "output_index": 0])
        let place: JSONObject = [
            "item_id": .string("rs_" + completion.id), "output_index": 0, "summary_index": 0,
        ]
        stream.add(
            "response.reasoning_summary_part.added", place.with("part", ["text": "", "type": "summary_text"]))
        for piece in Completion.pieces(of: reasoning) {
            stream.add("response.reasoning_summary_text.delta", place.with("delta", .string(piece)))
        }
        stream.add("response.reasoning_summary_text.done", place.with("text", .string(reasoning)))
        stream.add(
            "response.reasoning_summary_part.done",
            place.with("part", ["text": .string(reasoning), "type": "summary_text"]))
        stream.add("response.output_item.done", ["item": thought(completion), "output_index": 0])
    }

    private func place(_ completion: Completion, _ index: Int) -> JSONObject {
        [
            "content_index": 0, "item_id": .string("msg_" + completion.id), "output_index": JSONValue(index),
        ]
    }

    private func openMessage(_ completion: Completion, _ index: Int, _ stream: inout Sequence) {
        let item: JSONValue = [
            "content": [], "id": .string("msg_" + completion.id), "role": "assistant", "status": "in_progress",
            "type": "message",
        ]
        stream.add("response.output_item.added", ["item": item, "output_index": JSONValue(index)])
        let empty: JSONValue =
            completion.finish == .refusal
            ? ["refusal": "", "type": "refusal"]
            : ["annotations": [], "logprobs": [], "text": "", "type": "output_text"]
        stream.add("response.content_part.added", place(completion, index).with("part", empty))
    }

    private func delta(_ completion: Completion, _ piece: String, _ index: Int, _ stream: inout Sequence) {
        var members = place(completion, index).with("delta", .string(piece))
        if completion.request.obfuscates { members["obfuscation"] = .string(String(completion.id.suffix(4))) }
        if completion.finish == .refusal {
            stream.add("response.refusal.delta", members)
        } else {
            members["logprobs"] = []
            stream.add("response.output_text.delta", members)
        }
    }

    private func say(_ completion: Completion, _ stream: inout Sequence) {
        let index = completion.reasoning == nil ? 0 : 1
        let isRefused = completion.finish == .refusal
        let text = isRefused ? Completion.refusalText : completion.text
        openMessage(completion, index, &stream)
        for piece in Completion.pieces(of: text) { delta(completion, piece, index, &stream) }
        let place = place(completion, index)
        if isRefused {
            stream.add("response.refusal.done", place.with("refusal", .string(text)))
        } else {
            stream.add("response.output_text.done", place.with("text", .string(text)).with("logprobs", []))
        }
        stream.add("response.content_part.done", place.with("part", part(completion)))
        stream.add(
            "response.output_item.done",
            ["item": message(completion, status: "completed"), "output_index": JSONValue(index)])
    }
}

extension JSONObject {
    /// The same object with one more member.
    func with(_ key: String, _ value: JSONValue) -> JSONObject {
        var copy = self
        copy[key] = value
        return copy
    }
}
