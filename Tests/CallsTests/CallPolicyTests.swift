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
}
