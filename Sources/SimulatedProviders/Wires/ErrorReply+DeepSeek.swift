internal import CanonicalJSON

extension ErrorReply {
    static func deepseek(_ condition: ErrorCondition) -> ErrorReply {
        switch condition {
        case .badRequest: deepseek(400, "Invalid request.")
        case .malformedJSON: deepseek(400, "Failed to parse the request body as JSON.")
        case .unauthenticated:
            deepseek(401, "Authentication Fails (no such user)", type: "authentication_error")
        case .wrongKey: deepseek(401, "Authentication Fails, Your api key is invalid", type: "authentication_error")
        case .paymentRequired, .quotaExhausted: deepseek(402, "Insufficient Balance", type: "unknown_error")
        case .forbidden: deepseek(403, "Access denied.", type: "permission_error")
        case .unknownModel: deepseek(400, "Model Not Exist")
        case .unknownURL: deepseek(404, "Not Found")
        case .requestTimeout: deepseek(408, "Request timed out.", type: "timeout_error")
        case .conflict: deepseek(409, "Conflict.", type: "conflict_error")
        case .tooLarge: deepseek(413, "Request too large.")
        case .unprocessable:
            deepseek(422, "Failed to deserialize the JSON body into the target type: missing field `messages`")
        case .rateLimited: openAI(429, type: "rate_limit_error", message: "Rate Limit Reached")
        case .contextLength:
            deepseek(
                400,
                "This model's maximum context length is 1048576 tokens. However, you requested 1050000 tokens.")
        case .contentPolicy: deepseek(400, "Content Exists Risk")
        case .internalError: openAI(500, type: "server_error", message: "Internal Server Error")
        case .badGateway: ErrorReply(status: 502, body: .html(badGatewayPage))
        case .unavailable: openAI(503, type: "service_unavailable_error", message: "Service is too busy.")
        case .gatewayTimeout: openAI(504, type: "timeout_error", message: "Gateway timeout.")
        case .overloaded: openAI(529, type: "service_unavailable_error", message: "Service is too busy.")
        }
    }

    private static func deepseek(
        _ status: Int, _ message: String, type: String = "invalid_request_error"
    ) -> ErrorReply {
        openAI(status, type: type, code: "invalid_request_error", message: message)
    }
}
