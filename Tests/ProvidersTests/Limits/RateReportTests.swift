import Determinism
import Testing

@testable import Providers

@Suite struct RateReportTests {
    private let now = Timestamp(microseconds: 1_795_000_000_000_000)

    private func read(_ adapter: String, _ headers: [String: String]) -> [RateReport] {
        RateReport.read(headers, RateFacts.of(adapter: adapter), at: now)
    }

    @Test func `OpenAI and xAI tell requests and tokens`() {
        let headers = [
            "x-ratelimit-limit-requests": "600", "x-ratelimit-remaining-requests": "599",
            "x-ratelimit-reset-requests": "100ms", "x-ratelimit-limit-tokens": "200000",
            "x-ratelimit-remaining-tokens": "199950", "x-ratelimit-reset-tokens": "15ms",
        ]
        let reports = [
            RateReport(dimension: .requests, limit: 600, remaining: 599),
            RateReport(dimension: .tokens, limit: 200_000, remaining: 199_950),
        ]
        for adapter in ["openai.chat", "openai.responses", "xai.chat"] { #expect(read(adapter, headers) == reports) }
        #expect(read("xai.chat", headers.filter { !$0.key.contains("reset") }) == reports)
    }

    @Test func `Anthropic tells requests, input and output`() {
        var headers: [String: String] = [:]
        for (name, limit, rest) in [
            ("requests", "600", "599"), ("tokens", "500000", "499000"), ("input-tokens", "400000", "399000"),
            ("output-tokens", "100000", "100000"),
        ] {
            headers["anthropic-ratelimit-\(name)-limit"] = limit
            headers["anthropic-ratelimit-\(name)-remaining"] = rest
            headers["anthropic-ratelimit-\(name)-reset"] = "2026-11-21T08:00:00Z"
        }
        #expect(
            read("anthropic.messages", headers) == [
                RateReport(dimension: .requests, limit: 600, remaining: 599),
                RateReport(dimension: .inputTokens, limit: 400_000, remaining: 399_000),
                RateReport(dimension: .outputTokens, limit: 100_000, remaining: 100_000),
            ])
    }

    @Test func `Mistral tells minutes, and a limit of nothing is no limit`() {
        var headers = [
            "x-ratelimit-limit-req-minute": "60", "x-ratelimit-remaining-req-minute": "0",
            "x-ratelimit-limit-tokens-minute": "500000", "x-ratelimit-remaining-tokens-minute": "499900",
        ]
        #expect(
            read("mistral.chat", headers) == [
                RateReport(dimension: .requests, limit: 60, remaining: 0),
                RateReport(dimension: .tokens, limit: 500_000, remaining: 499_900),
            ])
        headers["x-ratelimit-limit-req-minute"] = "0"
        #expect(read("mistral.chat", headers).map(\.dimension) == [.tokens])
    }

    @Test func `a limit that needs a day to be whole again isn't one of minutes`() {
        let daily = [
            "x-ratelimit-limit-requests": "10000", "x-ratelimit-remaining-requests": "9999",
            "x-ratelimit-reset-requests": "8.64s",
        ]
        #expect(read("openai.chat", daily) == [])
    }

    @Test func `what can't be read says nothing`() {
        #expect(read("openai.chat", ["x-ratelimit-limit-requests": "many"]) == [])
        #expect(read("openai.chat", ["x-ratelimit-limit-requests": "-3"]) == [])
        #expect(read("google.generateContent", ["x-ratelimit-limit-requests": "600"]) == [])
        #expect(
            read("openai.chat", ["x-ratelimit-limit-requests": "600", "x-ratelimit-remaining-requests": "x"])
                == [RateReport(dimension: .requests, limit: 600, remaining: nil)])
    }

    @Test(
        arguments: [
            ("100ms", 100_000), ("1s", 1_000_000), ("6m0s", 360_000_000), ("1h2m3.5s", 3_723_500_000), ("15us", 15),
        ])
    func `Go's durations are read`(text: String, microseconds: Int64) {
        #expect(GoDuration.parse(text) == Microseconds(microseconds))
    }

    @Test(arguments: ["", "5", "s", "1x", "-1s", "1..2s", "99999999h"])
    func `other durations aren't`(text: String) { #expect(GoDuration.parse(text) == nil) }
}
