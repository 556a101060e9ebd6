import Determinism
import Testing

@testable import Providers

@Suite struct CircuitBreakerTests {
    private let start = Timestamp(microseconds: 1_795_000_000_000_000)

    private func opened(_ failures: [ProviderErrorClass?]) -> Bool {
        var breaker = CircuitBreaker(seed: "x")
        for failure in failures { breaker.ended(failure, isProbe: false, at: start) }
        return breaker.state != .closed
    }

    @Test func `opens after five failures in a row and not after four`() {
        #expect(opened(Array(repeating: .serverError, count: 5)))
        #expect(!opened(Array(repeating: .serverError, count: 4) + [nil] + Array(repeating: .timeout, count: 4)))
    }

    @Test func `opens when half of ten calls failed`() {
        #expect(opened([nil, .network, nil, .network, nil, .network, nil, .network, nil, .network]))
        #expect(!opened([nil, nil, .network, nil, .network, nil, .network, nil, .network, nil]))
    }

    @Test(
        arguments: [
            .rateLimit, .quotaExhausted, .auth, .permission, .notFound, .invalidRequest, .contextLength, .contentPolicy,
            .malformedResponse,
        ] as [ProviderErrorClass])
    func `stays closed for what says nothing about the provider's health`(kind: ProviderErrorClass) {
        #expect(!opened(Array(repeating: kind, count: 50)))
    }

    @Test func `a dead provider gets one probe per open period, and the periods double to a longest`() throws {
        var breaker = CircuitBreaker(seed: "x")
        var now = start
        for _ in 0..<5 { breaker.ended(.network, isProbe: false, at: now) }
        var periods: [Double] = []
        for _ in 0..<12 {
            guard case .no(let until?) = breaker.permission(at: now) else {
                return #expect(Bool(false), "it isn't open")
            }
            periods.append((until - now).seconds)
            #expect(breaker.permission(at: until - Microseconds(1)) != .probe)
            now = until
            #expect(breaker.permission(at: now) == .probe)
            breaker.probeBegan()
            #expect(breaker.permission(at: now + .hours(1)) == .no(until: nil))
            breaker.ended(.timeout, isProbe: false, at: now)
            #expect(breaker.state == .halfOpen)
            breaker.ended(.network, isProbe: true, at: now)
        }
        for (index, period) in periods.enumerated() {
            let nominal = min(5 * Double(1 << index), 300)
            #expect(period >= nominal * 0.87 && period <= nominal * 1.13, "\(periods)")
        }
    }

    @Test func `a probe that is answered closes it, whatever the answer says`() {
        for answer in [nil, ProviderErrorClass.rateLimit, .invalidRequest] {
            var breaker = CircuitBreaker(seed: "x")
            for _ in 0..<5 { breaker.ended(.network, isProbe: false, at: start) }
            guard case .open(let until) = breaker.state else { return #expect(Bool(false), "it isn't open") }
            #expect(breaker.permission(at: until) == .probe)
            breaker.probeBegan()
            breaker.ended(answer, isProbe: true, at: until)
            #expect(breaker.permission(at: until) == .yes)
        }
    }

    @Test func `a probe that vanished is followed by the same wait`() {
        var breaker = CircuitBreaker(seed: "x")
        for _ in 0..<5 { breaker.ended(.network, isProbe: false, at: start) }
        guard case .open(let until) = breaker.state else { return #expect(Bool(false), "it isn't open") }
        breaker.probeBegan()
        breaker.probeVanished(at: until)
        guard case .open(let again) = breaker.state else { return #expect(Bool(false), "it isn't open") }
        #expect((again - until).seconds <= 5.7)
    }
}

@Suite struct RetryBudgetTests {
    @Test(arguments: 1...20)
    func `retries stay within a tenth of the calls and ten for each begun minute`(seed: UInt64) {
        let start = Timestamp(microseconds: 1_795_000_000_000_000)
        var generator = SeededGenerator(seed: seed)
        var budget = RetryBudget()
        var now = start
        var (calls, retries) = (0, 0)
        let share = 1 + generator.uniform(below: 10)
        for _ in 0..<5_000 {
            now = now + .milliseconds(Int64(generator.uniform(below: 200)))
            if generator.uniform(below: 10) < share, budget.hasRoom(at: now) {
                budget.take(at: now)
                retries += 1
            } else if generator.uniform(below: 3) == 0 {
                budget.countCall()
                calls += 1
            }
            let minutes = (now - start).count / 60_000_000 + 1
            #expect(Double(retries) <= 0.1 * Double(calls) + 10 * Double(minutes), "seed \(seed)")
        }
        #expect(retries > 0)
        let minutes = (now - start).count / 60_000_000 + 1
        let allowed = Int(0.1 * Double(calls) + 10 * Double(minutes))
        print(
            "limits: failing, seed \(seed): \(retries) retries of \(allowed) allowed by \(calls) calls in \(minutes) min"
        )
    }

    @Test func `an empty budget says when it has room`() {
        let start = Timestamp(microseconds: 1_795_000_000_000_000)
        var budget = RetryBudget()
        for _ in 0..<10 { budget.take(at: start) }
        let hasRoomBefore = budget.hasRoom(at: start + .seconds(59))
        let next = budget.nextRoom(at: start + .seconds(59))
        let hasRoomThen = budget.hasRoom(at: next)
        #expect(!hasRoomBefore)
        #expect(next == start + .seconds(60))
        #expect(hasRoomThen)
    }
}

@Suite struct QuotaStopTests {
    private let start = Timestamp(microseconds: 1_795_000_000_000_000)

    @Test func `stops at a used-up quota, asks once per period, and goes on when it is lifted`() {
        var stop = QuotaStop(QuotaStop.Settings(period: .minutes(1), longest: .minutes(3)))
        for kind in [ProviderErrorClass.serverError, .auth] { stop.ended(kind, isProbe: false, at: start) }
        #expect(stop.permission(at: start) == .yes)
        stop.ended(.quotaExhausted, isProbe: false, at: start)
        stop.ended(.quotaExhausted, isProbe: false, at: start + .seconds(5))
        #expect(stop.permission(at: start + .seconds(59)) == .no(until: start + .minutes(1)))
        var now = start + .minutes(1)
        for length: Int64 in [2, 3, 3] {
            #expect(stop.permission(at: now) == .probe)
            stop.probeBegan()
            #expect(stop.permission(at: now + .hours(1)) == .no(until: nil))
            stop.ended(.quotaExhausted, isProbe: true, at: now)
            #expect(stop.permission(at: now) == .no(until: now + .minutes(length)))
            now = now + .minutes(length)
        }
        stop.probeBegan()
        stop.ended(nil, isProbe: true, at: now)
        #expect(stop.permission(at: now) == .yes)
    }
}
