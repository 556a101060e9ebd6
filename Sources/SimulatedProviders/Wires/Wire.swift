internal import NIOHTTP1

/// The formats that the simulated provider speaks, each under a path of its own.
package enum Wire: String, Sendable, Equatable, CaseIterable {
    case openai
    case openaiResponses = "openai-responses"
    case anthropic
    case google
    case xai
    case deepseek
    case mistral

    /// The path below the server's address to which the format's own paths are appended.
    package var basePath: String {
        switch self {
        case .openai, .openaiResponses: "/openai/v1"
        case .xai: "/xai/v1"
        case .anthropic, .google, .deepseek, .mistral: "/" + rawValue
        }
    }

    var format: any ProviderFormat {
        switch self {
        case .openai: ChatFormat.openai
        case .openaiResponses: ResponsesFormat()
        case .anthropic: AnthropicFormat()
        case .google: GeminiFormat()
        case .xai: ChatFormat.xai
        case .deepseek: ChatFormat.deepseek
        case .mistral: ChatFormat.mistral
        }
    }
}

/// What a path asks for.
enum Route: Equatable {
    /// An answer; where the path names the model and whether to stream, they are here.
    case answer(Wire, model: String? = nil, streams: Streaming? = nil)
    case models(Wire)
    case stats
    case unknown(Wire)

    /// How a path asks for a stream.
    enum Streaming: Equatable {
        case no
        case events
        /// One JSON array, an element at a time.
        case array
    }

    init(_ method: HTTPMethod, _ uri: String) {
        if method == .POST, uri == "/v1/chat/completions" {
            self = .answer(.openai)
            return
        }
        let parts = uri.split(separator: "?", maxSplits: 1)
        var path = (parts.first ?? "").split(separator: "/")
        if method == .GET, path == ["stats"] {
            self = .stats
            return
        }
        let named = path.first.flatMap { Wire(rawValue: String($0)) }
        if named != nil { path.removeFirst() }
        // A version may be there or not: clients differ in what they take for the base URL.
        if let first = path.first, ["v1", "v1beta", "v1alpha"].contains(first) { path.removeFirst() }
        self = Self.of(method, path, query: parts.dropFirst().first ?? "", named)
    }

    private static func of(
        _ method: HTTPMethod, _ path: [Substring], query: Substring, _ named: Wire?
    ) -> Route {
        let wire = named ?? .openai
        switch (method, path.count) {
        case (.POST, 2) where path == ["chat", "completions"]:
            return isChat(wire) ? .answer(wire) : .unknown(wire)
        case (.POST, 1) where path == ["responses"]:
            return wire == .openai || wire == .openaiResponses ? .answer(.openaiResponses) : .unknown(wire)
        case (.POST, 1) where path == ["messages"]:
            return named == nil || named == .anthropic ? .answer(.anthropic) : .unknown(wire)
        case (.POST, 2) where path[0] == "models" && (named == nil || named == .google):
            return gemini(path[1], query)
        case (.GET, 1) where path == ["models"]: return .models(wire)
        default: return .unknown(wire)
        }
    }

    private static func isChat(_ wire: Wire) -> Bool {
        switch wire {
        case .openai, .xai, .deepseek, .mistral: true
        case .openaiResponses, .anthropic, .google: false
        }
    }

    private static func gemini(_ target: Substring, _ query: Substring) -> Route {
        guard let colon = target.lastIndex(of: ":") else { return .unknown(.google) }
        let model = String(target[..<colon])
        switch target[target.index(after: colon)...] {
        case "generateContent": return .answer(.google, model: model, streams: .no)
        case "streamGenerateContent":
            let isEvents = query.split(separator: "&").contains("alt=sse")
            return .answer(.google, model: model, streams: isEvents ? .events : .array)
        default: return .unknown(.google)
        }
    }
}
