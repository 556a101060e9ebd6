import Determinism
import Testing

@testable import Providers

@Suite struct TokenBucketTests {
    private let start = Timestamp(microseconds: 1_795_000_000_000_000)

    @Test func `holds a second's worth and gains evenly`() {
        var bucket = TokenBucket(perMinute: 600, at: start)
        #expect(bucket.level == 10)
        bucket.take(10)
        #expect(!bucket.hasRoom(for: 1))
        #expect(bucket.moment(for: 1, after: start) <= start + .milliseconds(101))
        bucket.refill(at: start + .milliseconds(100))
        #expect(bucket.hasRoom(for: 1))
        bucket.refill(at: start + .hours(1))
        #expect(bucket.level == 10)
    }

    @Test func `lets a large amount through into debt, and then waits for it`() {
        var bucket = TokenBucket(perMinute: 6_000, at: start)
        #expect(bucket.hasRoom(for: 4_000))
        bucket.take(4_000)
        let next = bucket.moment(for: 4_000, after: start)
        bucket.refill(at: next - .milliseconds(1))
        #expect(!bucket.hasRoom(for: 4_000))
        bucket.refill(at: next)
        #expect(bucket.hasRoom(for: 4_000))
        #expect(next - start >= .seconds(39))
    }

    @Test func `what is given back isn't lost above the brim`() {
        var bucket = TokenBucket(perMinute: 60, at: start)
        bucket.take(100)
        bucket.giveBack(99.5)
        bucket.giveBack(3)
        bucket.refill(at: start + .seconds(60))
        #expect(bucket.level == 3.5)
    }

    @Test(arguments: [1, 7, 40, 600, 5_000])
    func `in no 60 seconds is more taken than the rate and a second's worth`(rate: Int) {
        var generator = SeededGenerator(seed: UInt64(rate))
        var bucket = TokenBucket(perMinute: Double(rate), at: start)
        var now = start
        var taken: [Timestamp] = []
        while now < start + .minutes(rate > 1_000 ? 3 : 12) {
            bucket.refill(at: now)
            if bucket.hasRoom(for: 1) {
                bucket.take(1)
                taken.append(now)
            } else {
                now = bucket.moment(for: 1, after: now) + Microseconds(Int64(generator.uniform(below: 50_000)))
            }
            if generator.uniform(below: 200) == 0 { now = now + .seconds(Int64(generator.uniform(below: 20))) }
        }
        let most = Double(rate) + max(1, Double(rate) / 60)
        var first = 0
        for (index, moment) in taken.enumerated() {
            while taken[first] <= moment - .minutes(1) { first += 1 }
            #expect(Double(index - first + 1) <= most + 1e-6, "rate \(rate), at \(moment - start)")
        }
    }
}
