internal import CanonicalJSON

extension OpenAIResponses {
    /// The last event of a stream holds the whole response; the pieces before it matter only if it never comes.
    static func assembled(_ body: SSEParser.Body, headers: [String: String]) -> Result<ChatResult, ProviderError> {
        var text = ""
        for event in body.events {
            guard let value = try? JSONParser.parse(event.data), value.object != nil else {
                if event.data.elementsEqual("[DONE]".utf8) { break }
                return .failure(.unreadable("an event that is no JSON object", partialText: text))
            }
            switch value["type"]?.string ?? event.event {
            case "response.output_text.delta": text += value["delta"]?.string ?? ""
            case "response.completed", "response.incomplete", "response.failed", "response.cancelled":
                return read(value["response"] ?? .null, headers: headers, partialText: text)
            case "error":
                // Documented is an event with the error's own fields; sent is one with an error object, too.
                return .failure(ErrorBody(value).error(status: 200, headers: headers, partialText: text))
            default: break
            }
        }
        return .failure(.unreadable("a stream that ends before its answer", partialText: text))
    }

    package static func firstToken(in body: [UInt8]) -> Int? {
        let pieces = [
            "response.output_text.delta", "response.refusal.delta", "response.reasoning_summary_text.delta",
            "response.reasoning_text.delta",
        ]
        return SSEParser.events(in: body).events.first { event in
            guard let value = try? JSONParser.parse(event.data) else { return false }
            return pieces.contains(value["type"]?.string ?? "") && value["delta"]?.string?.isEmpty == false
        }?.end
    }
}
