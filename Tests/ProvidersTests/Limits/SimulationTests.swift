import Determinism
import Testing

@testable import Providers

/// The figures that a run against a provider with limits must reach, in virtual time.
@Suite struct SimulationTests {
    /// Bound by tokens of input, near the request limit.
    private static let limits = LimitedUnits(600, .infinity, 600_000, 200_000)
    /// Bound by requests.
    private static let fewRequests = LimitedUnits(60, .infinity, 600_000, 200_000)

    private func check(
        _ figures: LimitsSimulation.Figures, of limits: LimitedUnits, _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let used = figures.used(of: limits)
        print("\(what): used \(used), refused \(figures.refusedShare) (\(figures))")
        #expect(used >= 0.95, "\(what): \(figures)", sourceLocation: sourceLocation)
        #expect(figures.refusedShare <= 0.005, "\(what): \(figures)", sourceLocation: sourceLocation)
    }

    @Test(arguments: LimitedServer.Counting.allCases)
    func `limits that the headers tell are used and kept to`(counting: LimitedServer.Counting) {
        for limits in [Self.limits, Self.fewRequests] {
            var simulation = LimitsSimulation(LimitedServer(counting, limits: limits, tellsHeaders: true), seed: 1)
            _ = simulation.run(minutes: 3)
            check(simulation.run(minutes: 8), of: limits, "told, \(counting), \(limits[0])")
        }
    }

    @Test(arguments: LimitedServer.Counting.allCases)
    func `limits that are configured are used and kept to`(counting: LimitedServer.Counting) {
        for limits in [Self.limits, Self.fewRequests] {
            let known = RateLimits(
                requestsPerMinute: Int(limits[0]), inputTokensPerMinute: Int(limits[2]),
                outputTokensPerMinute: Int(limits[3]))
            var simulation = LimitsSimulation(LimitedServer(counting, limits: limits), limits: known, seed: 2)
            _ = simulation.run(minutes: 2)
            check(simulation.run(minutes: 8), of: limits, "configured, \(counting), \(limits[0])")
        }
    }

    @Test(arguments: [LimitedServer.Counting.bucket, .fixedWindow], [true, false])
    func `limits that nobody tells are found`(counting: LimitedServer.Counting, tellsRetryAfter: Bool) {
        var simulation = LimitsSimulation(
            LimitedServer(counting, limits: Self.limits, tellsRetryAfter: tellsRetryAfter), seed: 3)
        _ = simulation.run(minutes: 15)
        check(
            simulation.run(minutes: 30), of: Self.limits, "unknown, \(counting), retry-after \(tellsRetryAfter)")
    }
}
