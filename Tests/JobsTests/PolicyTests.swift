import CanonicalJSON
import Determinism
import Testing

@testable import Jobs

@Suite struct RetryPolicyTests {
    private let policy = RetryPolicy(attempts: 5, base: .seconds(1), cap: .minutes(10))

    @Test(arguments: [(1, 1), (2, 2), (3, 4), (9, 256), (10, 512), (11, 600), (60, 600), (1_000_000, 600)])
    func `the ceiling doubles up to the cap`(failures: Int, seconds: Int64) {
        #expect(policy.ceiling(after: failures) == .seconds(seconds))
    }

    @Test func `the same failure of the same job always waits as long`() {
        #expect(policy.delay(after: 1, of: "job-1") == Microseconds(RetryPolicyTests.firstDelay))
        #expect(policy.delay(after: 1, of: "job-1") == policy.delay(after: 1, of: "job-1"))
        #expect(policy.delay(after: 1, of: "job-1") != policy.delay(after: 1, of: "job-2"))
    }

    /// Drawn once from the documented generator; it may never change, since logs rest on it.
    private static let firstDelay: Int64 = {
        var generator = SeededGenerator(seedingFrom: ["job-1", "1"])
        return Int64(generator.uniform(below: 1_000_001))
    }()

    @Test func `delays lie between nothing and the ceiling, and reach both halves`() {
        let delays = (0..<200).map { policy.delay(after: 3, of: "job-\($0)") }
        #expect(delays.allSatisfy { $0 >= .zero && $0 <= .seconds(4) })
        #expect(delays.contains { $0 < .seconds(2) } && delays.contains { $0 > .seconds(2) })
    }

    @Test func `whoever asks for a longer wait gets it, beyond the cap too`() {
        #expect(policy.delay(after: 1, of: "job-1", atLeast: .hours(1)) == .hours(1))
        #expect(policy.delay(after: 1, of: "job-1", atLeast: .zero) == policy.delay(after: 1, of: "job-1"))
    }

    @Test func `is read back from its canonical form, and nonsense isn't`() throws {
        #expect(try RetryPolicy(canonicalBytes: policy.canonicalBytes()) == policy)
        #expect(throws: JSONError.self) {
            try RetryPolicy(canonicalBytes: Array(#"{"attempts":0,"base":1,"cap":1}"#.utf8))
        }
    }
}

@Suite struct LeasePolicyTests {
    @Test func `a lease covers two calls and the longest wait`() {
        let policy = LeasePolicy.covering(callTimeout: .seconds(60), longestPause: .seconds(30))
        #expect(policy.length == .seconds(150))
    }

    @Test func `a call doesn't begin when the lease may end before it, and isn't renewed yet`() {
        let usual = LeasePolicy.covering(callTimeout: .seconds(60), longestPause: .seconds(30))
        #expect(usual.gap(deadline: Sample.at(150)) == nil)
        let short = LeasePolicy.covering(callTimeout: .seconds(2), longestPause: .milliseconds(20))
        let deadline = Sample.at(100)
        let gap = short.gap(deadline: deadline)
        #expect(gap == deadline - .seconds(3)..<deadline - .milliseconds(2_010) + Microseconds(1))
        #expect(gap.map { short.isRenewalDue(deadline: deadline, now: $0.upperBound) } == true)
        #expect(gap.map { short.isRenewalDue(deadline: deadline, now: $0.upperBound - Microseconds(1)) } == false)
        #expect(LeasePolicy(length: .seconds(30)).gap(deadline: deadline) == nil)
    }

    @Test func `renewal is due when less than half is left`() {
        let policy = LeasePolicy(length: .seconds(100))
        #expect(!policy.isRenewalDue(deadline: Sample.at(100), now: Sample.at(50)))
        #expect(policy.isRenewalDue(deadline: Sample.at(100), now: Timestamp(microseconds: 50_000_001)))
    }
}
