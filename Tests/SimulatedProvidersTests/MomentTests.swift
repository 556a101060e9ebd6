import Determinism
import Testing

@testable import SimulatedProviders

@Suite("Times in headers")
struct MomentTests {
    @Test(
        "dates are those of HTTP",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"), (1_795_248_000, "Sat, 21 Nov 2026 08:00:00 GMT"),
        ] as [(Int64, String)])
    func dates(_ second: Int64, _ text: String) {
        #expect(HTTPDate.text(second * 1_000_000 + 999_999) == text)
    }

    @Test(
        "resets are Go's durations, rounded up",
        arguments: [
            (0, "0ms"), (1, "1ms"), (17_000, "17ms"), (999_001, "1s"), (1_500_000, "1.5s"), (59_999_000, "59.999s"),
            (360_000_000, "6m0s"), (61_250_000, "1m1.25s"),
        ] as [(Int64, String)])
    func durations(_ microseconds: Int64, _ text: String) {
        #expect(GoDuration.text(Microseconds(microseconds)) == text)
    }

    @Test(
        "seconds have the decimals that they need",
        arguments: [(0, "0"), (2_000_000, "2"), (20_000, "0.02"), (41_520_000, "41.52"), (1, "0.000001")]
            as [(Int64, String)])
    func seconds(_ microseconds: Int64, _ text: String) {
        #expect(RetryText.seconds(Microseconds(microseconds)) == text)
    }
}
