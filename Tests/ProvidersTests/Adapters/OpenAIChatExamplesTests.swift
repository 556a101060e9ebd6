import Determinism
import Providers
import Testing

@Suite("OpenAI chat: published examples")
struct OpenAIChatExamplesTests {
    @Test("every example gives the expected result or error", arguments: Example.openAI + Example.compatible)
    func example(_ example: Example) {
        switch example.read {
        case .success(let result):
            #expect(example.expected == .result(result.finish, text: result.text, result.usage))
        case .failure(let error):
            #expect(example.expected == .error(error.class, retryable: error.retryable))
        }
    }

    @Test("nothing of a provider's message is in the detail, which goes into events", arguments: Example.openAI)
    func detail(_ example: Example) throws {
        guard case .failure(let error) = example.read else { return }
        let message = try #require(error.providerMessage)
        #expect(!message.isEmpty)
        #expect(error.detail.hasPrefix("HTTP \(example.status)"))
        #expect(!error.detail.contains(message))
    }

    @Test("a refusal keeps its words, a snapshot its name, a header its request id")
    func fields() throws {
        let refused = try result(of: "response_refusal.json", in: Example.openAI)
        #expect(refused.refusal == "I'm sorry, I can't help with that.")
        #expect(refused.finishOriginal == "stop")
        #expect(refused.modelAnswered == "gpt-4o-mini-2024-07-18")
        #expect(refused.systemFingerprint == "fp_0a1b2c3d4e")
        #expect(refused.responseID == "chatcmpl-CAIRN0001")
        #expect(refused.requestID == "req_CAIRN0001")
        #expect(try result(of: "response_vllm.json", in: Example.compatible).systemFingerprint == nil)
    }

    @Test("the delay asked for is kept, milliseconds first")
    func retryAfter() throws {
        #expect(try error(of: "error_429.json").retryAfter == .milliseconds(100))
        #expect(try error(of: "error_503_overloaded.json").retryAfter == .seconds(3))
        #expect(try error(of: "error_429_quota.json").retryAfter == nil)
    }

    private func result(of name: String, in examples: [Example]) throws -> ChatResult {
        try #require(examples.first { $0.name == name }).read.get()
    }

    private func error(of name: String) throws -> ProviderError {
        let example = try #require(Example.openAI.first { $0.name == name })
        guard case .failure(let error) = example.read else {
            throw ExpectedError(name: name)
        }
        return error
    }

    private struct ExpectedError: Error { let name: String }
}
