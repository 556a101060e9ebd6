internal import CanonicalJSON
internal import Determinism

/// The bodies of the simulated provider's responses, in the form of OpenAI's.
///
/// No clock and no counter: ids and times follow from the request's digest, so the same request has the same answer.
enum CompletionWriter {
    /// The first second of 2026; answers are dated within the year that follows.
    private static let firstSecond = 1_767_225_600
    private static let secondsPerYear: UInt64 = 31_536_000

    static func completion(_ answer: AnswerScript.Answer, to request: SimulatedRequest, digest: Digest) -> [UInt8] {
        var writer = CanonicalWriter(reservingCapacity: answer.text.utf8.count + 800)
        let snapshot = Personality.snapshot(of: request.model)
        writer.beginObject()
        writer.field("choices") { writer in
            writer.beginArray()
            writer.element { choice(answer, &$0) }
            writer.endArray()
        }
        writer.field("created", firstSecond + Int(digest.word(1) % secondsPerYear))
        writer.field("id", "chatcmpl-" + digest.hex.prefix(24))
        writer.field("model", snapshot)
        writer.field("object", "chat.completion")
        writer.field("service_tier", "default")
        writer.field("system_fingerprint", "fp_" + Digest(of: snapshot).hex.prefix(10))
        writer.field("usage") { usage(answer, request, &$0) }
        writer.endObject()
        return writer.bytes
    }

    private static func choice(_ answer: AnswerScript.Answer, _ writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("finish_reason", answer.finish)
        writer.field("index", 0)
        writer.field("logprobs") { $0.writeNull() }
        writer.field("message") { writer in
            writer.beginObject()
            writer.field("annotations") { writer in
                writer.beginArray()
                writer.endArray()
            }
            writer.field("content", answer.text)
            writer.field("refusal") { $0.writeNull() }
            writer.field("role", "assistant")
            writer.endObject()
        }
        writer.endObject()
    }

    private static func usage(
        _ answer: AnswerScript.Answer, _ request: SimulatedRequest, _ writer: inout CanonicalWriter
    ) {
        let sizes = request.messages.map { 4 + Tokens.count($0.text) }
        let prompt = sizes.reduce(3, +)
        let completion = Tokens.count(answer.text)
        // What an earlier turn sent is in the cache, in blocks of 128 tokens, once it is long enough.
        let earlier = request.messages.contains { $0.role == "assistant" } ? sizes.dropLast(2).reduce(3, +) : 0
        writer.beginObject()
        writer.field("completion_tokens", completion)
        writer.field("completion_tokens_details") { writer in
            writer.beginObject()
            writer.field("accepted_prediction_tokens", 0)
            writer.field("audio_tokens", 0)
            writer.field("reasoning_tokens", 0)
            writer.field("rejected_prediction_tokens", 0)
            writer.endObject()
        }
        writer.field("prompt_tokens", prompt)
        writer.field("prompt_tokens_details") { writer in
            writer.beginObject()
            writer.field("audio_tokens", 0)
            writer.field("cache_write_tokens", 0)
            writer.field("cached_tokens", earlier >= 1_024 ? earlier / 128 * 128 : 0)
            writer.endObject()
        }
        writer.field("total_tokens", prompt + completion)
        writer.endObject()
    }

    static func error(type: String, code: String?, parameter: String? = nil, message: String) -> [UInt8] {
        let text: (String?) -> JSONValue = { $0.map(JSONValue.string) ?? .null }
        let error: JSONValue = [
            "code": text(code), "message": .string(message), "param": text(parameter), "type": .string(type),
        ]
        return JSONValue.object(["error": error]).canonicalBytes()
    }

    static func models() -> [UInt8] {
        let models = Personality.models.map { name -> JSONValue in
            ["created": JSONValue(firstSecond), "id": .string(name), "object": "model", "owned_by": "simulated"]
        }
        return JSONValue.object(["data": .array(models), "object": "list"]).canonicalBytes()
    }
}
