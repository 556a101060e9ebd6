import CanonicalJSON
import Determinism
import Providers
import Testing

@Suite("Anthropic messages: reading answers")
struct AnthropicResultTests {
    @Test(
        "what isn't an answer is malformed, though the status is 200",
        arguments: [
            "", "{}", "[]", "null", "7", "<html></html>", #"{"content":null}"#, #"{"content":"Seven."}"#,
            #"{"type":"message","content":[{"type":"text"}]}"#, #"{"content":[{"type":"text","text":"cut"#,
        ])
    func malformed(_ body: String) {
        #expect(failure(body)?.class == .malformedResponse)
        #expect(failure(body)?.retryable == true)
    }

    @Test("only blocks of text are the answer, thinking stands beside it, and the rest is skipped")
    func blocks() throws {
        let result = try success(
            #"""
            {"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5-5","content":[
            {"type":"thinking","thinking":"Six, ","signature":"x"},{"type":"redacted_thinking","data":"y"},
            {"type":"thinking","thinking":"then seven."},{"type":"text","text":"Sev"},{"type":"new","text":"no"},
            {"type":"text","text":"en."}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":9}}
            """#)
        #expect(result.text == "Seven.")
        #expect(result.reasoning == "Six, then seven.")
        #expect(result.finish == .stop)
        #expect(result.finishOriginal == "end_turn")
        #expect(result.modelAnswered == "claude-sonnet-5-5")
        #expect(result.responseID == "msg_1")
        #expect(result.requestID == "req_1")
        #expect(result.usage == Usage(input: 1, output: 9))
    }

    @Test("a refusal keeps what was said before it, and why it came")
    func refusal() throws {
        let result = try success(
            #"""
            {"content":[{"type":"text","text":"Sev"},{"type":"tool_use"}],"stop_reason":"refusal",
            "stop_details":{"type":"refusal","category":"bio","explanation":"Not this."}}
            """#)
        #expect(result.finish == .refusal)
        #expect(result.text == "Sev")
        #expect(result.refusal == "Not this.")
    }

    @Test(
        "reasons are translated, and unknown ones kept",
        arguments: [
            ("end_turn", FinishReason.stop), ("stop_sequence", .stop), ("max_tokens", .length),
            ("model_context_window_exceeded", .length), ("tool_use", .toolCalls), ("pause_turn", .error),
            ("refusal", .refusal), ("tired", .unknown),
        ])
    func reasons(_ original: String, _ finish: FinishReason) throws {
        let result = try success(#"{"content":[],"stop_reason":"\#(original)"}"#)
        #expect(result.finish == finish)
        #expect(result.finishOriginal == original)
        #expect(result.usage == Usage())
    }

    @Test("input is the sum of what was read anew, from the cache and into it")
    func usage() throws {
        let result = try success(
            #"""
            {"content":[],"usage":{"input_tokens":31,"cache_creation_input_tokens":512,"cache_read_input_tokens":2048,
            "output_tokens":75,"output_tokens_details":{"thinking_tokens":64}}}
            """#)
        #expect(result.usage == Usage(input: 2591, output: 75, cacheRead: 2048, cacheWrite: 512, reasoning: 64))
    }

    @Test("an error under status 200 is classified by its type")
    func errorInSuccess() {
        let body = #"{"type":"error","error":{"type":"rate_limit_error","message":"Slower"}}"#
        #expect(failure(body)?.class == .rateLimit)
    }

    @Test(
        "a code in the details decides before the type",
        arguments: [
            (403, "permission_error", "organization_on_hold", ProviderErrorClass.permission),
            (400, "invalid_request_error", "organization_on_hold", .permission),
            (429, "rate_limit_error", "enforced_spend_limit_reached", .quotaExhausted),
            (429, "rate_limit_error", "contract_spend_limit_reached", .quotaExhausted),
            (429, "rate_limit_error", "ramp_limit_exceeded", .rateLimit),
        ])
    func errorCodes(_ status: Int, _ type: String, _ code: String, _ kind: ProviderErrorClass) {
        let body = #"{"type":"error","error":{"type":"\#(type)","message":"x","details":{"error_code":"\#(code)"}}}"#
        let error = failure(body, status: status)
        #expect(error?.class == kind)
        #expect(error?.detail.contains(code) == true)
    }

    @Test("an answer that a filter held back is a matter of policy, though only words say so")
    func contentPolicy() {
        let message = "Output blocked by content filtering policy"
        let body = #"{"type":"error","error":{"type":"invalid_request_error","message":"\#(message)"}}"#
        #expect(failure(body, status: 400)?.class == .contentPolicy)
    }

    private func failure(_ body: String, status: Int = 200) -> ProviderError? {
        switch AnthropicMessages.result(status: status, headers: [:], body: Array(body.utf8)) {
        case .success: nil
        case .failure(let error): error
        }
    }

    private func success(_ body: String) throws -> ChatResult {
        try AnthropicMessages.result(
            status: 200, headers: ["content-type": "application/json", "request-id": "req_1"], body: Array(body.utf8)
        ).get()
    }
}
