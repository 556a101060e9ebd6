import CanonicalJSON
import Providers
import Testing

@Suite("Gemini generateContent: streams")
struct GeminiStreamTests {
    @Test("texts are continued, and of everything else the last word counts")
    func assembled() throws {
        let result = try read(
            chunk(#"{"text":"Six.","thought":true},{"text":"Sev"}"#, usage: 1)
                + chunk(#"{"text":"en."}"#, reason: "STOP", usage: 3)
                + event(#"{"usageMetadata":{"promptTokenCount":31,"candidatesTokenCount":4},"modelVersion":"m2"}"#)
        ).get()
        #expect(result.text == "Seven.")
        #expect(result.reasoning == "Six.")
        #expect(result.finish == .stop)
        #expect(result.modelAnswered == "m2")
        #expect(result.usage == Usage(input: 31, output: 4, cacheRead: 0, reasoning: 0))
    }

    @Test("a stream without a reason for its end is cut, and what came of the text is kept")
    func cut() {
        let body = chunk(#"{"text":"no","thought":true},{"text":"Sev"}"#)
        for body in [body, body + chunk("", reason: "STOP").dropLast(1)] {
            let error = failure(body)
            #expect(error?.class == .malformedResponse)
            #expect(error?.partialText == "Sev")
        }
        #expect(failure("")?.class == .malformedResponse)
        #expect(failure(event("{}"))?.class == .malformedResponse)
    }

    @Test("a prompt that is blocked, or an answer that is, ends the stream as a result")
    func blocked() throws {
        let prompt = try read(event(#"{"promptFeedback":{"blockReason":"SAFETY"}}"#)).get()
        #expect(prompt.finish == .contentFilter)
        #expect(prompt.finishOriginal == "SAFETY")
        let later = try read(
            chunk(#"{"text":"Sev"}"#) + event(#"{"promptFeedback":{"blockReason":"OTHER"}}"#)
        ).get()
        #expect(later.finish == .contentFilter)
        #expect(later.finishOriginal == "OTHER")
        #expect(later.text == "Sev")
        #expect(try read(chunk("", reason: "SAFETY")).get().finish == .contentFilter)
    }

    @Test(
        "an error in the middle is classified by its status",
        arguments: [
            ("UNAVAILABLE", 503, ProviderErrorClass.overloaded), ("INTERNAL", 500, .serverError),
            ("DEADLINE_EXCEEDED", 504, .timeout), ("RESOURCE_EXHAUSTED", 429, .rateLimit),
        ])
    func errors(_ status: String, _ code: Int, _ kind: ProviderErrorClass) {
        let error = failure(
            chunk(#"{"text":"Sev"}"#) + event(#"{"error":{"code":\#(code),"message":"x","status":"\#(status)"}}"#))
        #expect(error?.class == kind)
        #expect(error?.retryable == true)
        #expect(error?.partialText == "Sev")
    }

    @Test("the first token is the first text that isn't empty, of thought or of answer")
    func firstToken() {
        let head = chunk("") + chunk(#"{"text":""}"#)
        let piece = chunk(#"{"text":"S","thought":true}"#)
        let body = Array((head + piece + chunk(#"{"text":"even."}"#)).utf8)
        // The event is complete with the CR of its last line end.
        #expect(GeminiGenerate.firstToken(in: body) == (head + piece).utf8.count - 1)
        #expect(GeminiGenerate.firstToken(in: Array(head.utf8)) == nil)
    }

    private func event(_ data: String) -> String { "data: \(data)\r\n\r\n" }

    private func chunk(_ parts: String, reason: String? = nil, usage: Int = 0) -> String {
        let reason = reason.map { #","finishReason":"\#($0)""# } ?? ""
        return event(
            #"""
            {"candidates":[{"content":{"role":"model","parts":[\#(parts)]}\#(reason)}],\#
            "usageMetadata":{"promptTokenCount":31,"candidatesTokenCount":\#(usage)},"modelVersion":"m1"}
            """#)
    }

    private func read(_ body: String) -> Result<ChatResult, ProviderError> {
        GeminiGenerate.result(status: 200, headers: ["content-type": "text/event-stream"], body: Array(body.utf8))
    }

    private func failure(_ body: String) -> ProviderError? {
        switch read(body) {
        case .success: nil
        case .failure(let error): error
        }
    }
}
