internal import CanonicalJSON

extension ErrorReply {
    /// An error of Anthropic's; the request's id is filled in when it is sent.
    static func anthropic(_ status: Int, _ type: String, _ message: String) -> ErrorReply {
        ErrorReply(
            status: status,
            body: .json([
                "error": ["message": .string(message), "type": .string(type)], "request_id": "", "type": "error",
            ]))
    }

    static func anthropic(_ condition: ErrorCondition) -> ErrorReply {
        switch condition {
        case .badRequest: anthropic(400, "invalid_request_error", "messages: Input should be a valid list")
        case .malformedJSON:
            anthropic(400, "invalid_request_error", "The request body is not valid JSON")
        case .unauthenticated:
            anthropic(401, "authentication_error", "x-api-key header is required")
        case .wrongKey: anthropic(401, "authentication_error", "invalid x-api-key")
        case .paymentRequired:
            anthropic(402, "billing_error", "Billing is not available for this organization.")
        case .quotaExhausted:
            anthropic(
                400, "invalid_request_error",
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade "
                    + "or purchase credits.")
        case .forbidden:
            anthropic(403, "permission_error", "Your API key does not have permission to use the specified resource.")
        case .unknownModel(let model): anthropic(404, "not_found_error", "model: \(model)")
        case .unknownURL: anthropic(404, "not_found_error", "Not found")
        case .requestTimeout: anthropic(408, "timeout_error", "The request timed out.")
        case .conflict: anthropic(409, "conflict_error", "The resource was updated by another process.")
        case .tooLarge: anthropic(413, "request_too_large", "Request exceeds the maximum size")
        case .unprocessable: anthropic(422, "invalid_request_error", "messages: Input should be a valid list")
        case .rateLimited(let limited):
            anthropic(
                429, "rate_limit_error",
                "Number of request \(limited.unit.rawValue) has exceeded your per-minute rate limit")
        case .contextLength:
            anthropic(400, "invalid_request_error", "prompt is too long: 200310 tokens > 200000 maximum")
        case .contentPolicy:
            anthropic(400, "invalid_request_error", "Output blocked by content filtering policy")
        case .internalError: anthropic(500, "api_error", "Internal server error")
        case .badGateway: ErrorReply(status: 502, body: .html(badGatewayPage))
        case .unavailable: anthropic(503, "api_error", "Service unavailable")
        case .gatewayTimeout: anthropic(504, "timeout_error", "The request timed out.")
        case .overloaded:
            anthropic(529, "overloaded_error", "Overloaded", headers: [("x-should-retry", "true")])
        }
    }

    private static func anthropic(
        _ status: Int, _ type: String, _ message: String, headers: [HeaderField]
    ) -> ErrorReply {
        var reply = anthropic(status, type, message)
        reply.headers = headers
        return reply
    }
}
