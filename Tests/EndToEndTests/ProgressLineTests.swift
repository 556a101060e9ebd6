import Calls
import Determinism
import Providers
import Testing

@testable import CairnCLI

@Suite struct ProgressLineTests {
    private static let line = ProgressLine(
        done: 1_250, failed: 0, total: 2_000, before: 250, tokens: 40_000, costInNanoDollars: nil,
        elapsed: Microseconds(10_000_000))

    @Test func `only what this process did counts for the rate and the time left`() {
        #expect(Self.line.rendered(width: 200)[0] == "1,250/2,000 cells · 100/s · 40,000 tokens · ETA 7.5 s")
    }

    @Test func `failures and cost are shown when there are any`() {
        var line = Self.line
        line.failed = 3
        line.costInNanoDollars = 1_720_000
        #expect(line.rendered(width: 200)[0].hasPrefix("1,250/2,000 cells · 3 failed · "))
        #expect(line.rendered(width: 200)[0].contains(" · $0.0017 · "))
    }

    @Test func `at the beginning there is no rate and no promise`() {
        var line = Self.line
        line.elapsed = .zero
        #expect(line.rendered(width: 200)[0] == "1,250/2,000 cells · 0.0/s · 40,000 tokens")
    }

    @Test func `a narrow terminal costs tokens first, then the rate, then the cost, and never the time left`() {
        var line = Self.line
        line.costInNanoDollars = 1_720_000
        #expect(line.rendered(width: 62)[0] == "1,250/2,000 cells · 100/s · $0.0017 · ETA 7.5 s")
        #expect(line.rendered(width: 45)[0] == "1,250/2,000 cells · $0.0017 · ETA 7.5 s")
        #expect(line.rendered(width: 38)[0] == "1,250/2,000 cells · ETA 7.5 s")
        #expect(line.rendered(width: 11) == ["1,250/2,000"])
        #expect(line.rendered(width: -1) == [""])
    }

    private static let noon = Timestamp(microseconds: 43_387_000_000)

    private static func wait(_ provider: String, _ calls: Int, _ reason: WaitReason) -> Pacing.Wait {
        Pacing.Wait(provider: provider, model: "m", calls: calls, reason: reason)
    }

    @Test func `on 80 columns it says on a line of its own who is waited for, why, and until when`() {
        var line = Self.line
        let paced = WaitReason.rate(
            provider: "anthropic", .inputTokens, wanted: 41_000, limit: 40_000, until: Self.noon)
        line.waits = [Self.wait("anthropic", 12, paced)]
        let lines = line.rendered(width: 79)
        #expect(lines.count == 2 && lines[0].hasSuffix("ETA 7.5 s"))
        #expect(lines[1] == "12 wait for anthropic: 41,000 of 40,000 \(RateDimension.inputTokens.unit) until 12:03:07")
    }

    @Test func `those who wait for others are counted as far as there is room`() {
        var line = Self.line
        line.waits = [
            Self.wait("openai", 3, .queue(provider: "openai")),
            Self.wait("xai", 900, .concurrency(provider: "xai", limit: 20)),
        ]
        #expect(line.rendered(width: 79)[1] == "900 wait for xai: 20 of 20 calls under way · 3 for openai")
        #expect(line.rendered(width: 53)[1] == "900 wait for xai: 20 of 20 calls under way · 3 others")
        #expect(line.rendered(width: 45)[1] == "900 wait for xai: 20 of 20 calls under way")
    }

    @Test func `a reason that is too long loses its middle, and keeps who and until when`() {
        var line = Self.line
        let reason = WaitReason.retryBudget(provider: "openai-compatible", until: Self.noon)
        line.waits = [Self.wait("openai-compatible", 1_000, reason)]
        for width in [40, 60, 79] {
            let words = line.rendered(width: width)[1]
            #expect(words.count <= width, "\(words)")
            #expect(words.hasPrefix("1,000 wait for openai-com") && words.contains("…"), "\(words)")
            #expect(words.hasSuffix("12:03:07"), "\(words)")
        }
        #expect(line.rendered(width: 0)[1] == "")
    }

    @Test func `what is written next takes the place of all live lines`() {
        #expect(Terminal.erasure(of: 0) == "")
        #expect(Terminal.erasure(of: 1) == "\r\u{1B}[K")
        #expect(Terminal.erasure(of: 2) == "\r\u{1B}[K\u{1B}[A\u{1B}[K")
    }
}
