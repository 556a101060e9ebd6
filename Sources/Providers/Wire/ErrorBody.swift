internal import CanonicalJSON

/// What a provider's error body says, in the fields that a classification asks for.
///
/// Read from any of the known forms: an error object, an error string, the fields at top level, `detail`, an array of one
/// of them, plain text or HTML.
struct ErrorBody: Equatable, Sendable {
    var message = ""
    var type = ""
    /// A string, or a number in digits.
    var code = ""
    var parameter = ""
    /// Google's names of the limits that were exceeded, as `GenerateRequestsPerDayPerProjectPerModel`.
    var quotas: [String] = []
    /// How long the body asks to wait, as protobuf writes a duration: `41.52s`.
    var retryDelay: String?

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

    init() {}

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

    static func text(_ value: JSONValue?) -> String? {
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

extension ErrorBody {
    /// The error that a response with this body is; a status of 200 is one that failed after it had begun.
    func error(
        status: Int, headers: [String: String], rules: ErrorRules = .current, partialText: String? = nil
    ) -> ProviderError {
        let kind = rules.classify(self, status: status, headers: headers)
        return ProviderError(
            class: kind,
            retryable: isRetryable(kind, status: status, shouldRetry: headers["x-should-retry"]),
            retryAfter: RetryHint.delay(headers) ?? retryDelay.flatMap(RetryHint.delay(duration:)),
            detail: detail(status: status),
            providerMessage: message.isEmpty ? nil : message,
            partialText: partialText)
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
        let fields = ([("code", code), ("type", type), ("param", parameter)] + quotas.map { ("quota", $0) })
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
