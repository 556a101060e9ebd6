import Determinism

/// One dimension of a limiter: the limits that are known of it, and the bucket that keeps to the least of them.
struct Pace: Equatable, Sendable {
    let dimension: RateDimension
    private var configured: Double?
    /// By the provider's headers.
    private var told: Double?
    /// By refusals.
    private var adaptive: AdaptiveRate?
    private(set) var bucket: TokenBucket?
    private var grown: Timestamp = .epoch
    /// Whether a call had to wait since the rate last grew: only a rate that is used is known to hold.
    private var heldBack = false
    /// Whether the ceiling is a count of what was accepted before the first refusal, which later ones make more exact.
    private var isGuess = false

    init(_ dimension: RateDimension) { self.dimension = dimension }

    /// What the experiment or the provider says; nil if neither does.
    private var known: Double? { [configured, told].compactMap { $0 }.min() }

    /// The limit that is known, before what is kept off it; nil if none is.
    var limit: Double? {
        guard let adaptive else { return known }
        return known.map { min($0, adaptive.rate) } ?? adaptive.rate
    }

    /// Whether refusals taught a lower limit than is known otherwise.
    var isLearned: Bool {
        guard let adaptive else { return false }
        return known.map { adaptive.rate < $0 } ?? true
    }

    /// The rate that refusals taught; nil if none did.
    var learned: Double? { adaptive?.rate }

    mutating func configure(_ limit: Double, at now: Timestamp) {
        configured = limit
        setPace(at: now)
    }

    /// When there is room for an amount; nil if there is.
    mutating func obstacle(for amount: Double, at now: Timestamp) -> Timestamp? {
        bucket?.refill(at: now)
        guard let bucket, amount > 0, !bucket.hasRoom(for: amount) else { return nil }
        heldBack = true
        return bucket.moment(for: amount, after: now)
    }

    mutating func take(_ amount: Double, at now: Timestamp) {
        bucket?.refill(at: now)
        grow(at: now)
        bucket?.take(amount)
    }

    mutating func giveBack(_ amount: Double) { bucket?.giveBack(amount) }

    /// The provider says what its limit is and what was left of it when it took a call; `sent` was sent after that one.
    mutating func told(_ report: RateReport, sent: Double, since moment: Timestamp, at now: Timestamp) {
        if told != Double(report.limit) {
            told = Double(report.limit)
            setPace(at: now)
        }
        guard let remaining = report.remaining else { return }
        let regained = Double(report.limit) * Double(max((now - moment).count, 0)) / 60_000_000
        bucket?.refill(at: now)
        bucket?.lower(to: Double(remaining) + regained - sent)
    }

    /// A call that was sent at that moment was refused; `accepted` is what the last minute took.
    ///
    /// `triesOnce` leaves room for one call, which shows whether this was about a limit.
    mutating func refused(
        sentAt moment: Timestamp, counts: Bool, accepted: Double, longestPeriod: Microseconds,
        triesOnce: Bool, at now: Timestamp
    ) {
        if let current = adaptive {
            if counts, current.isNews(sentAt: moment) {
                adaptive?.refuse(at: now, accepted: accepted, longestPeriod: longestPeriod)
                isGuess = false
            } else if isGuess {
                adaptive?.lower(to: max(accepted, 1))
            }
        } else {
            isGuess = known == nil
            adaptive = AdaptiveRate(refusedAt: known.map { $0 * Self.used } ?? max(accepted, 1), at: now)
        }
        setPace(at: now)
        bucket?.refill(at: now)
        bucket?.lower(to: triesOnce ? 1 : 0)
    }

    /// The provider let in the first call after it had refused one: what it took until then is no limit of a minute, and
    /// it may have as much again.
    mutating func foundOpen(to rate: Double, at now: Timestamp) {
        guard isGuess, let current = adaptive, rate > current.ceiling else { return }
        adaptive = AdaptiveRate(refusedAt: rate, at: now)
        isGuess = false
        setPace(at: now)
    }

    /// The refusals that taught the rate were about nothing, and so much was accepted before.
    mutating func restore(_ rate: Double, at now: Timestamp) {
        guard adaptive != nil else { return }
        adaptive = AdaptiveRate(refusedAt: max(rate, 1), at: now, period: Self.restored)
        isGuess = false
        setPace(at: now)
    }

    /// What refusals taught before is no longer true.
    mutating func forget(at now: Timestamp) {
        adaptive = nil
        setPace(at: now)
    }

    private mutating func grow(at now: Timestamp) {
        let passed = min(now - grown, Self.mostGrownAtOnce)
        grown = now
        guard adaptive != nil, heldBack, passed > .zero else { return }
        heldBack = false
        adaptive?.grow(by: passed)
        if let adaptive, let known, adaptive.rate >= known {
            self.adaptive = nil
        }
        setPace(at: now)
    }

    private mutating func setPace(at now: Timestamp) {
        guard let rate = [known.map { $0 * Self.used }, adaptive?.rate].compactMap({ $0 }).min() else {
            bucket = nil
            return
        }
        if bucket == nil { bucket = TokenBucket(perMinute: max(rate, Self.slowest), at: now) }
        bucket?.setPace(perMinute: max(rate, Self.slowest), at: now)
    }

    /// Of a known limit; the bucket's size is the rest.
    private static let used = 0.97
    private static let restored = Microseconds.seconds(20)
    /// One call in a hundred minutes still finds out that it goes better.
    private static let slowest = 0.01
    private static let mostGrownAtOnce = Microseconds.minutes(1)
}
