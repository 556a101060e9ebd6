internal import CanonicalJSON

extension ChatFormat {
    func error(_ condition: ErrorCondition) -> ErrorReply {
        switch wire {
        case .xai: .xai(condition)
        case .deepseek: .deepseek(condition)
        case .mistral: .mistral(condition)
        default: .openAI(condition)
        }
    }
}

// MARK: - OpenAI

extension ErrorReply {
    static func openAI(
        _ status: Int, type: String, code: String? = nil, parameter: String? = nil, message: String
    ) -> ErrorReply {
        let text: (String?) -> JSONValue = { $0.map(JSONValue.string) ?? .null }
        return ErrorReply(
            status: status,
            body: .json([
                "error": [
                    "code": text(code), "message": .string(message), "param": text(parameter), "type": .string(type),
                ]
            ]))
    }

    static func openAI(_ condition: ErrorCondition) -> ErrorReply {
        switch condition {
        case .badRequest: openAI(400, code: "invalid_value", "Invalid value for 'messages'.", parameter: "messages")
        case .malformedJSON:
            openAI(400, code: "invalid_json", "We could not parse the JSON body of your request.")
        case .unauthenticated:
            openAI(401, code: nil, "You didn't provide an API key.")
        case .wrongKey: openAI(401, code: "invalid_api_key", "Incorrect API key provided.")
        case .paymentRequired, .quotaExhausted: quota
        case .forbidden: openAI(403, code: "model_not_found", "Project does not have access to model.")
        case .unknownModel(let model):
            openAI(
                404, code: "model_not_found",
                "The model `\(model)` does not exist or you do not have access to it.")
        case .unknownURL(let url): openAI(404, code: "unknown_url", "Unknown request URL: \(url).")
        case .requestTimeout: openAI(408, type: "timeout", message: "Request timed out.")
        case .conflict: openAI(409, type: "conflict_error", message: "The resource was updated by another process.")
        case .tooLarge: openAI(413, code: nil, "Request body is too large.")
        case .unprocessable: openAI(422, code: "unprocessable", "The request could not be processed.")
        case .rateLimited(let limited): openAI(limited)
        case .contextLength:
            openAI(
                400, code: "context_length_exceeded",
                "This model's maximum context length is 128000 tokens. However, your messages resulted in 130011 tokens.",
                parameter: "messages")
        case .contentPolicy:
            openAI(
                400, code: "invalid_prompt",
                "Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again "
                    + "with a different prompt.")
        case .internalError:
            openAI(500, type: "server_error", message: "The server had an error while processing your request.")
        case .badGateway: ErrorReply(status: 502, body: .html(badGatewayPage))
        case .unavailable:
            openAI(
                503, type: "service_unavailable_error", code: "server_is_overloaded",
                message: "Our servers are currently overloaded. Please try again later.")
        case .gatewayTimeout: openAI(504, type: "timeout", message: "Gateway timeout.")
        case .overloaded: openAI(529, type: "overloaded_error", message: "Overloaded")
        }
    }

    private static func openAI(_ status: Int, code: String?, _ message: String, parameter: String? = nil) -> ErrorReply
    {
        openAI(status, type: "invalid_request_error", code: code, parameter: parameter, message: message)
    }

    private static func openAI(_ limited: ErrorCondition.Limited) -> ErrorReply {
        let unit = limited.unit == .requests ? "requests per min (RPM)" : "tokens per min (TPM)"
        return openAI(
            429, type: limited.unit.rawValue, code: "rate_limit_exceeded",
            message: "Rate limit reached for \(unit): Limit \(limited.limit), Used \(limited.limit), Requested 1. "
                + "Please try again in \(limited.milliseconds)ms.")
    }

    private static var quota: ErrorReply {
        var reply = openAI(
            429, type: "insufficient_quota", code: "insufficient_quota",
            message: "You exceeded your current quota, please check your plan and billing details.")
        reply.headers = [("x-should-retry", "false")]
        return reply
    }
}

// MARK: - xAI

extension ErrorReply {
    static func xai(_ status: Int, _ code: String, _ message: String) -> ErrorReply {
        ErrorReply(status: status, body: .json(["code": .string(code), "error": .string(message)]))
    }

    static func xai(_ condition: ErrorCondition) -> ErrorReply {
        switch condition {
        case .badRequest: xai(400, "invalid-argument", "Invalid request content.")
        case .malformedJSON:
            ErrorReply(status: 400, body: .text("Failed to parse the request body as JSON"))
        case .unauthenticated:
            xai(401, "unauthenticated", "No authorization header or an invalid authorization token was provided.")
        case .wrongKey:
            xai(
                400, "Client specified an invalid argument",
                "Incorrect API key provided. You can obtain an API key from the console.")
        case .paymentRequired, .quotaExhausted:
            xai(
                429, "resource-exhausted",
                "Your team has either used all available credits or reached its monthly spending limit.")
        case .forbidden: xai(403, "permission-denied", "Your team does not have access to this model.")
        case .unknownModel(let model):
            xai(404, "not-found", "The model \(model) does not exist or your team does not have access to it.")
        case .unknownURL: xai(404, "not-found", "Not found.")
        case .requestTimeout: xai(408, "deadline-exceeded", "The request timed out.")
        case .conflict: xai(409, "aborted", "The operation was aborted.")
        case .tooLarge: xai(413, "out-of-range", "Payload too large.")
        case .unprocessable:
            ErrorReply(
                status: 422,
                body: .text("Failed to deserialize the JSON body into the target type: messages: invalid type"))
        case .rateLimited:
            xai(429, "resource-exhausted", "Too many requests. Rate limit reached for this model.")
        case .contextLength:
            xai(
                400, "Client specified an invalid argument",
                "This model's maximum prompt length is 131072 but the request contains 150000 tokens.")
        case .contentPolicy:
            xai(
                403, "permission-denied",
                "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO")
        case .internalError: xai(500, "internal", "Internal error.")
        case .badGateway: ErrorReply(status: 502, body: .html(badGatewayPage))
        case .unavailable: xai(503, "unavailable", "The service is currently unavailable.")
        case .gatewayTimeout: xai(504, "deadline-exceeded", "The request timed out.")
        case .overloaded: xai(529, "unavailable", "The service is overloaded.")
        }
    }
}
