import Determinism
import Testing

@testable import Providers

/// A refusal at the beginning, when there is nothing yet to tell a limit by.
@Suite struct EarlyRefusalTests {
    private static let size = CallSize(input: 500, outputCeiling: 300)
    private static let answer = Usage(input: 400, output: 200)

    /// How long so many calls take one after the other, each of 50 ms, of which the `refused` one meets the rate.
    private func time(of calls: Int, refused: Int, _ limits: RateLimits = .none) -> Microseconds {
        let start = Timestamp(microseconds: 1_000_000_000_000)
        var now = start
        var limiter = RateLimiter(limits, at: now)
        for number in 0..<calls {
            while let obstacle = limiter.obstacle(for: Self.size, at: now) { now = obstacle.until ?? now }
            let reservation = limiter.take(Self.size, at: now)
            now = now + .milliseconds(50)
            if number == refused {
                limiter.refused(reservation, retryAfter: nil, at: now)
            } else {
                limiter.answered(reservation, Self.answer, at: now)
            }
        }
        return now - start
    }

    @Test(arguments: [0, 1, 3, 10, 30])
    func `one that hits by chance costs seconds, and no minute`(refused: Int) {
        #expect(time(of: 60, refused: refused) < .seconds(40))
        let known = RateLimits(requestsPerMinute: 6_000, inputTokensPerMinute: 2_000_000)
        #expect(time(of: 60, refused: refused, known) < .seconds(40))
    }

    @Test func `what is paced by refusals says so, however slow`() {
        let now = Timestamp("2026-11-21T12:03:06.2Z") ?? .epoch
        for (limit, text) in [(0.04, "less than 0.1"), (2.46, "2.5"), (41_000.3, "41,000")] {
            #expect(
                WaitReason.learnedRate(provider: "x", .requests, limit: limit, until: now).description
                    == "provider x: refused before, so paced at \(text) requests/min, next at 12:03:07")
        }
    }
}
