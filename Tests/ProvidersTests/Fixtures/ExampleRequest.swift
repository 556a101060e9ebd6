import CanonicalJSON
import Foundation
import HTTPTransport
import Providers

/// A request as an official SDK sent it, and the conversation that all of them hold.
struct ExampleRequest {
    let method: String
    let path: String
    /// Those that matter, names in lower case.
    let headers: [String: String]
    let body: JSONValue

    /// In the examples the key is masked.
    static let key = "<KEY>"

    init(provider: String, file: String) throws {
        let url = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent()
            .appending(path: "Examples/\(provider)/\(file)")
        let example = try JSONParser.parse([UInt8](Data(contentsOf: url)))
        method = example["method"]?.string ?? ""
        path = example["path"]?.string ?? ""
        headers = (example["headers"]?.object ?? [:]).reduce(into: [:]) { $0[$1.key] = $1.value.string }
        body = example["body"] ?? .null
    }

    static func headers(of request: HTTPRequest) -> [String: String] {
        request.headers.reduce(into: [:]) { $0[$1.name.lowercased()] = $1.value }
    }

    static let conversation = [
        ChatMessage(role: .system, content: "Answer in one word."),
        ChatMessage(role: .user, content: "What comes after six?"),
        ChatMessage(role: .assistant, content: "Seven."),
        ChatMessage(role: .user, content: "Again, please."),
    ]

    static let verdict = ResponseSchema(
        name: "verdict",
        schema: [
            "type": "object", "properties": ["score": ["type": "integer"]], "required": ["score"],
            "additionalProperties": false,
        ])
}
