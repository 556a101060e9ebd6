import Determinism
import Testing

@testable import Providers

/// The figures that a run against a provider with limits must reach, in virtual time.
@Suite struct SimulationTests {
    /// Bound by tokens of input, near the request limit.
    private static let limits = LimitedUnits(600, .infinity, 600_000, 200_000)
    /// Bound by requests.
    private static let fewRequests = LimitedUnits(60, .infinity, 600_000, 200_000)
    /// Bound by tokens of output.
    private static let fewOutputs = LimitedUnits(600, .infinity, 600_000, 60_000)
    private static let all = [("input", limits), ("requests", fewRequests), ("output", fewOutputs)]

    /// What of known limits is used at least.
    ///
    /// A second's worth of output is little more than two answers, whose lengths nobody knows before: what is refused
    /// then lowers the rate below the limit.
    private static func least(_ counting: LimitedServer.Counting, _ bound: String) -> Double {
        counting == .smallBucket && bound == "output" ? 0.6 : 0.95
    }

    private func check(
        _ figures: LimitsSimulation.Figures, of limits: LimitedUnits, _ what: String, atLeast least: Double = 0.95,
        refusedAtMost most: Double = 0.005, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let used = figures.used(of: limits)
        print("limits: \(what): \(percent(used)) used, \(percent(figures.refusedShare)) refused (\(figures))")
        #expect(used >= least, "\(what): \(figures)", sourceLocation: sourceLocation)
        #expect(figures.refusedShare <= most, "\(what): \(figures)", sourceLocation: sourceLocation)
    }

    @Test(arguments: LimitedServer.Counting.allCases)
    func `limits that the headers tell are used and kept to`(counting: LimitedServer.Counting) {
        for (bound, limits) in Self.all {
            var simulation = LimitsSimulation(LimitedServer(counting, limits: limits, tellsHeaders: true), seed: 1)
            _ = simulation.run(minutes: 3)
            check(
                simulation.run(minutes: 8), of: limits, "told by headers, \(counting), bound by \(bound)",
                atLeast: Self.least(counting, bound))
        }
    }

    @Test(arguments: LimitedServer.Counting.allCases)
    func `limits that are configured are used and kept to`(counting: LimitedServer.Counting) {
        for (bound, limits) in Self.all {
            let known = RateLimits(
                requestsPerMinute: Int(limits[0]), inputTokensPerMinute: Int(limits[2]),
                outputTokensPerMinute: Int(limits[3]))
            var simulation = LimitsSimulation(LimitedServer(counting, limits: limits), limits: known, seed: 2)
            _ = simulation.run(minutes: 2)
            check(
                simulation.run(minutes: 8), of: limits, "configured, \(counting), bound by \(bound)",
                atLeast: Self.least(counting, bound))
        }
    }

    @Test(arguments: [LimitedServer.Counting.bucket, .fixedWindow], [true, false])
    func `limits that nobody tells are found`(counting: LimitedServer.Counting, tellsRetryAfter: Bool) {
        var simulation = LimitsSimulation(
            LimitedServer(counting, limits: Self.limits, tellsRetryAfter: tellsRetryAfter), seed: 3)
        _ = simulation.run(minutes: 15)
        check(
            simulation.run(minutes: 30), of: Self.limits,
            "unknown, \(counting), bound by input, \(tellsRetryAfter ? "with" : "without") retry-after")
    }

    /// Where a minute has few calls, or a window slides, a refusal teaches less: these are used in part.
    @Test(arguments: LimitedServer.Counting.allCases)
    func `limits that nobody tells are kept to where calls are few or windows short`(counting: LimitedServer.Counting) {
        for (bound, limits) in Self.all where counting != .smallBucket || bound == "input" {
            var simulation = LimitsSimulation(LimitedServer(counting, limits: limits), seed: 4)
            _ = simulation.run(minutes: 15)
            check(
                simulation.run(minutes: 20), of: limits, "unknown, \(counting), bound by \(bound)", atLeast: 0.85)
        }
    }

    /// Where a second has hardly one call, chance decides how much is found; on the average it is half.
    @Test func `limits of seconds with a call each are found by half`() {
        for (bound, limits) in Self.all where bound != "input" {
            var shares: [Double] = []
            for seed in UInt64(4)..<12 {
                var simulation = LimitsSimulation(LimitedServer(.smallBucket, limits: limits), seed: seed)
                _ = simulation.run(minutes: 15)
                let growth = simulation.run(minutes: 20)
                check(growth, of: limits, "unknown, small bucket, bound by \(bound)", atLeast: 0.2)
                shares.append(growth.used(of: limits))
            }
            #expect(shares.reduce(0, +) / Double(shares.count) >= 0.5, "\(bound): \(shares)")
        }
    }
}

private func percent(_ share: Double) -> String {
    let hundredths = Int((share * 10_000).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) %"
}
