package import CanonicalJSON
package import Determinism
import Providers

/// Sums over the calls of one model for one purpose in one run.
package struct UsageRow: Equatable, Sendable {
    /// Requests sent, or about to be when their worker ended.
    package var attempts = 0
    /// Answered questions.
    package private(set) var calls = 0
    /// Of those answers whose cost is known, in nano-dollars.
    package private(set) var cost = 0
    /// Attempts that brought no answer.
    package var failures = 0
    /// Of the answers, from sending to the last byte.
    package private(set) var latency = LatencyHistogram()
    /// Answers with an estimated number of tokens.
    package private(set) var estimated = 0
    /// Questions that weren't sent, since an earlier answer was reused: they cost nothing.
    package var reused = 0
    package private(set) var tokens = TokenSums()
    /// Attempts whose outcome will never be known; each may have cost something.
    package var unknown = 0
    /// Answers whose cost isn't known.
    package private(set) var withoutCost = 0

    package init() {}

    /// Nil where there are answers, and the cost of none is known.
    package var knownCost: Int? { calls > 0 && withoutCost == calls ? nil : cost }

    mutating func take(_ completed: CallCompleted) {
        calls += 1
        if let cost = completed.cost { self.cost += cost } else { withoutCost += 1 }
        if completed.estimated { estimated += 1 }
        latency.add(completed.exchange.total)
        tokens.cacheRead += completed.usage.cacheRead ?? 0
        tokens.cacheWrite += completed.usage.cacheWrite ?? 0
        tokens.input += completed.usage.input ?? 0
        tokens.output += completed.usage.output ?? 0
        tokens.reasoning += completed.usage.reasoning ?? 0
    }
}

/// Sums of tokens; what a provider didn't count isn't in them.
package struct TokenSums: Equatable, Sendable {
    /// Of the input: read from a cache.
    package var cacheRead = 0
    /// Of the input: written to a cache.
    package var cacheWrite = 0
    package var input = 0
    package var output = 0
    /// Of the output.
    package var reasoning = 0
}

/// How durations are spread, in fixed buckets: eight to each power of two, so that a percentile is off by 12.5 % at most.
package struct LatencyHistogram: Equatable, Sendable {
    package private(set) var count = 0
    package private(set) var greatest = Microseconds.zero
    package private(set) var least = Microseconds.zero
    package private(set) var sum = Microseconds.zero
    /// How many are in each bucket, up to the last one that isn't empty.
    private var buckets: [Int] = []

    package init() {}

    package mutating func add(_ duration: Microseconds) {
        let duration = max(duration, .zero)
        least = count == 0 ? duration : min(least, duration)
        greatest = max(greatest, duration)
        sum += duration
        count += 1
        let bucket = Self.bucket(of: duration.count)
        if bucket >= buckets.count { buckets += Array(repeating: 0, count: bucket + 1 - buckets.count) }
        buckets[bucket] += 1
    }

    /// Nil without any duration.
    package var mean: Microseconds? { count == 0 ? nil : sum / Int64(count) }

    /// The duration that a share of all, such as 95 %, doesn't exceed; nil without any.
    package func percentile(_ percent: Int) -> Microseconds? {
        guard count > 0 else { return nil }
        let rank = max(1, (count * percent + 99) / 100)
        var seen = 0
        for (bucket, inside) in buckets.enumerated() {
            seen += inside
            if seen >= rank { return min(max(Microseconds(Self.upperBound(of: bucket)), least), greatest) }
        }
        return greatest
    }

    /// 0 to 7 for themselves; above, the three bits after the leading one choose among eight.
    static func bucket(of microseconds: Int64) -> Int {
        guard microseconds >= 8 else { return Int(microseconds) }
        let exponent = 63 - microseconds.leadingZeroBitCount
        return (exponent - 2) * 8 + Int(microseconds >> Int64(exponent - 3)) & 7
    }

    /// The greatest duration of a bucket.
    static func upperBound(of bucket: Int) -> Int64 {
        guard bucket >= 8 else { return Int64(bucket) }
        let exponent = bucket / 8 + 2
        return (Int64(8 + bucket % 8 + 1) << Int64(exponent - 3)) - 1
    }
}

extension UsageRow: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempts", attempts)
        writer.field("calls", calls)
        writer.field("cost", cost)
        writer.optionalField("estimated", estimated == 0 ? nil : estimated)
        writer.field("failures", failures)
        writer.field("latency", latency)
        writer.optionalField("reused", reused == 0 ? nil : reused)
        writer.field("tokens", tokens)
        writer.field("unknown", unknown)
        writer.field("withoutCost", withoutCost)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempts = try reader.field("attempts")
        calls = try reader.field("calls")
        cost = try reader.field("cost")
        estimated = try reader.optionalField("estimated") ?? 0
        failures = try reader.field("failures")
        latency = try reader.field("latency")
        reused = try reader.optionalField("reused") ?? 0
        tokens = try reader.field("tokens")
        unknown = try reader.field("unknown")
        withoutCost = try reader.field("withoutCost")
        try reader.endObject()
    }
}

extension TokenSums: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("cacheRead", cacheRead)
        writer.field("cacheWrite", cacheWrite)
        writer.field("input", input)
        writer.field("output", output)
        writer.field("reasoning", reasoning)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        cacheRead = try reader.field("cacheRead")
        cacheWrite = try reader.field("cacheWrite")
        input = try reader.field("input")
        output = try reader.field("output")
        reasoning = try reader.field("reasoning")
        try reader.endObject()
    }
}

extension LatencyHistogram: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("buckets", buckets)
        writer.field("count", count)
        writer.field("greatest", greatest.count)
        writer.field("least", least.count)
        writer.field("sum", sum.count)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        buckets = try reader.field("buckets")
        count = try reader.field("count")
        greatest = Microseconds(try reader.field("greatest"))
        least = Microseconds(try reader.field("least"))
        sum = Microseconds(try reader.field("sum"))
        try reader.endObject()
    }
}
