import CanonicalJSON
import Foundation
import Providers
import Testing

/// One published answer of a provider, and what its adapters must make of it.
struct ExampleFile: Sendable, CustomTestStringConvertible {
    let provider: String
    let name: String
    let status: Int
    let headers: [String: String]
    let expected: JSONValue
    let body: [UInt8]

    var testDescription: String { "\(provider)/\(name)" }
    var isError: Bool { expected["class"] != nil }
    var isStream: Bool { name.hasPrefix("response_stream") }

    /// The class that the reference names.
    var errorClass: ProviderErrorClass? {
        expected["class"]?.string.flatMap { name in
            ProviderErrorClass.allCases.first { $0.rawValue.lowercased() == Self.spelling(of: name) }
        }
    }

    private static func spelling(of name: String) -> String {
        name == "AUTH_ERROR" ? "auth" : name.lowercased().replacing("_", with: "")
    }

    var finish: FinishReason? {
        expected["finish"]?.string.flatMap { name in
            FinishReason.allCases.first { $0.rawValue.lowercased() == name.replacing("_", with: "") }
        }
    }

    /// What an adapter makes of it, given no more headers than are recorded.
    func read(by adapter: any LLMProvider.Type) -> Result<ChatResult, ProviderError> {
        let recorded = headers.filter { adapter.recordedHeaders.contains($0.key) }
        return adapter.result(status: status, headers: recorded, body: body)
    }
}

extension ExampleFile {
    static let directory = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Examples")

    /// Every answer that the manifest describes.
    static let all: [ExampleFile] = {
        guard let manifest = try? JSONParser.parse(bytes(of: "manifest.json")), let providers = manifest.object else {
            return []
        }
        return providers.keys.flatMap { provider in
            (providers[provider]?.object?.keys ?? []).compactMap { name in
                providers[provider]?[name].flatMap { try? ExampleFile(provider, name, $0) }
            }
        }
    }()

    private init(_ provider: String, _ name: String, _ expected: JSONValue) throws {
        self.provider = provider
        self.name = name
        self.expected = expected
        status = expected["status"]?.int ?? 0
        let members = expected["headers"]?.object ?? [:]
        headers = Dictionary(uniqueKeysWithValues: members.keys.map { ($0, members[$0]?.string ?? "") })
        body = try Self.bytes(of: "\(provider)/\(name)")
    }

    static func bytes(of path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: directory.appendingPathComponent(path)))
    }

    /// The example of this name.
    static func named(_ provider: String, _ name: String) -> ExampleFile? {
        all.first { $0.provider == provider && $0.name == name }
    }

    /// The adapters that speak a provider's format, by the name of its folder.
    static let adapters: [String: [any LLMProvider.Type]] = [
        "openai": [OpenAIChat.self, OpenAIChatStream.self],
        "openai-compatible": [OpenAIChat.self, OpenAIChatStream.self],
        "openai-responses": [OpenAIResponses.self],
        "anthropic": [AnthropicMessages.self],
        "google": [GeminiGenerate.self],
        "xai": [XAIChat.self],
        "deepseek": [DeepSeekChat.self],
        "mistral": [MistralChat.self],
    ]

    /// The adapters that read this example: version 1 of OpenAI's reads no stream.
    var adapters: [any LLMProvider.Type] {
        (Self.adapters[provider] ?? []).filter { !isStream || $0 != OpenAIChat.self }
    }
}

extension ExampleFile {
    /// The names of the requests of a provider.
    static func requests(of provider: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.appendingPathComponent(provider).path)
            .filter { $0.hasPrefix("request") }.sorted()
    }
}
