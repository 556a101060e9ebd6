internal import CanonicalJSON
internal import NIOHTTP1

/// Chat completions, in the dialects of OpenAI, xAI, DeepSeek and Mistral.
struct ChatFormat: ProviderFormat {
    let wire: Wire

    static let openai = ChatFormat(wire: .openai)
    static let xai = ChatFormat(wire: .xai)
    static let deepseek = ChatFormat(wire: .deepseek)
    static let mistral = ChatFormat(wire: .mistral)

    func key(in headers: HTTPHeaders) -> String? { BearerKey.key(in: headers) }

    var retryForm: RetryForm {
        switch wire {
        case .openai: .millisecondsAndSeconds
        case .deepseek: .none
        default: .fraction
        }
    }

    func headers(id: String, _ allowance: Allowance?) -> [HeaderField] {
        var fields: [HeaderField]
        switch wire {
        case .deepseek: return [("x-request-id", id), ("x-deepseek-request-id", id)]
        case .mistral: fields = [("mistral-correlation-id", id), ("x-kong-request-id", id)]
        case .xai: fields = [("x-request-id", id)]
        default: fields = [("x-request-id", "req_" + id)]
        }
        guard let allowance else { return fields }
        if wire == .mistral {
            allowance.requests.map { window in
                fields.append(("x-ratelimit-limit-req-minute", "\(window.limit)"))
                fields.append(("x-ratelimit-remaining-req-minute", "\(window.remaining)"))
            }
            (allowance.tokens ?? allowance.inputTokens).map { window in
                fields.append(("x-ratelimit-limit-tokens-minute", "\(window.limit)"))
                fields.append(("x-ratelimit-remaining-tokens-minute", "\(window.remaining)"))
            }
        } else {
            fields += Self.rateLimitHeaders(allowance, resets: wire == .openai)
        }
        return fields
    }

    /// OpenAI's headers, which xAI has without the times of reset.
    static func rateLimitHeaders(_ allowance: Allowance, resets: Bool) -> [HeaderField] {
        let windows = [("requests", allowance.requests), ("tokens", allowance.tokens ?? allowance.inputTokens)]
        return windows.flatMap { name, window -> [HeaderField] in
            guard let window else { return [] }
            var fields: [HeaderField] = [
                ("x-ratelimit-limit-" + name, "\(window.limit)"),
                ("x-ratelimit-remaining-" + name, "\(window.remaining)"),
            ]
            if resets { fields.append(("x-ratelimit-reset-" + name, GoDuration.text(window.reset))) }
            return fields
        }
    }

    func models(_ names: [String]) -> JSONValue {
        let models = names.map { name -> JSONValue in
            [
                "created": JSONValue(Completion.firstSecond), "id": .string(name), "object": "model",
                "owned_by": "simulated",
            ]
        }
        return ["data": .array(models), "object": "list"]
    }
}

/// The key in an `Authorization: Bearer` header.
enum BearerKey {
    static func key(in headers: HTTPHeaders) -> String? {
        guard let value = headers.first(name: "authorization"), value.lowercased().hasPrefix("bearer ") else {
            return nil
        }
        let key = value.dropFirst(7).drop { $0 == " " }
        return key.isEmpty ? nil : String(key)
    }
}
