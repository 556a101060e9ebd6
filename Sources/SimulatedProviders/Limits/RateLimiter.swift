internal import Determinism

/// The allowances of all formats and models.
struct RateLimiter: Sendable {
    /// Whether a request may pass; if not, which limit it met and how long to wait.
    enum Verdict: Equatable {
        case granted
        case refused(ErrorCondition.Limited.Unit, limit: Int, wait: Microseconds)
    }

    private struct Place: Hashable {
        let rule: Int
        let wire: Wire
        let model: String
    }

    private let limits: [RateLimit]
    private var held: [Place: Buckets] = [:]

    init(_ limits: [RateLimit]) { self.limits = limits }

    /// Takes what a request uses if all of it is there, else nothing; nil if no limit is for it.
    ///
    /// The first limit that is for the format and model counts.
    mutating func admit(
        _ wire: Wire, _ model: String, _ usage: Completion.Usage, at now: Moment
    ) -> (verdict: Verdict, allowance: Allowance)? {
        let rule = limits.firstIndex {
            ($0.wires?.contains(wire) ?? true) && ($0.models?.contains(model) ?? true)
        }
        guard let rule else { return nil }
        let place = Place(rule: rule, wire: wire, model: model)
        var buckets = held[place] ?? Buckets(limits[rule], at: now.monotonic)
        let verdict = buckets.admit(usage, at: now.monotonic)
        held[place] = buckets
        return (verdict, buckets.allowance(at: now))
    }

    /// What one model may still use.
    private struct Buckets {
        /// Requests, tokens, input tokens and output tokens; nil where there is no limit.
        private var buckets: [TokenBucket?]

        init(_ limit: RateLimit, at now: Microseconds) {
            let perMinute = [
                limit.requestsPerMinute, limit.tokensPerMinute, limit.inputTokensPerMinute, limit.outputTokensPerMinute,
            ]
            buckets = perMinute.map { perMinute in
                perMinute.map { TokenBucket(perMinute: $0, minute: limit.minute, burst: limit.burst, at: now) }
            }
        }

        mutating func admit(_ usage: Completion.Usage, at now: Microseconds) -> Verdict {
            // Output is counted as it is: what a request allows at most may never come.
            let costs = [1, usage.input + usage.billed, usage.input, usage.billed]
            for index in buckets.indices {
                guard let wait = buckets[index]?.wait(for: costs[index], at: now), wait > .zero else { continue }
                return .refused(
                    index == 0 ? .requests : .tokens, limit: buckets[index]?.realPerMinute ?? 0, wait: wait)
            }
            for index in buckets.indices { buckets[index]?.take(costs[index], at: now) }
            return .granted
        }

        func allowance(at now: Moment) -> Allowance {
            func window(_ index: Int) -> Allowance.Window? { buckets[index]?.window(at: now.monotonic) }
            return Allowance(
                now: now.wall, requests: window(0), tokens: window(1), inputTokens: window(2), outputTokens: window(3))
        }
    }
}

/// A bucket that fills evenly and from which requests take.
struct TokenBucket: Sendable {
    /// As a minute of the real clock has it, whatever the scale.
    let realPerMinute: Int
    private let capacity: Double
    private let perMicrosecond: Double
    private var level: Double
    private var updated: Microseconds

    init(perMinute: Int, minute: Microseconds, burst: Double, at now: Microseconds) {
        let length = Double(max(minute.count, 1))
        perMicrosecond = Double(perMinute) / length
        realPerMinute = Int((perMicrosecond * 60_000_000).rounded())
        capacity = max(Double(perMinute) * burst, 1)
        level = capacity
        updated = now
    }

    private func level(at now: Microseconds) -> Double {
        min(level + Double(max((now - updated).count, 0)) * perMicrosecond, capacity)
    }

    /// How long until so much may be taken; what is more than the bucket holds may be taken from a full one.
    func wait(for cost: Int, at now: Microseconds) -> Microseconds {
        let missing = min(Double(cost), capacity) - level(at: now)
        return missing <= 0 ? .zero : Microseconds(Int64((missing / perMicrosecond).rounded(.up)))
    }

    mutating func take(_ cost: Int, at now: Microseconds) {
        level = level(at: now) - Double(cost)
        updated = max(updated, now)
    }

    func window(at now: Microseconds) -> Allowance.Window {
        let level = level(at: now)
        return Allowance.Window(
            limit: realPerMinute, remaining: max(Int(level), 0),
            reset: Microseconds(Int64(((capacity - level) / perMicrosecond).rounded(.up))))
    }
}
