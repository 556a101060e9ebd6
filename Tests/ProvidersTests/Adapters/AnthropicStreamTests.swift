import CanonicalJSON
import Providers
import Testing

@Suite("Anthropic messages: streams")
struct AnthropicStreamTests {
    private static let start = event(
        #"{"type":"message_start","message":{"id":"msg_1","type":"message","model":"claude-sonnet-5-5","content":[],"stop_reason":null,"usage":{"input_tokens":31,"cache_read_input_tokens":4,"output_tokens":1}}}"#
    )
    private static let end =
        event(
            #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9,"input_tokens":null}}"#
        )
        + event(#"{"type":"message_stop"}"#)

    @Test("pieces go to their blocks, wherever they come, and counts of the end replace those of the start")
    func assembled() throws {
        let result = try read(
            Self.start + block(0, "thinking") + block(1, "text") + delta(1, "text", "Sev")
                + delta(0, "thinking", "Six.")
                + Self.event(#"{"type":"ping"}"#) + Self.event(#"{"type":"something_new","delta":{"text":"no"}}"#)
                + delta(1, "text", "en.") + Self.end
        ).get()
        #expect(result.text == "Seven.")
        #expect(result.reasoning == "Six.")
        #expect(result.finish == .stop)
        #expect(result.modelAnswered == "claude-sonnet-5-5")
        #expect(result.responseID == "msg_1")
        #expect(result.usage == Usage(input: 35, output: 9, cacheRead: 4))
    }

    @Test("a stream without its end is cut, and what came of the text is kept")
    func cut() {
        let whole = Self.start + block(0, "text") + delta(0, "text", "Sev") + Self.end
        for body in [whole.dropLast(1), whole.dropLast(Self.event(#"{"type":"message_stop"}"#).count)] {
            let error = failure(String(body))
            #expect(error?.class == .malformedResponse)
            #expect(error?.partialText == "Sev")
        }
        #expect(failure("")?.class == .malformedResponse)
        #expect(failure("")?.partialText == "")
        #expect(failure(Self.end)?.class == .malformedResponse)
    }

    @Test(
        "an error in the middle is classified by its type",
        arguments: [
            ("overloaded_error", ProviderErrorClass.overloaded), ("api_error", .serverError),
            ("rate_limit_error", .rateLimit), ("timeout_error", .timeout),
        ])
    func errors(_ type: String, _ kind: ProviderErrorClass) {
        let error = failure(
            Self.start + block(0, "text") + delta(0, "text", "Sev")
                + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"\(type)\",\"message\":\"x\"}}\n\n")
        #expect(error?.class == kind)
        #expect(error?.retryable == true)
        #expect(error?.partialText == "Sev")
    }

    @Test("an event that isn't JSON ends the reading")
    func malformedEvent() {
        #expect(failure(Self.start + Self.event("{") + Self.end)?.class == .malformedResponse)
    }

    @Test("the first token is the first piece that isn't empty, of thinking or of text")
    func firstToken() {
        let head = Self.start + block(0, "thinking") + delta(0, "thinking", "") + delta(0, "signature", "abc")
        let piece = delta(0, "text", "S")
        let body = Array((head + piece + delta(0, "text", "even.")).utf8)
        #expect(AnthropicMessages.firstToken(in: body) == (head + piece).utf8.count)
        #expect(AnthropicMessages.firstToken(in: Array(head.utf8)) == nil)
        let thought = Array((head + delta(0, "thinking", "S")).utf8)
        #expect(AnthropicMessages.firstToken(in: thought) == thought.count)
    }

    private static func event(_ data: String) -> String { "data: \(data)\n\n" }

    private func block(_ index: Int, _ type: String) -> String {
        Self.event(
            #"{"type":"content_block_start","index":\#(index),"content_block":{"type":"\#(type)","\#(type)":""}}"#)
    }

    private func delta(_ index: Int, _ type: String, _ text: String) -> String {
        Self.event(
            #"{"type":"content_block_delta","index":\#(index),"delta":{"type":"\#(type)_delta","\#(type)":"\#(text)"}}"#
        )
    }

    private func read(_ body: String) -> Result<ChatResult, ProviderError> {
        AnthropicMessages.result(
            status: 200, headers: ["content-type": "text/event-stream; charset=utf-8"], body: Array(body.utf8))
    }

    private func failure(_ body: String) -> ProviderError? {
        switch read(body) {
        case .success: nil
        case .failure(let error): error
        }
    }
}
