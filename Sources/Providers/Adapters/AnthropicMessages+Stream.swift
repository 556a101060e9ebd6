internal import CanonicalJSON

extension AnthropicMessages {
    /// Assembles a streamed answer and reads it as the plain form.
    static func assembled(_ body: [UInt8], headers: [String: String]) -> Result<ChatResult, ProviderError> {
        var message = StreamedMessage()
        for event in SSEParser.events(in: body).events {
            guard let value = try? JSONParser.parse(event.data) else {
                return .failure(.unreadable("an event that isn't JSON", partialText: message.text))
            }
            switch value["type"]?.string {
            case "error":
                return .failure(
                    errorBody(value).error(status: 200, headers: headers, partialText: message.text))
            case "message_stop":
                guard let answer = message.answer else {
                    return .failure(.unreadable("a stream without its start", partialText: message.text))
                }
                return read(answer, headers: headers)
            default: message.take(value)
            }
        }
        return .failure(.unreadable("a stream cut before its end", partialText: message.text))
    }

    package static func firstToken(in body: [UInt8]) -> Int? {
        SSEParser.events(in: body).events.first { event in
            guard let delta = (try? JSONParser.parse(event.data))?["delta"] else { return false }
            return ["text", "thinking"].contains { delta[$0]?.string?.isEmpty == false }
        }?.end
    }
}

/// A message as far as its events have come.
private struct StreamedMessage {
    private var start: JSONObject?
    private var blocks: [Block] = []

    private struct Block {
        let index: Int
        var type: String
        var text: String
    }

    mutating func take(_ event: JSONValue) {
        switch event["type"]?.string {
        case "message_start": start = event["message"]?.object
        case "content_block_start":
            guard let block = event["content_block"], let type = block["type"]?.string else { return }
            let text = block["text"]?.string ?? block["thinking"]?.string ?? ""
            blocks.append(Block(index: event["index"]?.int ?? blocks.count, type: type, text: text))
        case "content_block_delta": take(event["delta"], of: event["index"]?.int)
        case "message_delta": takeEnd(event)
        default: break
        }
    }

    private mutating func take(_ delta: JSONValue?, of index: Int?) {
        guard let text = delta?["text"]?.string ?? delta?["thinking"]?.string,
            let place = blocks.lastIndex(where: { $0.index == index })
        else { return }
        blocks[place].text += text
    }

    /// The counts of the end replace those of the start: they are sums, not increments.
    private mutating func takeEnd(_ event: JSONValue) {
        for name in ["stop_details", "stop_reason", "stop_sequence"] {
            if let value = event["delta"]?[name] { start?[name] = value }
        }
        guard let counts = event["usage"]?.object else { return }
        var usage = start?["usage"]?.object ?? [:]
        for (name, value) in counts where !value.isNull { usage[name] = value }
        start?["usage"] = .object(usage)
    }

    /// What has come of the answer's text.
    var text: String { blocks.filter { $0.type == "text" }.map(\.text).joined() }

    /// The message that the plain form would have been; nil where its start is missing.
    var answer: JSONValue? {
        guard var message = start else { return nil }
        message["content"] = .array(
            blocks.map { block in
                ["type": .string(block.type), block.type == "thinking" ? "thinking" : "text": .string(block.text)]
            })
        return .object(message)
    }
}
