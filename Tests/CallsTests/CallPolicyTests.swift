import CanonicalJSON
import Determinism
import Jobs
import Providers
import Testing

@testable import Calls

@Suite struct CallPolicyTests {
    private let policy = CallPolicy(retry: RetryPolicy(attempts: 3))

    private func retries(_ kind: ProviderErrorClass, failures: Int, alike: Int) -> Bool {
        let verdict = policy.verdict(
            on: Sample.failed(failures, kind), failures: failures, alike: alike, of: Sample.call)
        if case .retry = verdict { return true }
        return false
    }

    @Test(arguments: [.rateLimit, .timeout, .overloaded, .serverError, .network] as [ProviderErrorClass])
    func `what may pass is tried again until the attempts are used up`(kind: ProviderErrorClass) {
        #expect((1...4).map { retries(kind, failures: $0, alike: $0) } == [true, true, false, false])
    }

    @Test func `an answer that can't be read is asked for once more`() {
        #expect(retries(.malformedResponse, failures: 1, alike: 1))
        #expect(!retries(.malformedResponse, failures: 2, alike: 2))
        #expect(retries(.malformedResponse, failures: 2, alike: 1))
    }

    @Test(
        arguments: [
            .quotaExhausted, .auth, .permission, .notFound, .invalidRequest, .contextLength, .contentPolicy,
        ] as [ProviderErrorClass])
    func `the rest is never tried again`(kind: ProviderErrorClass) {
        #expect(!retries(kind, failures: 1, alike: 1))
    }

    @Test func `waits at least as long as the provider asks`() {
        let failure = Sample.failed(1, .rateLimit, retryAfter: .seconds(77))
        #expect(policy.delay(after: failure, of: Sample.call) == .seconds(77))
        #expect(policy.delay(after: Sample.failed(), of: Sample.call) <= .seconds(1))
    }

    @Test func `terms are read back from their blob`() throws {
        let terms = CallTerms(policy: policy, price: Sample.price)
        #expect(try CallTerms(canonicalBytes: terms.canonicalBytes()) == terms)
        #expect(try CallTerms(canonicalBytes: CallTerms().canonicalBytes()) == CallTerms())
    }

    private let free = CallPolicy(retry: RetryPolicy(attempts: 3), rule: .refusalsAreFree)

    @Test(arguments: [CallPolicy.Rule.everyFailureCounts, .refusalsAreFree], [1, 3])
    func `no order of failures lets a question be sent more often than it says`(rule: CallPolicy.Rule, attempts: Int) {
        let policy = CallPolicy(retry: RetryPolicy(attempts: attempts), rule: rule)
        func sends(_ kinds: (Int) -> ProviderErrorClass) -> Int {
            var refusals = CallPolicy.Refusals.none
            for sent in 1...1_000 {
                let failure = Sample.failed(sent, kinds(sent))
                refusals = refusals.counting(failure)
                let verdict = policy.verdict(
                    on: failure, failures: sent, refusals: refusals, alike: 1, of: Sample.call)
                if verdict == .giveUp { return sent }
            }
            return .max
        }
        let refusedFirst = sends { $0 < 100 ? .rateLimit : .timeout }
        let brokenFirst = sends { $0 < attempts ? .timeout : .rateLimit }
        #expect(max(refusedFirst, brokenFirst) == policy.mostSends)
        #expect(sends { $0.isMultiple(of: 2) ? .rateLimit : .network } <= policy.mostSends)
    }

    @Test func `by the second rule, being refused for the rate spends no attempt`() {
        let refused = Sample.failed(40, .rateLimit)
        let refusals = CallPolicy.Refusals(count: 40, wait: .seconds(40))
        let verdict = free.verdict(on: refused, failures: 42, refusals: refusals, alike: 1, of: Sample.call)
        #expect(verdict == .retry(after: free.delay(after: refused, of: Sample.call)))
        let broken = Sample.failed(43)
        let third = free.verdict(on: broken, failures: 43, refusals: refusals, alike: 1, of: Sample.call)
        #expect(third == .giveUp)
        let second = free.verdict(on: broken, failures: 42, refusals: refusals, alike: 1, of: Sample.call)
        #expect(second != .giveUp)
    }

    @Test func `by the second rule, refusals end at a hundred, or at a day of asked waits`() {
        let refused = Sample.failed(2, .rateLimit)
        for refusals in [
            CallPolicy.Refusals(count: 100, wait: .zero), CallPolicy.Refusals(count: 2, wait: .hours(25)),
        ] {
            let verdict = free.verdict(on: refused, failures: 1, refusals: refusals, alike: 1, of: Sample.call)
            #expect(verdict == .giveUp)
        }
    }

    @Test func `by the second rule, the wait after a refusal doesn't grow`() {
        for attempt in 1...50 {
            #expect(free.delay(after: Sample.failed(attempt, .rateLimit), of: Sample.call) <= .seconds(1))
        }
        let hinted = Sample.failed(1, .rateLimit, retryAfter: .seconds(77))
        #expect(free.delay(after: hinted, of: Sample.call) == .seconds(77))
        #expect(
            free.delay(after: Sample.failed(3), of: Sample.call)
                == policy.delay(after: Sample.failed(3), of: Sample.call)
        )
    }

    @Test func `terms without a rule have the first one`() throws {
        let bytes = CallTerms(policy: policy).canonicalBytes()
        #expect(!String(decoding: bytes, as: UTF8.self).contains("rule"))
        #expect(try CallTerms(canonicalBytes: bytes).policy.rule == .everyFailureCounts)
        let terms = CallTerms(policy: free, price: Sample.price)
        #expect(try CallTerms(canonicalBytes: terms.canonicalBytes()) == terms)
    }
}
