internal import CanonicalJSON
internal import Determinism

extension ChatFormat {
    func body(_ completion: Completion) -> [UInt8] {
        var writer = CanonicalWriter(reservingCapacity: completion.text.utf8.count + 900)
        writer.beginObject()
        writer.field("choices") { writer in
            writer.beginArray()
            writer.element { choice(completion, &$0) }
            writer.endArray()
        }
        writer.field("created", completion.created)
        writer.field("id", id(of: completion))
        writer.field("model", modelAnswered(completion))
        writer.field("object", "chat.completion")
        if wire == .openai { writer.field("service_tier", "default") }
        if wire != .mistral { writer.field("system_fingerprint", completion.fingerprint) }
        if let usage = completion.usage { writer.field("usage") { write(usage, &$0) } }
        writer.endObject()
        return writer.bytes
    }

    private func choice(_ completion: Completion, _ writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("finish_reason", finishReason(completion.finish))
        writer.field("index", 0)
        if wire == .openai || wire == .deepseek { writer.field("logprobs") { $0.writeNull() } }
        writer.field("message") { message(completion, &$0) }
        writer.endObject()
    }

    private func message(_ completion: Completion, _ writer: inout CanonicalWriter) {
        let isRefused = completion.finish == .refusal && wire == .openai
        writer.beginObject()
        if wire == .openai {
            writer.field("annotations") { writer in
                writer.beginArray()
                writer.endArray()
            }
        }
        writer.field("content") { content(completion, &$0) }
        if wire == .xai || wire == .deepseek { writer.optionalField("reasoning_content", completion.reasoning) }
        if wire == .openai || wire == .xai {
            writer.field("refusal") { isRefused ? $0.write(Completion.refusalText) : $0.writeNull() }
        }
        writer.field("role", "assistant")
        if wire == .mistral { writer.field("tool_calls") { $0.writeNull() } }
        writer.endObject()
    }

    private func content(_ completion: Completion, _ writer: inout CanonicalWriter) {
        if completion.finish == .refusal {
            // Only OpenAI has a place of its own for a refusal.
            return wire == .openai ? writer.writeNull() : writer.write(Completion.refusalText)
        }
        guard wire == .mistral, let reasoning = completion.reasoning else { return writer.write(completion.text) }
        writer.write([
            ["closed": true, "thinking": [["text": .string(reasoning), "type": "text"]], "type": "thinking"],
            ["text": .string(completion.text), "type": "text"],
        ])
    }

    func id(of completion: Completion) -> String {
        switch wire {
        case .openai: "chatcmpl-" + completion.id
        case .mistral: String(completion.digest.hex.prefix(32))
        default: completion.dashedID
        }
    }

    /// OpenAI answers under the dated name, the others under the one that was asked for.
    func modelAnswered(_ completion: Completion) -> String {
        let model = completion.request.model
        return wire == .openai ? Personality.snapshot(of: model) : model
    }

    func finishReason(_ finish: Completion.Finish) -> String {
        switch finish {
        case .stop, .stopText, .refusal: "stop"
        case .length: "length"
        case .contentFilter, .promptBlocked: wire == .mistral ? "error" : "content_filter"
        case .resource: wire == .deepseek ? "insufficient_system_resource" : "length"
        }
    }

    func usage(_ usage: Completion.Usage) -> JSONValue {
        var writer = CanonicalWriter()
        write(usage, &writer)
        return (try? JSONParser.parse(writer.bytes)) ?? .null
    }

    private func write(_ usage: Completion.Usage, _ writer: inout CanonicalWriter) {
        // xAI counts reasoning beside the completion, the others within it.
        let completion = wire == .xai ? usage.output : usage.billed
        writer.beginObject()
        writer.field("completion_tokens", completion)
        if wire != .mistral { writer.field("completion_tokens_details") { details(usage, &$0) } }
        if wire == .xai { writer.field("num_sources_used", 0) }
        if wire == .deepseek {
            writer.field("prompt_cache_hit_tokens", usage.cached)
            writer.field("prompt_cache_miss_tokens", usage.input - usage.cached)
        }
        writer.field("prompt_tokens", usage.input)
        if wire != .mistral || usage.cached > 0 {
            writer.field("prompt_tokens_details") { promptDetails(usage, &$0) }
        }
        writer.field("total_tokens", usage.input + usage.billed)
        writer.endObject()
    }

    private func details(_ usage: Completion.Usage, _ writer: inout CanonicalWriter) {
        writer.beginObject()
        if wire != .deepseek {
            writer.field("accepted_prediction_tokens", 0)
            writer.field("audio_tokens", 0)
        }
        writer.field("reasoning_tokens", usage.reasoning)
        if wire != .deepseek { writer.field("rejected_prediction_tokens", 0) }
        writer.endObject()
    }

    private func promptDetails(_ usage: Completion.Usage, _ writer: inout CanonicalWriter) {
        writer.beginObject()
        if wire == .openai || wire == .xai { writer.field("audio_tokens", 0) }
        if wire == .openai { writer.field("cache_write_tokens", 0) }
        writer.field("cached_tokens", usage.cached)
        if wire == .xai {
            writer.field("image_tokens", 0)
            writer.field("text_tokens", usage.input)
        }
        writer.endObject()
    }
}
