import Determinism

@testable import Providers

/// Refusals that have nothing to do with the client's rate, as of a provider whose capacity others use too.
struct RandomRefusals {
    /// Of the calls.
    let share: Double
    /// After so many it refuses no more.
    private(set) var left: Int
    let retryAfter: Microseconds?
    private var generator: SeededGenerator

    init(share: Double, times: Int = .max, retryAfter: Microseconds? = nil, seed: UInt64) {
        self.share = share
        left = times
        self.retryAfter = retryAfter
        generator = SeededGenerator(seed: seed)
    }

    mutating func refusesNext() -> Bool {
        guard left > 0, Double(generator.uniform(below: 1_000_000)) < share * 1_000_000 else { return false }
        left -= 1
        return true
    }
}

extension LimitsSimulation {
    /// In milliseconds.
    struct Latency {
        /// From the caller to the server.
        let ofTheWay: Range<Int64>
        let ofAnswers: Range<Int64>
        let ofRefusals: Range<Int64>

        static let usual = Latency(ofTheWay: 10..<30, ofAnswers: 500..<4_000, ofRefusals: 30..<60)
        /// About five milliseconds for an answer.
        static let short = Latency(ofTheWay: 0..<1, ofAnswers: 2..<6, ofRefusals: 1..<3)
    }
}
