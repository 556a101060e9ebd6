internal import CanonicalJSON

extension ErrorReply {
    static func mistral(_ condition: ErrorCondition) -> ErrorReply {
        switch condition {
        case .badRequest: mistral(400, "invalid_request_error", "Invalid request.", code: nil)
        case .malformedJSON:
            mistral(400, "invalid_request_error", "The request body is not valid JSON.", code: nil)
        case .unauthenticated, .wrongKey: detail(401, "Unauthorized")
        case .paymentRequired, .quotaExhausted: mistral(402, "payment_required", "Payment required", code: nil)
        case .forbidden: mistral(403, "access_denied", "Access to this model is not allowed.", code: nil)
        case .unknownModel(let model): mistral(400, "invalid_model", "Invalid model: \(model)", code: "1500")
        case .unknownURL: detail(404, "Not Found")
        case .requestTimeout: mistral(408, "request_timeout", "Request timed out", code: nil)
        case .conflict: mistral(409, "conflict", "Conflict", code: nil)
        case .tooLarge: mistral(413, "request_too_large", "Request too large", code: nil)
        case .unprocessable: unprocessable
        case .rateLimited: mistral(429, "rate_limited", "Requests rate limit exceeded", code: "1300")
        case .contextLength:
            mistral(
                400, "invalid_request_prompt",
                "Prompt contains 140000 tokens and 0 draft tokens, too large for model with 131072 maximum context "
                    + "length", code: "3051")
        case .contentPolicy:
            mistral(403, "content_policy_violation", "The request was blocked by a guardrail.", code: nil)
        case .internalError: mistral(500, "internal_server_error", "Internal server error", code: "1000")
        case .badGateway: ErrorReply(status: 502, body: .html(badGatewayPage))
        case .unavailable: mistral(503, "internal_server_error", "Service unavailable", code: "3000")
        case .gatewayTimeout: mistral(504, "gateway_timeout", "Gateway timeout", code: nil)
        case .overloaded:
            mistral(
                429, "service_tier_capacity_exceeded", "Service tier capacity exceeded for this model.", code: "3505")
        }
    }

    static func mistral(_ status: Int, _ type: String, _ message: String, code: String?) -> ErrorReply {
        ErrorReply(
            status: status,
            body: .json([
                "code": code.map(JSONValue.string) ?? .null, "message": .string(message), "object": "error",
                "param": .null, "raw_status_code": JSONValue(status), "type": .string(type),
            ]))
    }

    private static func detail(_ status: Int, _ text: String) -> ErrorReply {
        ErrorReply(status: status, body: .json(["detail": .string(text)]))
    }

    private static var unprocessable: ErrorReply {
        let detail: JSONValue = [["loc": ["body", "messages"], "msg": "Field required", "type": "missing"]]
        return ErrorReply(
            status: 422,
            body: .json([
                "code": .null, "message": ["detail": detail], "object": "error", "param": .null,
                "type": "invalid_request_error",
            ]))
    }
}
