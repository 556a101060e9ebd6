internal import CanonicalJSON

extension ErrorReply {
    static func google(
        _ code: Int, _ status: String, _ message: String, details: [JSONValue] = []
    ) -> ErrorReply {
        var error: JSONObject = ["code": JSONValue(code), "message": .string(message), "status": .string(status)]
        if !details.isEmpty { error["details"] = .array(details) }
        return ErrorReply(status: code, body: .json(["error": .object(error)]))
    }

    static func google(_ condition: ErrorCondition) -> ErrorReply {
        switch condition {
        case .badRequest: google(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
        case .malformedJSON: google(400, "INVALID_ARGUMENT", "Invalid JSON payload received.")
        case .unauthenticated:
            google(
                403, "PERMISSION_DENIED",
                "Method doesn't allow unregistered callers (callers without established identity). Please use API Key "
                    + "or other form of API consumer identity to call this API.")
        case .wrongKey: wrongKey
        case .paymentRequired: google(402, "RESOURCE_EXHAUSTED", "Prepayment credits are depleted.")
        case .forbidden: google(403, "PERMISSION_DENIED", "The caller does not have permission")
        case .unknownModel(let model):
            google(
                404, "NOT_FOUND",
                "models/\(model) is not found for API version v1, or is not supported for generateContent.")
        case .unknownURL: google(404, "NOT_FOUND", "The requested URL was not found on this server.")
        case .requestTimeout: google(408, "DEADLINE_EXCEEDED", "Request timed out.")
        case .conflict: google(409, "ABORTED", "The operation was aborted.")
        case .tooLarge: google(413, "INVALID_ARGUMENT", "Request payload size exceeds the limit.")
        case .unprocessable: google(422, "INVALID_ARGUMENT", "Request contains an invalid argument.")
        case .rateLimited(let limited): google(limited)
        case .quotaExhausted: quota
        case .contextLength:
            google(
                400, "INVALID_ARGUMENT",
                "The input token count (1048600) exceeds the maximum number of tokens allowed (1048576).")
        case .contentPolicy:
            google(400, "INVALID_ARGUMENT", "The request was blocked by the content policy.")
        case .internalError: google(500, "INTERNAL", "An internal error has occurred.")
        case .badGateway: ErrorReply(status: 502, body: .html(badGatewayPage))
        case .unavailable:
            google(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
        case .gatewayTimeout:
            google(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.")
        case .overloaded: google(529, "UNAVAILABLE", "The model is overloaded. Please try again later.")
        }
    }

    private static var wrongKey: ErrorReply {
        google(
            400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
            details: [
                [
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "googleapis.com",
                    "metadata": ["service": "generativelanguage.googleapis.com"], "reason": "API_KEY_INVALID",
                ]
            ])
    }

    private static func google(_ limited: ErrorCondition.Limited) -> ErrorReply {
        let isRequests = limited.unit == .requests
        var details = [
            failure(
                metric: isRequests ? "generate_content_requests" : "generate_content_input_token_count",
                quota: isRequests
                    ? "GenerateRequestsPerMinutePerProjectPerModel"
                    : "GenerateContentInputTokensPerModelPerMinute")
        ]
        if let delay = limited.retryInfo {
            details.append(["@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": .string(delay)])
        }
        return google(
            429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).", details: details)
    }

    /// A quota for the day also comes with a short delay: the quota's name decides.
    private static var quota: ErrorReply {
        google(
            429, "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
            details: [
                failure(
                    metric: "generate_content_free_tier_requests",
                    quota: "GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
                ["@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "41.52s"],
            ])
    }

    private static func failure(metric: String, quota: String) -> JSONValue {
        [
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [
                [
                    "quotaId": .string(quota),
                    "quotaMetric": .string("generativelanguage.googleapis.com/" + metric),
                ]
            ],
        ]
    }
}
