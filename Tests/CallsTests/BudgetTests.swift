import CanonicalJSON
import Determinism
import EventLog
import Providers
import Testing

@testable import Calls

@Suite struct BudgetLedgerTests {
    @Test func `a call fits as long as what is spent and kept back stay within each bound`() {
        var ledger = BudgetLedger(Budget(maxCalls: 3, maxCost: 100, maxTokens: 50), spent: Spending(calls: 1, cost: 40))
        let wanted = Spending(calls: 1, cost: 30, tokens: 25)
        #expect(ledger.verdict(on: wanted) == .fits)
        ledger.reserve(wanted)
        #expect(ledger.verdict(on: wanted) == .fits)
        ledger.reserve(wanted)
        #expect(ledger.verdict(on: Spending(calls: 1)) == .mayFitLater)
        ledger.settle(wanted, used: Spending(calls: 1, cost: 1, tokens: 2))
        ledger.withdraw(wanted)
        #expect(ledger.spent == Spending(calls: 2, cost: 41, tokens: 2) && ledger.reserved == .zero)
        #expect(ledger.verdict(on: Spending(calls: 1, cost: 59, tokens: 48)) == .fits)
        #expect(ledger.verdict(on: Spending(calls: 1, cost: 60)) == .exceeds)
        #expect(ledger.verdict(on: Spending(calls: 1, tokens: 49)) == .exceeds)
        #expect(ledger.verdict(on: Spending(calls: 2)) == .exceeds)
    }

    @Test func `calls pass in the order of arrival, and one that can't fit ends it for all behind it`() {
        var line = BudgetLine(BudgetLedger(Budget(maxCost: 10)))
        #expect(line.arrive(1, wanted: Spending(cost: 6)) == .granted)
        #expect(line.arrive(2, wanted: Spending(cost: 9)) == .waiting)
        #expect(line.arrive(3, wanted: Spending(cost: 1)) == .waiting)
        #expect(line.settle(Spending(cost: 6), used: Spending(cost: 1)).granted == [2])
        #expect(line.settle(Spending(cost: 9), used: Spending(cost: 9)).granted == [])
        #expect(line.exhausted == Spending(cost: 1))
        #expect(line.arrive(4, wanted: .zero) == .waiting)
        #expect(line.close().putOff == [3, 4])
        #expect(line.arrive(5, wanted: .zero) == .putOff)
    }

    @Test(arguments: 0..<40) func `in a random walk the budget is never exceeded`(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let budget = Budget(maxCalls: 60, maxCost: 500, maxTokens: 900)
        var line = BudgetLine(BudgetLedger(budget))
        var wanted: [UInt64: Spending] = [:]
        var under: [UInt64] = []
        for id in 1...200 as ClosedRange<UInt64> {
            wanted[id] = Spending(calls: 1, cost: Int(generator.next() % 40), tokens: Int(generator.next() % 60))
            if line.arrive(id, wanted: wanted[id] ?? .zero) == .granted { under.append(id) }
            while !under.isEmpty, generator.next() % 2 == 0 {
                let ended = under.removeFirst()
                guard let worst = wanted[ended] else { continue }
                let used = Spending(calls: 1, cost: worst.cost / 2, tokens: worst.tokens / 3)
                under += line.settle(worst, used: used).granted
            }
            let all = line.ledger.spent + line.ledger.reserved
            #expect(all.calls <= 60 && all.cost <= 500 && all.tokens <= 900, "seed \(seed)")
        }
        #expect(line.exhausted != nil, "seed \(seed)")
    }

    @Test func `what nobody knows counts with its worst case`() {
        let reservation = Reservation(cost: 900, tokens: 80)
        let worst = Spending(calls: 1, cost: 900, tokens: 80)
        #expect(SpendingRules.spent(Sample.completed(), reservation) == Spending(calls: 1, cost: 37_000, tokens: 34))
        let uncounted = CallCompleted(
            attempt: 1, exchange: Sample.exchange(), result: ChatResult(text: "Seven.", finish: .stop), price: nil,
            requestBytes: { 41 })
        #expect(uncounted.estimated && uncounted.usage == Usage(input: 11, output: 2))
        #expect(SpendingRules.spent(uncounted, reservation) == worst)
        #expect(SpendingRules.spent(Sample.failed(), reservation) == Spending(calls: 1))
        #expect(SpendingRules.spent(Sample.broken(), reservation) == worst)
    }

    @Test func `the worst price of all parts and tiers counts`() {
        func dollars(_ count: Int) -> PicoDollars { PicoDollars(rawValue: count * 1_000) }
        let price = ModelPrice(
            rates: .init(input: dollars(1), output: dollars(2), cacheWrite: dollars(3), reasoning: dollars(4)),
            tiers: [.init(above: 100, rates: .init(input: dollars(5), output: dollars(1)))])
        #expect(price.worstCost(input: 100, output: 10) == 340)
        #expect(price.worstCost(input: 200, output: 10) == 1_010)
    }
}

@Suite struct ReuseIndexTests {
    private let asked = ReuseIndex.Fingerprint(
        adapter: "a", endpoint: "http://x", model: "m", request: Digest(of: "r"))
    private let first = ReuseIndex.Scope(labels: ["model": "m", "scenario": "s", "sample": "1"])
    private let second = ReuseIndex.Scope(labels: ["model": "m", "scenario": "s", "sample": "2"])
    private let other = ReuseIndex.Scope(labels: ["model": "m", "scenario": "t", "sample": "1"])

    @Test func `samples need as many answers as they are`() {
        var index = ReuseIndex()
        index.add(asked, at: Position(3), body: Digest(of: "b"), usedIn: nil)
        index.add(asked, at: Position(9), body: Digest(of: "b"), usedIn: nil)
        #expect(index.claim(asked, in: first) { _ in true } == Position(3))
        #expect(index.claim(asked, in: second) { _ in true } == Position(9))
        #expect(index.claim(asked, in: second) { _ in true } == nil)
        #expect(index.claim(asked, in: other) { _ in true } == Position(3))
    }

    @Test func `an answer of the run itself is no copy for its own samples, nor one whose body is gone`() {
        var index = ReuseIndex()
        index.add(asked, at: Position(3), body: Digest(of: "b"), usedIn: first)
        #expect(index.claim(asked, in: second) { _ in true } == nil)
        #expect(index.claim(asked, in: other) { _ in false } == nil)
        index.use(Position(3), in: other)
        #expect(index.claim(asked, in: other) { _ in true } == nil)
    }
}

@Suite struct VersionTests {
    @Test func `what version 1 recorded is read, and written again as it was`() throws {
        let old = Sample.intent().started(attempt: 1)
        let intent = Call.Intent(
            adapter: old.adapter, endpoint: old.endpoint, job: old.job, model: old.model, provider: old.provider,
            purpose: old.purpose, request: old.request, turn: 0, worker: old.worker, permit: CallPermit(version: 1))
        let started = intent.started(attempt: 1)
        #expect(started == old && started.writtenVersion == 1)
        let text = String(decoding: started.canonicalBytes(), as: UTF8.self)
        #expect(!text.contains("stream") && text.contains("worker"))
        let failed = CallFailed(
            attempt: 1, evidence: .exchange(Sample.exchange(504)), error: ProviderError(class: .timeout, detail: "x"),
            version: 1)
        #expect(failed.mayBeCharged)
        #expect(!String(decoding: failed.canonicalBytes(), as: UTF8.self).contains("mayBeCharged"))
    }
}
