import Determinism
import Providers
import Testing

@Suite("OpenAI chat: errors")
struct OpenAIErrorTests {
    @Test(
        "a status without a readable body is classified by itself",
        arguments: [
            (400, ProviderErrorClass.invalidRequest, false), (401, .auth, false), (402, .quotaExhausted, false),
            (403, .permission, false), (404, .notFound, false), (405, .invalidRequest, false), (408, .timeout, true),
            (409, .serverError, true), (413, .invalidRequest, false), (422, .invalidRequest, false),
            (429, .rateLimit, true), (499, .serverError, true), (500, .serverError, true), (501, .serverError, false),
            (502, .serverError, true), (503, .overloaded, true), (504, .timeout, true), (505, .serverError, false),
            (520, .serverError, true), (529, .overloaded, true), (201, .malformedResponse, true),
            (204, .malformedResponse, true), (302, .malformedResponse, true),
        ])
    func status(_ status: Int, _ kind: ProviderErrorClass, _ retryable: Bool) {
        for body in ["", "<html>no</html>", "{}", "[]", "[null]", #"{"error":null}"#, #"{"error":[]}"#] {
            let error = failure(status, body)
            #expect(error?.class == kind)
            #expect(error?.retryable == retryable)
        }
    }

    @Test(
        "an error may be an object, a string, top-level fields, a list of problems, an array of one, or text",
        arguments: [
            #"{"error":{"message":"maximum context length is 10","code":400}}"#,
            #"{"error":"maximum context length is 10"}"#,
            #"{"code":"invalid-argument","error":"the maximum prompt length is 10"}"#,
            #"{"message":"maximum context length is 10","code":null}"#,
            #"{"detail":"maximum context length is 10"}"#,
            #"{"detail":[{"loc":["body"],"msg":"maximum context length is 10"}]}"#,
            #"[{"error":{"message":"maximum context length is 10"}}]"#,
            "maximum context length is 10",
        ])
    func forms(_ body: String) {
        #expect(failure(400, body)?.class == .contextLength)
        #expect(failure(422, body)?.class == .contextLength)
    }

    @Test(
        "codes decide before words, and words before the status",
        arguments: [
            (400, #"{"error":{"message":"Incorrect API key provided: a***b"}}"#, ProviderErrorClass.auth),
            (403, #"{"error":{"message":"x","code":"model_not_found"}}"#, .permission),
            (400, #"{"error":{"message":"x","code":"model_not_found"}}"#, .notFound),
            (429, #"{"error":{"message":"You exceeded your current quota"}}"#, .quotaExhausted),
            (429, #"{"error":{"message":"x","code":"organization_spend_limit_exceeded"}}"#, .quotaExhausted),
            (429, #"{"error":{"message":"no capacity left for this model"}}"#, .overloaded),
            (400, #"{"error":{"message":"x","code":"bio_policy"}}"#, .contentPolicy),
            (403, #"{"code":"permission","error":"Content violates usage guidelines."}"#, .contentPolicy),
            (500, #"{"error":{"message":"x","code":"server_is_overloaded"}}"#, .overloaded),
            (503, #"{"error":{"message":"x","code":"context_length_exceeded"}}"#, .contextLength),
        ])
    func order(_ status: Int, _ body: String, _ kind: ProviderErrorClass) {
        #expect(failure(status, body)?.class == kind)
    }

    @Test("the server's word on retrying overrides the status, but fills no account")
    func shouldRetry() {
        #expect(failure(500, "", ["x-should-retry": "false"])?.retryable == false)
        #expect(failure(400, "", ["x-should-retry": "true"])?.retryable == true)
        #expect(failure(402, "", ["x-should-retry": "true"])?.retryable == false)
    }

    @Test("fields that aren't identifiers stay out of the detail")
    func detail() {
        let body =
            #"{"error":{"message":"secret prompt","code":"Client said: secret","type":"bad_type","param":"messages"}}"#
        let error = failure(400, body)
        #expect(error?.detail == "HTTP 400, type bad_type, param messages")
        #expect(error?.providerMessage == "secret prompt")
        #expect(error.map(String.init(describing:)) == "invalidRequest: HTTP 400, type bad_type, param messages")
    }

    @Test(
        "a delay is read in each form, and ignored where it makes no sense",
        arguments: [
            (["retry-after-ms": "100", "retry-after": "1"], Microseconds.milliseconds(100)),
            (["retry-after-ms": "0.5"], .microseconds(500)),
            (["retry-after-ms": "soon", "retry-after": " 2.5 "], .microseconds(2_500_000)),
            (["retry-after": "0"], .zero),
            (["retry-after": "-1"], nil), (["retry-after": "nan"], nil), (["retry-after": "inf"], nil),
            (["retry-after": "0x10"], nil), (["retry-after": "1e3"], nil), (["retry-after": ""], nil),
            (["retry-after": "99999999999999999999"], nil), ([:], nil),
            (["retry-after": "Sun, 06 Nov 1994 08:49:37 GMT", "date": "Sun, 06 Nov 1994 08:49:07 GMT"], .seconds(30)),
            (["retry-after": "Sun, 06 Nov 1994 08:49:37 GMT", "date": "Mon, 07 Nov 1994 08:49:07 GMT"], .zero),
            (["retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"], nil),
            (["retry-after": "Sun, 31 Feb 1994 08:49:37 GMT", "date": "Sun, 06 Nov 1994 08:49:37 GMT"], nil),
        ] as [([String: String], Microseconds?)])
    func retryAfter(_ headers: [String: String], _ delay: Microseconds?) {
        #expect(failure(429, "", headers)?.retryAfter == delay)
    }

    private func failure(_ status: Int, _ body: String, _ headers: [String: String] = [:]) -> ProviderError? {
        switch OpenAIChat.result(status: status, headers: headers, body: Array(body.utf8)) {
        case .success: nil
        case .failure(let error): error
        }
    }
}
