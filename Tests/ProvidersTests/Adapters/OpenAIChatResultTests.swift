import CanonicalJSON
import Determinism
import Providers
import Testing

@Suite("OpenAI chat: reading answers")
struct OpenAIChatResultTests {
    @Test(
        "what isn't an answer is malformed, though the status is 200",
        arguments: [
            "", "{}", "[]", "null", "7", "<html><body>Welcome</body></html>", #"{"choices":[]}"#, #"{"choices":null}"#,
            #"{"choices":[{}]}"#, #"{"choices":[{"message":null}]}"#, #"{"choices":[{"message":{}}]}"#,
            #"{"choices":[{"message":{"content":7}}]}"#, #"{"choices":[{"message":{"content":"cut"#,
            #"{"choices":[{"message":{"role":"assistant"},"finish_reason":"stop"}]}"#,
        ])
    func malformed(_ body: String) {
        let error = failure(body)
        #expect(error?.class == .malformedResponse)
        #expect(error?.retryable == true)
        #expect(error?.class.mostRetries == 1)
    }

    @Test("an error object under status 200 is an error by its own words")
    func errorInSuccess() {
        let error = failure(#"{"error":{"message":"The server had an error","type":"server_error","code":null}}"#)
        #expect(error?.class == .serverError)
    }

    @Test(
        "content may be a string, nothing, or a list of parts",
        arguments: [
            (#""Seven.""#, "Seven."), ("null", ""),
            (#"[{"type":"text","text":"Sev"},{"type":"text","text":"en."}]"#, "Seven."),
            (#"["Sev","en."]"#, "Seven."), ("[]", ""), (#"[{"type":"image"}]"#, ""),
        ])
    func content(_ json: String, _ text: String) throws {
        #expect(try success(#"{"choices":[{"message":{"content":\#(json)}}]}"#).text == text)
    }

    @Test(
        "refusal comes before tool calls, tool calls before the reason",
        arguments: [
            (#""refusal":"No.","tool_calls":[{}]"#, #""tool_calls""#, FinishReason.refusal),
            (#""refusal":"","tool_calls":[{}]"#, #""stop""#, .toolCalls),
            (#""function_call":{"name":"f"}"#, #""stop""#, .toolCalls),
            (#""tool_calls":[]"#, #""length""#, .length),
            (#""tool_calls":null"#, #""content_filter""#, .contentFilter),
            (#""refusal":null"#, "null", .unknown),
            (#""refusal":null"#, #""""#, .unknown),
            (#""refusal":null"#, #""model_is_tired""#, .unknown),
            (#""refusal":null"#, #""insufficient_system_resource""#, .error),
        ])
    func finish(_ fields: String, _ reason: String, _ expected: FinishReason) throws {
        let result = try success(#"{"choices":[{"message":{"content":"x",\#(fields)},"finish_reason":\#(reason)}]}"#)
        #expect(result.finish == expected)
    }

    @Test(
        "reasoning is inside the completion, unless the total says that it was counted beside it",
        arguments: [
            (
                #"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"completion_tokens_details":{"reasoning_tokens":3}}"#,
                5
            ),
            (
                #"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":18,"completion_tokens_details":{"reasoning_tokens":3}}"#,
                8
            ),
            (#"{"prompt_tokens":10,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":3}}"#, 5),
        ])
    func reasoning(_ usage: String, _ output: Int) throws {
        let result = try success(#"{"choices":[{"message":{"content":"x"}}],"usage":\#(usage)}"#)
        #expect(result.usage == Usage(input: 10, output: output, reasoning: 3))
    }

    @Test(
        "absent or senseless counts are absent, not zero",
        arguments: [
            "null", "{}", "7", #"{"prompt_tokens":-1,"completion_tokens":1.5,"prompt_tokens_details":null}"#,
            #"{"prompt_tokens":"31","completion_tokens":1e300}"#,
        ])
    func absentUsage(_ usage: String) throws {
        #expect(try success(#"{"choices":[{"message":{"content":"x"}}],"usage":\#(usage)}"#).usage == Usage())
    }

    @Test("no bytes make the reading of an answer trap, and the same bytes give the same answer")
    func randomBytes() {
        let seed: UInt64 = 20_261_121
        var generator = SeededGenerator(seed: seed)
        let bodies = ExampleFile.all.filter { $0.provider.hasPrefix("openai") }.map(\.body)
        for round in 0..<3_000 {
            var body = bodies[Int(generator.uniform(below: UInt64(bodies.count)))]
            for _ in 0..<(1 + generator.uniform(below: 6)) { mutate(&body, &generator) }
            let status = [200, 200, 200, 400, 404, 429, 500, 302][Int(generator.uniform(below: 8))]
            let first = OpenAIChat.result(status: status, headers: [:], body: body)
            let second = OpenAIChat.result(status: status, headers: [:], body: body)
            #expect(first == second, "seed \(seed), round \(round)")
        }
    }

    private func mutate(_ body: inout [UInt8], _ generator: inout SeededGenerator) {
        let place = Int(generator.uniform(below: UInt64(body.count + 1)))
        switch generator.uniform(below: 4) {
        case 0: body.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
        case 1: body.removeSubrange(place..<min(body.count, place + 9))
        case 2: body.removeLast(body.count - place)
        default:
            body.insert(
                contentsOf: [#"null"#, #"{}"#, #"[[["#, #"-0"#, #""\ud800""#].randomElement(using: &generator)?.utf8
                    ?? "".utf8, at: place)
        }
    }

    private func failure(_ body: String) -> ProviderError? {
        switch OpenAIChat.result(status: 200, headers: [:], body: Array(body.utf8)) {
        case .success: nil
        case .failure(let error): error
        }
    }

    private func success(_ body: String) throws -> ChatResult {
        try OpenAIChat.result(status: 200, headers: [:], body: Array(body.utf8)).get()
    }
}
