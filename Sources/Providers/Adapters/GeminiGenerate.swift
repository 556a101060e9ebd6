/// Google's Gemini API, generateContent.
///
/// Facts of the wire format are in this folder and nowhere else.
package enum GeminiGenerate: LLMProvider {
    package static let name = "google.generateContent"
    package static let version = 1

    /// The version in the path, unless the base URL names one.
    static let pathVersion = "/v1"
    static let pathVersions = ["/v1", "/v1alpha", "/v1beta"]

    /// No header of a response has a request id or a limit.
    package static let recordedHeaders = [
        "content-type", "date", "retry-after", "retry-after-ms", "server", "server-timing", "x-gemini-service-tier",
    ]

    /// Finish reasons of the wire, and what else begins with `IMAGE_`; what isn't here is unknown.
    static let finishReasons: [String: FinishReason] = [
        "STOP": .stop,
        "MAX_TOKENS": .length,
        // The answer goes on in another request, which is never made.
        "CONTINUATION": .length,
        "SAFETY": .contentFilter,
        "RECITATION": .contentFilter,
        "LANGUAGE": .contentFilter,
        "BLOCKLIST": .contentFilter,
        "PROHIBITED_CONTENT": .contentFilter,
        "SPII": .contentFilter,
        "MODEL_ARMOR": .contentFilter,
        "MALFORMED_FUNCTION_CALL": .error,
        "MALFORMED_RESPONSE": .error,
        "UNEXPECTED_TOOL_CALL": .error,
        "TOO_MANY_TOOL_CALLS": .error,
        "MISSING_THOUGHT_SIGNATURE": .error,
        "OTHER": .error,
        "NO_IMAGE": .error,
    ]
}
