import CanonicalJSON
import Determinism
import Providers
import Testing

@Suite("Gemini generateContent: reading answers")
struct GeminiResultTests {
    @Test(
        "what isn't an answer is malformed, though the status is 200",
        arguments: [
            "", "{}", "[]", "null", "7", "<html></html>", #"{"candidates":[]}"#, #"{"candidates":[{}]}"#,
            #"{"candidates":[{"content":null}]}"#, #"{"promptFeedback":{}}"#, #"{"candidates":[{"content":{"pa"#,
            #"{"usageMetadata":{"promptTokenCount":3}}"#,
        ])
    func malformed(_ body: String) {
        #expect(failure(body)?.class == .malformedResponse)
        #expect(failure(body)?.retryable == true)
    }

    @Test("thoughts stand beside the answer, and only the first candidate counts")
    func parts() throws {
        let result = try success(
            #"""
            {"candidates":[{"content":{"role":"model","parts":[{"text":"Six.","thought":true},{"text":"Sev"},
            {"inlineData":{}},{"text":"en.","thought":false}]},"finishReason":"STOP"},
            {"content":{"parts":[{"text":"Eight."}]}}],"modelVersion":"gemini-3.5-flash","responseId":"abc"}
            """#)
        #expect(result.text == "Seven.")
        #expect(result.reasoning == "Six.")
        #expect(result.finish == .stop)
        #expect(result.modelAnswered == "gemini-3.5-flash")
        #expect(result.responseID == "abc")
        #expect(result.requestID == nil)
        #expect(result.usage == Usage())
    }

    @Test(
        "reasons are translated, and unknown ones kept",
        arguments: [
            ("STOP", FinishReason.stop), ("MAX_TOKENS", .length), ("CONTINUATION", .length),
            ("SAFETY", .contentFilter), ("SPII", .contentFilter), ("MODEL_ARMOR", .contentFilter),
            ("IMAGE_SAFETY", .contentFilter), ("IMAGE_NEW", .contentFilter), ("NO_IMAGE", .error), ("OTHER", .error),
            ("MALFORMED_FUNCTION_CALL", .error), ("MISSING_THOUGHT_SIGNATURE", .error), ("TIRED", .unknown),
        ])
    func reasons(_ original: String, _ finish: FinishReason) throws {
        let result = try success(#"{"candidates":[{"finishReason":"\#(original)"}]}"#)
        #expect(result.finish == finish)
        #expect(result.finishOriginal == original)
    }

    @Test("a blocked prompt is a result, with its reason and its price")
    func blocked() throws {
        let result = try success(
            #"{"promptFeedback":{"blockReason":"OTHER"},"usageMetadata":{"promptTokenCount":31,"totalTokenCount":31}}"#)
        #expect(result.finish == .contentFilter)
        #expect(result.finishOriginal == "OTHER")
        #expect(result.usage == Usage(input: 31, output: 0, cacheRead: 0, reasoning: 0))
    }

    @Test("a call of a function is one, though its reason is STOP")
    func functionCall() throws {
        let result = try success(
            #"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]},"finishReason":"STOP"}]}"#)
        #expect(result.finish == .toolCalls)
        #expect(result.finishOriginal == "STOP")
    }

    @Test("thoughts are counted beside the candidates, tool results beside the prompt, and a count left out is 0")
    func usage() throws {
        let result = try success(
            #"""
            {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":40,
            "toolUsePromptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":7,"totalTokenCount":122}}
            """#)
        #expect(result.usage == Usage(input: 110, output: 12, cacheRead: 40, reasoning: 7))
        #expect(
            try success(#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":-1}}"#).usage
                == Usage())
    }

    @Test("of a used-up limit the name decides, and the delay is kept")
    func quotas() {
        let perDay = quotaFailure("GenerateRequestsPerDayPerProjectPerModel-FreeTier", delay: "41.52s")
        #expect(perDay?.class == .quotaExhausted)
        #expect(perDay?.retryable == false)
        let perMinute = quotaFailure("GenerateRequestsPerMinutePerProjectPerModel", delay: "17s")
        #expect(perMinute?.class == .rateLimit)
        #expect(perMinute?.retryAfter == .seconds(17))
        #expect(perMinute?.detail.contains("PerMinute") == true)
    }

    @Test("an error is found in an array of one, and under status 200")
    func errorForms() {
        let object = #"{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}"#
        for body in [object, "[\(object)]"] {
            #expect(failure(body)?.class == .overloaded)
            #expect(failure(body, status: 503)?.class == .overloaded)
            #expect(failure(body, status: 503)?.detail.contains("UNAVAILABLE") == true)
        }
    }

    private func quotaFailure(_ id: String, delay: String) -> ProviderError? {
        failure(
            #"""
            {"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED","details":[
            {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"\#(id)"}]},
            {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"\#(delay)"}]}}
            """#, status: 429)
    }

    private func failure(_ body: String, status: Int = 200) -> ProviderError? {
        switch GeminiGenerate.result(status: status, headers: [:], body: Array(body.utf8)) {
        case .success: nil
        case .failure(let error): error
        }
    }

    private func success(_ body: String) throws -> ChatResult {
        try GeminiGenerate.result(
            status: 200, headers: ["content-type": "application/json"], body: Array(body.utf8)
        ).get()
    }
}
