package import Determinism

/// Leaves a provider alone that is in trouble: closed, open for a while, then one call that tries.
///
/// Opens after five counted failures in a row, or when at least half of the last twenty calls within five minutes failed
/// and there were ten. Counted are failures of the provider: being refused for the rate is none. The open period doubles
/// from one failed probe to the next, with jitter from a seed so that many processes don't come back at once.
package struct CircuitBreaker: Equatable, Sendable {
    package struct Settings: Equatable, Sendable {
        package var period: Microseconds
        package var longest: Microseconds
        package var failuresInARow: Int
        /// Fewer calls than this say nothing about the share of failures.
        package var leastCalls: Int

        package init(
            period: Microseconds = .seconds(5), longest: Microseconds = .minutes(5), failuresInARow: Int = 5,
            leastCalls: Int = 10
        ) {
            self.period = period
            self.longest = longest
            self.failuresInARow = failuresInARow
            self.leastCalls = leastCalls
        }
    }

    package enum Permission: Equatable, Sendable {
        case yes
        /// One call, and its answer is waited for.
        case probe
        /// Nil: until the call that tries is answered.
        case no(until: Timestamp?)
    }

    package enum State: Equatable, Sendable {
        case closed
        case open(until: Timestamp)
        case halfOpen
    }

    private let settings: Settings
    private let seed: String
    package private(set) var state = State.closed
    /// Openings since it was last closed.
    private var openings = 0
    /// All openings, for the jitter.
    private var everOpened = 0
    /// Why it opened.
    package private(set) var reason: ProviderErrorClass?
    private var inARow = 0
    /// The last calls, the newest in the lowest bit; a set bit is a failure.
    private var recent: UInt32 = 0
    private var recentCount = 0
    private var recentSince: Timestamp = .epoch

    package init(_ settings: Settings = Settings(), seed: String) {
        self.settings = settings
        self.seed = seed
    }

    /// Whether a failure of this class is one of the provider as a whole.
    package static func counts(_ class: ProviderErrorClass) -> Bool {
        switch `class` {
        case .overloaded, .serverError, .network, .timeout: true
        case .rateLimit, .quotaExhausted, .auth, .permission, .notFound, .invalidRequest, .contextLength,
            .contentPolicy, .malformedResponse:
            false
        }
    }

    package func permission(at now: Timestamp) -> Permission {
        switch state {
        case .closed: .yes
        case .open(let until): now < until ? .no(until: until) : .probe
        case .halfOpen: .no(until: nil)
        }
    }

    package mutating func probeBegan() {
        guard case .open = state else { preconditionFailure("only what is open is probed") }
        state = .halfOpen
    }

    /// A call ended: answered (nil) or failed.
    ///
    /// What was sent before it opened and ends later changes nothing.
    package mutating func ended(_ class: ProviderErrorClass?, isProbe: Bool, at now: Timestamp) {
        let failed = `class`.map(Self.counts) ?? false
        switch state {
        case .closed:
            note(failed: failed, at: now)
            if failed, isEnough { open(because: `class`, at: now) }
        case .halfOpen where isProbe:
            if failed { open(because: `class`, at: now) } else { close() }
        case .open, .halfOpen: break
        }
    }

    /// Nobody knows what came of the probe: the same wait again.
    package mutating func probeVanished(at now: Timestamp) {
        guard state == .halfOpen else { return }
        openings -= 1
        open(because: reason, at: now)
    }

    private mutating func note(failed: Bool, at now: Timestamp) {
        if now - recentSince > Self.window {
            (recent, recentCount, recentSince) = (0, 0, now)
        }
        inARow = failed ? inARow + 1 : 0
        recent = (recent << 1 | (failed ? 1 : 0)) & Self.lastCalls
        recentCount = min(recentCount + 1, 20)
    }

    private var isEnough: Bool {
        inARow >= settings.failuresInARow
            || recentCount >= settings.leastCalls && recent.nonzeroBitCount * 2 >= recentCount
    }

    private mutating func open(because class: ProviderErrorClass?, at now: Timestamp) {
        var period = settings.period
        for _ in 0..<openings where period < settings.longest { period = period * 2 }
        period = min(period, settings.longest)
        openings += 1
        everOpened += 1
        reason = `class`
        var generator = SeededGenerator(seedingFrom: ["breaker", seed, String(everOpened)])
        let jitter = Microseconds(Int64(generator.uniform(below: UInt64(period.count / 4) + 1)))
        state = .open(until: now + period - period / 8 + jitter)
    }

    private mutating func close() {
        state = .closed
        (openings, inARow, recent, recentCount, reason) = (0, 0, 0, 0, nil)
    }

    private static let window = Microseconds.minutes(5)
    private static let lastCalls: UInt32 = 0xF_FFFF
}
