import Determinism
import Testing

@testable import Providers

@Suite struct ProviderPacingTests {
    private static let start = Timestamp(microseconds: 1_795_000_000_000_000)
    private let start = Self.start

    private func ask(_ model: String = "m", _ kind: PacingAsk.Kind = .first) -> PacingAsk {
        PacingAsk(
            lane: PacingLane(model: model, keyVariable: "K", adapter: "openai.chat"),
            size: CallSize(input: 100, outputCeiling: 100), kind: kind)
    }

    private func pacing(_ limits: [String: RateLimits] = [:]) -> ProviderPacing {
        ProviderPacing(provider: "x", settings: RateSettings(limits: limits), at: Self.start)
    }

    private func grant(_ answer: ProviderPacing.Answer) throws -> PacingGrant {
        guard case .granted(let grant) = answer else { throw Waits() }
        return grant
    }

    private struct Waits: Error {}

    @Test func `without limits everything passes at once`() throws {
        var pacing = pacing()
        for _ in 0..<1_000 { _ = try grant(pacing.admit(ask(), at: start)) }
        #expect(pacing.inFlight == 1_000)
        #expect(pacing.waits().isEmpty)
    }

    @Test func `slots are given in the order of arrival`() throws {
        var pacing = pacing(["x": RateLimits(concurrency: 1)])
        var running = try grant(pacing.admit(ask(), at: start))
        var ids: [UInt64] = []
        for _ in 0..<3 {
            guard case .waits(let id) = pacing.admit(ask(), at: start) else { throw Waits() }
            ids.append(id)
        }
        #expect(pacing.advance(at: start) == ProviderPacing.Progress())
        #expect(pacing.waits().map(\.reason) == [.concurrency(provider: "x", limit: 1)])
        var served: [UInt64] = []
        pacing.withdraw(ids[1])
        while pacing.waiting > 0 {
            pacing.settle(running, .answered(Usage()), at: start)
            let granted = pacing.advance(at: start).granted
            #expect(granted.count == 1)
            served.append(granted[0].waiter)
            running = granted[0].grant
        }
        #expect(served == [ids[0], ids[2]])
    }

    @Test func `one model's limit holds back that model alone`() throws {
        var pacing = pacing(["x/a": RateLimits(requestsPerMinute: 60)])
        _ = try grant(pacing.admit(ask("a"), at: start))
        guard case .waits(let second) = pacing.admit(ask("a"), at: start) else { throw Waits() }
        guard case .waits(let other) = pacing.admit(ask("b"), at: start) else { throw Waits() }
        let progress = pacing.advance(at: start)
        #expect(progress.granted.map(\.waiter) == [other])
        let next = try #require(progress.next)
        #expect((next - start).seconds > 1 && (next - start).seconds < 1.1)
        #expect(pacing.waits().map(\.reason.kind) == ["rate"])
        let granted = pacing.advance(at: next).granted.map(\.waiter)
        #expect(granted == [second])
    }

    @Test func `what all models share goes to whoever came first`() throws {
        var pacing = pacing(["x": RateLimits(requestsPerMinute: 60)])
        _ = try grant(pacing.admit(ask("a"), at: start))
        var ids: [UInt64] = []
        for model in ["a", "b", "c", "a", "b"] {
            guard case .waits(let id) = pacing.admit(ask(model), at: start) else { throw Waits() }
            ids.append(id)
        }
        var served: [UInt64] = []
        var now = start
        while let next = pacing.advance(at: now).next {
            now = next
            served += pacing.advance(at: now).granted.map(\.waiter)
        }
        #expect(served == ids)
    }

    @Test func `a spent retry budget holds back retries alone`() throws {
        var pacing = pacing()
        for _ in 0..<10 { _ = try grant(pacing.admit(ask("m", .retry), at: start)) }
        guard case .waits(let retry) = pacing.admit(ask("m", .retry), at: start) else { throw Waits() }
        guard case .waits(let fresh) = pacing.admit(ask(), at: start) else { throw Waits() }
        let progress = pacing.advance(at: start)
        #expect(progress.granted.map(\.waiter) == [fresh])
        #expect(pacing.waits().map(\.reason) == [.retryBudget(provider: "x", until: start + .minutes(1))])
        let later = pacing.advance(at: start + .minutes(1)).granted.map(\.waiter)
        #expect(later == [retry])
    }

    @Test func `a used-up quota costs the calls under way and no more, then everybody waits`() throws {
        var pacing = pacing()
        let underWay = try (0..<8).map { _ in try grant(pacing.admit(ask(), at: start)) }
        var refused = 0
        for grant in underWay {
            pacing.settle(grant, .failed(.quotaExhausted, retryAfter: nil), at: start)
            refused += 1
        }
        for _ in 0..<100 { #expect(throws: Waits.self) { _ = try grant(pacing.admit(ask(), at: start)) } }
        #expect(pacing.advance(at: start + .minutes(14)).granted.isEmpty)
        let reason = try #require(pacing.waits().first?.reason)
        #expect(reason == .stopped(provider: "x", until: start + .minutes(15)))
        let probes = pacing.advance(at: start + .minutes(15)).granted
        #expect(probes.count == 1)
        refused += probes.count
        #expect(refused <= 8 + 1)
        pacing.settle(probes[0].grant, .answered(Usage()), at: start + .minutes(16))
        #expect(pacing.advance(at: start + .minutes(16)).granted.count == 99)
    }

    @Test(arguments: 1...5)
    func `a dead provider gets one call per open period, and retries stay in their budget`(seed: UInt64) throws {
        var pacing = pacing()
        var generator = SeededGenerator(seed: seed)
        var (now, calls, retries, sent, periods) = (start, 0, 0, 0, 0)
        var underWay = try (0..<32).map { _ in try grant(pacing.admit(ask(), at: start)) }
        calls = underWay.count
        var kinds: [UInt64: PacingAsk.Kind] = [:]
        while now < start + .hours(1) {
            for grant in underWay { pacing.settle(grant, .failed(.network, retryAfter: nil), at: now) }
            for _ in underWay {
                let kind = generator.uniform(below: 2) == 0 ? PacingAsk.Kind.first : .retry
                guard case .waits(let id) = pacing.admit(ask("m", kind), at: now) else {
                    return #expect(Bool(false), "seed \(seed): a call passed an open circuit")
                }
                kinds[id] = kind
            }
            let progress = pacing.advance(at: now)
            #expect(progress.granted.count <= 1)
            for granted in progress.granted {
                if kinds[granted.waiter] == .retry { retries += 1 } else { calls += 1 }
                sent += 1
            }
            underWay = progress.granted.map(\.grant)
            if underWay.isEmpty {
                now = try #require(progress.next)
                periods += 1
            }
            if !underWay.isEmpty { now = now + .milliseconds(1) }
        }
        // 5, 10, … 160 s, then 300 s each: 6 and 11 periods, a few more by jitter.
        #expect(sent <= 6 + 13, "seed \(seed)")
        #expect(sent <= periods, "seed \(seed)")
        #expect(Double(retries) <= 0.1 * Double(calls) + 10 * 60)
        print(
            "limits: dead for an hour, seed \(seed): \(sent) probes in \(periods) open periods; "
                + "\(retries) retries, \(calls) calls")
    }

    @Test func `a probe that is cut short frees the circuit for another after the same wait`() throws {
        var pacing = pacing()
        let first = try (0..<5).map { _ in try grant(pacing.admit(ask(), at: start)) }
        for grant in first { pacing.settle(grant, .failed(.serverError, retryAfter: nil), at: start) }
        #expect(throws: Waits.self) { _ = try grant(pacing.admit(ask(), at: start)) }
        let due = try #require(pacing.advance(at: start).next)
        let probe = try #require(pacing.advance(at: due).granted.first)
        pacing.settle(probe.grant, .abandoned, at: due)
        #expect(throws: Waits.self) { _ = try grant(pacing.admit(ask(), at: due)) }
        let again = try #require(pacing.advance(at: due).next)
        #expect(pacing.advance(at: again).granted.count == 1)
    }

    @Test func `DeepSeek's refusals lower the calls at once, not the rate`() throws {
        var pacing = pacing()
        let lane = PacingLane(model: "m", keyVariable: "K", adapter: "deepseek.chat")
        let ask = PacingAsk(lane: lane, size: CallSize(input: 100))
        let grants = try (0..<100).map { _ in try grant(pacing.admit(ask, at: start)) }
        for grant in grants.dropFirst(80) {
            pacing.settle(grant, .failed(.rateLimit, retryAfter: .seconds(1)), at: start + .milliseconds(50))
        }
        guard case .waits = pacing.admit(ask, at: start + .milliseconds(60)) else { throw Waits() }
        #expect(pacing.waits().map(\.reason.kind) == ["queue"])
        #expect(pacing.advance(at: start + .seconds(2)).granted.isEmpty)
        #expect(pacing.waits().map(\.reason.kind) == ["concurrency"])
    }
}

@Suite struct WaitReasonTests {
    private let until = Timestamp("2026-11-21T12:03:06.2Z") ?? .epoch

    @Test func `says for people what is waited for`() {
        #expect(
            WaitReason.rate(provider: "x", .tokens, wanted: 41_000, limit: 40_000, until: until).description
                == "provider x: 41,000 of 40,000 tokens/min until 12:03:07")
        #expect(
            WaitReason.rate(provider: "x", .requests, wanted: 7, limit: 1_000_000, until: until).description
                == "provider x: paced at 1,000,000 requests/min, next at 12:03:07")
        #expect(WaitReason.concurrency(provider: "x", limit: 4).description == "provider x: 4 of 4 calls under way")
        #expect(
            WaitReason.failing(provider: "x", .overloaded, until: until).description
                == "provider x: failing (overloaded), next try at 12:03:07")
        #expect(
            WaitReason.stopped(provider: "x", until: until).description
                == "provider x: the quota is used up, next try at 12:03:07")
        #expect(
            WaitReason.stopped(provider: "x", until: nil).description
                == "provider x: the quota is used up, one call asks again")
    }
}
