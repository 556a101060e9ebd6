internal import CanonicalJSON

/// What an OpenAI-shaped error body says, whichever of the known forms it has: an error object, an error string,
/// the fields at top level, `detail`, an array of one of them, plain text or HTML.
struct OpenAIErrorBody: Equatable {
    private(set) var message = ""
    private(set) var type = ""
    /// A string, or a number in digits.
    private(set) var code = ""
    private(set) var parameter = ""

    init(_ bytes: [UInt8]) {
        self.init()
        if let value = try? JSONParser.parse(bytes) {
            read(body: value)
        } else {
            message = String(decoding: bytes.prefix(Self.textLimit), as: UTF8.self)
        }
    }

    init(_ value: JSONValue) {
        self.init()
        read(body: value)
    }

    private init() {}

    private mutating func read(body: JSONValue) {
        var value = body
        if case .array(let elements) = body { value = elements.first ?? .null }
        switch value["error"] {
        case .object(let error): read(.object(error))
        case .string(let text):
            read(value)
            message = text
        default: read(value)
        }
    }

    private mutating func read(_ error: JSONValue) {
        message = Self.text(error["message"]) ?? Self.text(error["detail"]) ?? error.string ?? ""
        type = Self.text(error["type"]) ?? ""
        code = Self.text(error["code"]) ?? ""
        parameter = Self.text(error["param"]) ?? ""
    }

    private static func text(_ value: JSONValue?) -> String? {
        switch value {
        case .string(let text): String(text.prefix(textLimit))
        case .number: value?.int.map(String.init)
        // FastAPI's list of problems: the words count, not their shape.
        case .array(let elements):
            elements.compactMap { $0.string ?? $0["msg"]?.string }.joined(separator: "; ")
        case nil, .null, .bool, .object: nil
        }
    }

    /// Most characters of a message that are looked at.
    private static let textLimit = 4096
}

extension OpenAIErrorBody {
    /// The error that a response with this body is.
    func error(status: Int, headers: [String: String]) -> ProviderError {
        let kind = classification(status: status)
        return ProviderError(
            class: kind,
            retryable: isRetryable(kind, status: status, shouldRetry: headers["x-should-retry"]),
            retryAfter: RetryHint.delay(headers),
            detail: detail(status: status),
            providerMessage: message.isEmpty ? nil : message)
    }

    private func isRetryable(_ kind: ProviderErrorClass, status: Int, shouldRetry: String?) -> Bool {
        switch shouldRetry {
        case "false": false
        // Nobody's word refills an account.
        case "true": kind != .quotaExhausted
        default: kind.isRetryable && status != 501 && status != 505
        }
    }

    /// Status and those fields that are identifiers; a message could quote the prompt.
    private func detail(status: Int) -> String {
        let fields = [("code", code), ("type", type), ("param", parameter)]
            .filter { Self.isIdentifier($0.1) }
            .map { "\($0.0) \($0.1)" }
        return (["HTTP \(status)"] + fields).joined(separator: ", ")
    }

    private static func isIdentifier(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
