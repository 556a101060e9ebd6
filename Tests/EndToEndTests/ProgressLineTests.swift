import Determinism
import Testing

@testable import CairnCLI

@Suite struct ProgressLineTests {
    private static let line = ProgressLine(
        done: 1_250, failed: 0, total: 2_000, before: 250, tokens: 40_000, costInNanoDollars: nil,
        elapsed: Microseconds(10_000_000))

    @Test func `only what this process did counts for the rate and the time left`() {
        #expect(Self.line.rendered(width: 200) == "1,250/2,000 cells · 100/s · 40,000 tokens · ETA 7.5 s")
    }

    @Test func `failures and cost are shown when there are any`() {
        var line = Self.line
        line.failed = 3
        line.costInNanoDollars = 1_720_000
        #expect(line.rendered(width: 200).hasPrefix("1,250/2,000 cells · 3 failed · "))
        #expect(line.rendered(width: 200).contains(" · $0.0017 · "))
    }

    @Test func `at the beginning there is no rate and no promise`() {
        var line = Self.line
        line.elapsed = .zero
        #expect(line.rendered(width: 200) == "1,250/2,000 cells · 0.0/s · 40,000 tokens")
    }

    @Test func `a narrow terminal cuts the line`() {
        #expect(Self.line.rendered(width: 11) == "1,250/2,000")
        #expect(Self.line.rendered(width: -1) == "")
    }
}
