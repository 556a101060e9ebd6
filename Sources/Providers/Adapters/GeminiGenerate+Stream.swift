internal import CanonicalJSON

extension GeminiGenerate {
    /// Assembles a streamed answer and reads it as the plain form.
    static func assembled(_ body: [UInt8], headers: [String: String]) -> Result<ChatResult, ProviderError> {
        var answer = StreamedAnswer()
        let stream = SSEParser.events(in: body)
        for event in stream.events {
            guard let chunk = try? JSONParser.parse(event.data) else {
                return .failure(.unreadable("an event that isn't JSON", partialText: answer.text))
            }
            guard errorObject(chunk) == nil else {
                return .failure(errorBody(chunk).error(status: 200, headers: headers, partialText: answer.text))
            }
            answer.take(chunk)
        }
        return answer.isComplete && !stream.endsInsideEvent
            ? read(answer.whole)
            : .failure(.unreadable("a stream cut before its end", partialText: answer.text))
    }

    package static func firstToken(in body: [UInt8]) -> Int? {
        SSEParser.events(in: body).events.first { event in
            guard let chunk = try? JSONParser.parse(event.data) else { return false }
            return (chunk["candidates"]?[0]?["content"]?["parts"]?.array ?? [])
                .contains { $0["text"]?.string?.isEmpty == false }
        }?.end
    }
}

/// An answer as far as its chunks have come: texts are continued, everything else is said anew.
private struct StreamedAnswer {
    private var parts: [JSONValue] = []
    private var candidate: JSONObject?
    private var rest: JSONObject = [:]

    mutating func take(_ chunk: JSONValue) {
        for name in ["modelVersion", "promptFeedback", "responseId", "usageMetadata"] {
            if let value = chunk[name], !value.isNull { rest[name] = value }
        }
        guard let next = chunk["candidates"]?[0] else { return }
        parts += next["content"]?["parts"]?.array ?? []
        var merged = candidate ?? [:]
        for name in ["finishMessage", "finishReason"] {
            if let value = next[name], !value.isNull { merged[name] = value }
        }
        candidate = merged
    }

    /// Whether a reason for the end was seen, of the answer or of none being given.
    var isComplete: Bool {
        candidate?["finishReason"]?.string?.isEmpty == false
            || rest["promptFeedback"]?["blockReason"]?.string?.isEmpty == false
    }

    /// What has come of the answer's text.
    var text: String { GeminiGenerate.text(of: parts, thought: false) }

    /// The answer that the plain form would have been.
    var whole: JSONValue {
        var answer = rest
        if var candidate {
            candidate["content"] = ["parts": .array(parts)]
            answer["candidates"] = [.object(candidate)]
        }
        return .object(answer)
    }
}
