import CanonicalJSON
import HTTPTransport
import Providers
import Testing

@Suite struct OpenAIResponsesTests {
    @Test("leading instructions stand beside the conversation, later ones in it")
    func instructions() throws {
        let body = try body(
            ChatRequest(
                model: "m",
                messages: [
                    ChatMessage(role: .system, content: "A"), ChatMessage(role: .system, content: "B"),
                    ChatMessage(role: .user, content: "C"), ChatMessage(role: .system, content: "D"),
                ]))
        #expect(body["instructions"] == "A\n\nB")
        #expect(body["input"] == [["role": "user", "content": "C"], ["role": "system", "content": "D"]])
        #expect(body["store"] == false)
    }

    @Test("a member that the user sets is merged with those of the same group")
    func merging() throws {
        let body = try body(
            ChatRequest(
                model: "m", messages: [],
                parameters: ChatParameters(
                    seed: 7, responseSchema: ResponseSchema(name: "n", schema: [:]),
                    extra: ["text": ["verbosity": "low"], "store": true])))
        #expect(body["text"]?["verbosity"] == "low")
        #expect(body["text"]?["format"]?["name"] == "n")
        #expect(body["store"] == true)
        #expect(body["seed"] == nil)
        #expect(body["stream"] == nil)
    }

    @Test("a stream is asked for without padding, where the provider pads")
    func stream() throws {
        let chat = ChatRequest(model: "m", messages: [], streams: true)
        #expect(try body(chat)["stream"] == true)
        #expect(try body(chat)["stream_options"] == nil)
        #expect(try body(chat, padsStreams: true)["stream_options"] == ["include_obfuscation": false])
    }

    @Test("a stop text can't be sent, and that is said before anything is sent")
    func objection() {
        var chat = ChatRequest(model: "m", messages: [])
        #expect(OpenAIResponses.objection(to: chat) == nil)
        chat.parameters.stop = ["\n"]
        #expect(OpenAIResponses.objection(to: chat)?.contains("stop") == true)
        #expect(OpenAIChat.objection(to: chat) == nil)
    }

    @Test(
        "items and parts of unknown types say nothing, reasoning is kept, and a refusal comes before tool calls",
        arguments: [
            (
                #"[{"type":"message","content":[{"type":"output_text","text":"a"},{"type":"x","text":"b"}]}]"#, "a",
                FinishReason.stop
            ),
            (
                #"[{"type":"web_search_call"},{"type":"message","content":[{"type":"output_text","text":"a"}]}]"#, "a",
                .stop
            ),
            (
                #"[{"type":"function_call"},{"type":"message","content":[{"type":"refusal","refusal":"no"}]}]"#, "",
                .refusal
            ),
            (#"[{"type":"custom_tool_call"}]"#, "", .toolCalls),
            (#"[]"#, "", .stop),
        ])
    func output(_ output: String, _ text: String, _ finish: FinishReason) throws {
        let result = try read(#"{"status":"completed","output":\#(output)}"#).get()
        #expect(result.text == text)
        #expect(result.finish == finish)
    }

    @Test("summaries and texts of the reasoning are kept apart from the answer")
    func reasoning() throws {
        let items =
            #"[{"type":"reasoning","summary":[{"text":"a"},{"text":"b"}]},{"type":"reasoning","content":[{"text":"c"}]}]"#
        #expect(try read(#"{"status":"completed","output":\#(items)}"#).get().reasoning == "a\n\nb\n\nc")
    }

    @Test(
        "a status says how it ended",
        arguments: [
            (
                #""incomplete","incomplete_details":{"reason":"max_output_tokens"}"#, FinishReason.length,
                "max_output_tokens"
            ),
            (#""incomplete","incomplete_details":{"reason":"content_filter"}"#, .contentFilter, "content_filter"),
            (#""incomplete","incomplete_details":{"reason":"steered"}"#, .error, "steered"),
            (#""incomplete""#, .error, "incomplete"), (#""cancelled""#, .error, "cancelled"),
            (#""completed","incomplete_details":null"#, .stop, "completed"),
        ])
    func statuses(_ status: String, _ finish: FinishReason, _ original: String) throws {
        let result = try read(#"{"status":\#(status),"output":[]}"#).get()
        #expect(result.finish == finish)
        #expect(result.finishOriginal == original)
    }

    @Test(
        "a response that failed is an error by its code, though the status is 200",
        arguments: [
            (#"{"code":"rate_limit_exceeded"}"#, ProviderErrorClass.rateLimit),
            (#"{"code":"server_error"}"#, .serverError),
            (#"{"code":"server_is_overloaded"}"#, .overloaded), (#"{"code":"invalid_prompt"}"#, .contentPolicy),
            (#"{"code":"bio_policy"}"#, .contentPolicy), (#"{"code":"context_length_exceeded"}"#, .contextLength),
            (#"{"code":"insufficient_quota"}"#, .quotaExhausted), ("null", .serverError),
            (#"{"code":null}"#, .serverError),
        ])
    func failures(_ error: String, _ kind: ProviderErrorClass) {
        guard case .failure(let failure) = read(#"{"status":"failed","error":\#(error),"output":[]}"#) else {
            Issue.record("an answer")
            return
        }
        #expect(failure.class == kind)
        #expect(failure.retryable == kind.isRetryable)
    }

    @Test("a response that isn't finished is malformed", arguments: ["queued", "in_progress", "unheard-of"])
    func unfinished(_ status: String) {
        guard case .failure(let failure) = read(#"{"status":"\#(status)","output":[]}"#) else {
            Issue.record("an answer")
            return
        }
        #expect(failure.class == .malformedResponse)
    }

    private func body(_ chat: ChatRequest, padsStreams: Bool = false) throws -> JSONValue {
        let endpoint = Endpoint(baseURL: "http://localhost/v1", padsStreams: padsStreams)
        return try JSONParser.parse(OpenAIResponses.request(chat, endpoint: endpoint, key: nil).body)
    }

    private func read(_ body: String) -> Result<ChatResult, ProviderError> {
        OpenAIResponses.result(
            status: 200, headers: ["content-type": "application/json"], body: Array(body.utf8))
    }
}
