import Determinism
import Testing

@testable import SimulatedProviders

@Suite("RateLimiter")
struct RateLimiterTests {
    private static let usage = Completion.Usage(input: 100, cached: 0, output: 20, reasoning: 5)

    private func moment(_ microseconds: Int64) -> Moment {
        Moment(monotonic: Microseconds(microseconds), wall: Timestamp(microseconds: microseconds), date: "")
    }

    @Test("a client that comes too often gets the rate that is permitted, and no more")
    func rate() {
        var limit = RateLimit(requestsPerMinute: 600, minute: .seconds(1))
        limit.burst = 0.01
        var limiter = RateLimiter([limit])
        var granted = 0
        // Ten scaled minutes, a request every half of the time that one may take.
        for number in Int64(0)..<12_000 {
            let verdict = limiter.admit(.xai, "m", Self.usage, at: moment(number * 833))?.verdict
            if verdict == .granted { granted += 1 }
        }
        #expect((5_940...6_010).contains(granted), "\(granted)")
    }

    @Test("who waits as long as it was told is let through")
    func wait() throws {
        let limit = RateLimit(requestsPerMinute: 60)
        var limiter = RateLimiter([limit])
        var now = Int64(0)
        for _ in 0..<6 { #expect(limiter.admit(.openai, "m", Self.usage, at: moment(now))?.verdict == .granted) }
        for _ in 0..<20 {
            guard
                case .refused(let unit, let most, let wait)? = limiter.admit(.openai, "m", Self.usage, at: moment(now))?
                    .verdict
            else { return #expect(Bool(false), "the bucket was empty") }
            #expect(unit == .requests && most == 60 && wait == .seconds(1))
            now += wait.count
            #expect(limiter.admit(.openai, "m", Self.usage, at: moment(now))?.verdict == .granted)
        }
    }

    @Test("each kind of token has its limit, and what was refused costs nothing")
    func tokens() {
        let limits: [(WritableKeyPath<RateLimit, Int?>, Int)] = [
            (\.tokensPerMinute, 1_250), (\.inputTokensPerMinute, 1_000), (\.outputTokensPerMinute, 250),
        ]
        for (member, perMinute) in limits {
            var limit = RateLimit(requestsPerMinute: 1_000)
            limit[keyPath: member] = perMinute
            limit.burst = 1
            var limiter = RateLimiter([limit])
            let verdicts = (0..<12).map { _ in limiter.admit(.mistral, "m", Self.usage, at: moment(0))?.verdict }
            #expect(verdicts.prefix(10).allSatisfy { $0 == .granted })
            for verdict in verdicts.suffix(2) {
                guard case .refused(.tokens, perMinute, .seconds(6))? = verdict else {
                    return #expect(Bool(false), "\(String(describing: verdict))")
                }
            }
            // A tenth of a minute brings room for one.
            #expect(limiter.admit(.mistral, "m", Self.usage, at: moment(6_000_000))?.verdict == .granted)
        }
    }

    @Test("formats and models have allowances of their own, and what no limit is for has none")
    func places() {
        var limit = RateLimit(requestsPerMinute: 10)
        limit.wires = [.google, .anthropic]
        limit.models = ["a", "b"]
        var limiter = RateLimiter([limit])
        func verdict(_ wire: Wire, _ model: String) -> RateLimiter.Verdict? {
            limiter.admit(wire, model, Self.usage, at: moment(0))?.verdict
        }
        #expect(verdict(.google, "a") == .granted)
        #expect(verdict(.google, "a") != .granted)
        #expect(verdict(.google, "b") == .granted)
        #expect(verdict(.anthropic, "a") == .granted)
        #expect(verdict(.google, "c") == nil)
        #expect(verdict(.openai, "a") == nil)
    }

    @Test("the headers tell real minutes, whatever the scale")
    func allowance() throws {
        var limiter = RateLimiter([RateLimit(requestsPerMinute: 100, minute: .seconds(1))])
        let allowance = try #require(limiter.admit(.openai, "m", Self.usage, at: moment(0))?.allowance)
        #expect(
            allowance.requests == Allowance.Window(limit: 6_000, remaining: 9, reset: .milliseconds(10)))
        let names = ChatFormat.openai.headers(id: "x", allowance).map(\.name)
        #expect(
            names == [
                "x-request-id", "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests",
                "x-ratelimit-reset-requests",
            ])
    }

    @Test("a request larger than the bucket passes when the bucket is full")
    func large() {
        var limit = RateLimit()
        limit.inputTokensPerMinute = 60
        limit.burst = 0.5
        var limiter = RateLimiter([limit])
        #expect(limiter.admit(.openai, "m", Self.usage, at: moment(0))?.verdict == .granted)
        // 100 were taken from 30: the debt of 70 and the 30 come back in 100 seconds.
        let early = limiter.admit(.openai, "m", Self.usage, at: moment(99_000_000))?.verdict
        #expect(early == .refused(.tokens, limit: 60, wait: .seconds(1)))
        #expect(limiter.admit(.openai, "m", Self.usage, at: moment(100_000_000))?.verdict == .granted)
    }
}
