import Determinism
import Testing

@testable import Providers

/// A provider that refuses a share of the calls whatever the client's rate is, in virtual time.
@Suite struct RandomRefusalTests {
    private static let retryAfters = [nil, Microseconds.seconds(1)]
    private static let limits = LimitedUnits(600, .infinity, 600_000, 200_000)

    private func simulation(
        _ share: Double, times: Int = .max, _ retryAfter: Microseconds?, seed: UInt64
    ) -> LimitsSimulation {
        let refusals = RandomRefusals(share: share, times: times, retryAfter: retryAfter, seed: seed)
        let unlimited = LimitedServer(
            .bucket, limits: LimitedUnits(repeating: .infinity), randomRefusals: refusals)
        return LimitsSimulation(unlimited, callers: 32, latency: .short, seed: seed)
    }

    @Test(arguments: [0.01, 0.02, 0.05], retryAfters)
    func `twenty that hit by chance cost about a second each`(share: Double, retryAfter: Microseconds?) {
        var longest = Microseconds.zero
        for seed in UInt64(1)...8 {
            var simulation = simulation(share, times: 20, retryAfter, seed: seed)
            let time = simulation.time(untilAccepted: 5_000)
            #expect(time < .minutes(3), "seed \(seed): \(simulation.figures)")
            longest = max(longest, time)
        }
        print(
            "limits: twenty refused at random, \(share) of the calls, \(name(retryAfter)): "
                + "5000 calls in \(Int(longest.seconds.rounded(.up))) s at most")
    }

    @Test(arguments: [0.01, 0.02, 0.05], retryAfters)
    func `refusals that hit by chance for ever leave half of the rate at least`(
        share: Double, retryAfter: Microseconds?
    ) {
        var simulation = simulation(share, retryAfter, seed: 1)
        let first = simulation.run(minutes: 3).accepted[.requests] / 3
        var least = first
        for _ in 0..<3 { least = min(least, simulation.run(minutes: 4).accepted[.requests] / 4) }
        #expect(least >= first / 2)
        print(
            "limits: refused at random for ever, \(share) of the calls, \(name(retryAfter)): "
                + "\(Int(first)) calls per minute at first, \(Int(least)) in the worst four minutes later")
    }

    @Test(arguments: [LimitedServer.Counting.bucket, .fixedWindow], [0.2, 0.5])
    func `a limit that was lowered is kept to after minutes`(counting: LimitedServer.Counting, factor: Double) {
        var simulation = LimitsSimulation(LimitedServer(counting, limits: Self.limits), seed: 5)
        _ = simulation.run(minutes: 20)
        simulation.server.change(Self.limits * factor)
        _ = simulation.run(minutes: 15)
        let figures = simulation.run(minutes: 15)
        #expect(figures.used(of: Self.limits * factor) >= 0.8, "\(figures)")
        #expect(figures.refusedShare <= 0.01, "\(figures)")
    }

    private func name(_ retryAfter: Microseconds?) -> String {
        retryAfter == nil ? "without retry-after" : "with retry-after"
    }
}

@Suite struct RefusalCauseTests {
    private let now = Timestamp(microseconds: 1_795_000_000_000_000)

    @Test func `many refusals among the latest calls mean a limit, few among many don't`() {
        var cause = RefusalCause()
        for number in stride(from: 10, through: 1_000, by: 20) {
            cause.add(number, of: number)
            #expect(!cause.isLimit(of: number) && cause.areFew, "\(number)")
        }
        for number in stride(from: 1_002, through: 1_030, by: 2) { cause.add(number, of: 1_040) }
        #expect(cause.isLimit(of: 1_040) && !cause.areFew)
    }

    @Test func `the latest three calls refused mean a limit`() {
        var cause = RefusalCause()
        for number in 101...102 { cause.add(number, of: 102) }
        #expect(!cause.isLimit(of: 102))
        cause.add(103, of: 103)
        #expect(cause.isLimit(of: 103))
        #expect(!cause.isLimit(of: 104))
    }

    @Test func `chance is believed in for ten minutes and five hundred calls, or until a limit is met`() {
        var cause = RefusalCause()
        #expect(!cause.isChance(of: 0, at: now))
        cause.foundChance(of: 100, at: now)
        #expect(cause.isChance(of: 5_000, at: now + .minutes(9)))
        #expect(cause.isChance(of: 599, at: now + .minutes(60)))
        #expect(!cause.isChance(of: 600, at: now + .minutes(10)))
        cause.foundLimit()
        #expect(!cause.isChance(of: 101, at: now))
    }

    @Test func `the best minute is forgotten after ten, if they had many calls`() {
        var best = BestMinute()
        best.add(LimitedUnits(9, 1, 1, 1), at: now)
        best.add(LimitedUnits(2, 3, 1, 1), at: now + .minutes(60))
        #expect(best.units == LimitedUnits(9, 3, 1, 1))
        for _ in 0..<1_000 { best.add(LimitedUnits(1, 1, 1, 1), at: now + .minutes(61)) }
        #expect(best.units == LimitedUnits(9, 3, 1, 1))
        for _ in 0..<1_000 { best.add(LimitedUnits(1, 1, 1, 1), at: now + .minutes(70)) }
        #expect(best.units == LimitedUnits(1, 1, 1, 1))
    }
}
