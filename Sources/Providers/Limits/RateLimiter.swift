package import Determinism

/// Paces the calls to one model with one key: requests and tokens per minute, and calls at once.
///
/// Each limit is the least of what is configured, what the provider's headers tell and what refusals taught. Known limits
/// are used to 97 %: with the 1.7 % that a bucket holds, no 60 seconds exceed them. Tokens are reserved by estimate, scaled
/// by what the estimates of earlier calls turned out to be, and corrected by the answer's usage.
package struct RateLimiter: Sendable {
    /// What keeps a call from being sent.
    package enum Obstacle: Equatable, Sendable {
        case rate(RateDimension, wanted: Int, limit: Int, until: Timestamp)
        /// As `rate`, by a limit that nobody told: refusals taught it.
        case learnedRate(RateDimension, limit: Double, until: Timestamp)
        case concurrency(limit: Int)
        case refused(until: Timestamp)

        /// Absent where another call has to end.
        package var until: Timestamp? {
            switch self {
            case .rate(_, _, _, let until), .learnedRate(_, _, let until), .refused(let until): until
            case .concurrency: nil
            }
        }
    }

    /// What a call took.
    package struct Reservation: Equatable, Sendable {
        let units: LimitedUnits
        let size: CallSize
        package let granted: Timestamp
        /// All that was taken up to and including this call.
        let everTaken: LimitedUnits
    }

    package let facts: RateFacts
    private var paces: [Pace]
    private var concurrency: Int?
    private var adaptiveConcurrency: AdaptiveRate?
    package private(set) var inFlight = 0
    private var meter = UsageMeter()
    private var sizes = SizeEstimator()
    private var pause = RefusalPause()
    private var cause = RefusalCause()
    private var best = BestMinute()
    /// Whether the latest refusal that counted was put down to chance.
    private var isExcused = false
    private var began: Timestamp?
    /// What a minute would have had before the first refusal, as long as that may have been about something else.
    private var early: LimitedUnits?

    package init(_ limits: RateLimits = .none, facts: RateFacts = RateFacts(), at now: Timestamp) {
        self.facts = facts
        concurrency = limits.concurrency
        paces = RateDimension.allCases.map { Pace($0) }
        configure(.requests, limits.requestsPerMinute, at: now)
        configure(.inputTokens, limits.inputTokensPerMinute, at: now)
        configure(.outputTokens, limits.outputTokensPerMinute, at: now)
    }

    /// What is known of the limits, per minute and dimension.
    package func limit(of dimension: RateDimension) -> Double? { paces[dimension.rawValue].limit }

    /// What keeps a call of this size from being sent now; nil if nothing does.
    package mutating func obstacle(for size: CallSize, at now: Timestamp) -> Obstacle? {
        if let until = pause.until(at: now) { return .refused(until: until) }
        if let most = concurrencyLimit, inFlight >= most { return .concurrency(limit: most) }
        var worst: Obstacle?
        let units = sizes.units(of: size)
        for index in paces.indices where paces[index].bucket != nil {
            let amount = units[index]
            guard let until = paces[index].obstacle(for: amount, at: now) else { continue }
            if let earlier = worst?.until, earlier >= until { continue }
            if paces[index].isLearned {
                worst = .learnedRate(paces[index].dimension, limit: paces[index].limit ?? 0, until: until)
                continue
            }
            let wanted = meter.lastMinute(at: now)[index] + amount
            let limit = paces[index].limit ?? 0
            worst = .rate(paces[index].dimension, wanted: Int(wanted), limit: Int(limit), until: until)
        }
        return worst
    }

    /// Reserves the room of a call; nothing may keep it from being sent.
    package mutating func take(_ size: CallSize, at now: Timestamp) -> Reservation {
        let units = sizes.units(of: size)
        inFlight += 1
        if began == nil { began = now }
        meter.add(units, at: now)
        best.add(meter.lastMinute(at: now), at: now)
        for index in paces.indices where paces[index].bucket != nil { paces[index].take(units[index], at: now) }
        adaptiveConcurrency?.grow(by: pause.sinceLastGrant(at: now))
        pause.granted(at: now)
        return Reservation(units: units, size: size, granted: now, everTaken: meter.everAdded)
    }

    /// The call was answered, and this was its usage.
    package mutating func answered(_ reservation: Reservation, _ usage: Usage, at now: Timestamp) {
        inFlight -= 1
        if isExcused { pause.acceptedLate(sentAt: reservation.granted) }
        if pause.accepted(sentAt: reservation.granted), let early {
            // A minute that is used up refuses the next call too.
            for index in paces.indices { paces[index].foundOpen(to: early[index], at: now) }
            self.early = nil
        }
        var input = usage.input
        if !facts.countsCachedInput, let cached = usage.cacheRead { input = input.map { max($0 - cached, 0) } }
        let used = LimitedUnits(
            input: input.map(Double.init) ?? reservation.units[.inputTokens],
            output: usage.output.map(Double.init) ?? reservation.units[.outputTokens])
        sizes.learn(reservation.size, input: input, output: usage.output)
        correct(reservation, to: used, at: now)
    }

    /// The call failed, but not for the rate: what it asked for counts, an answer was hardly written.
    package mutating func failed(_ reservation: Reservation, at now: Timestamp) {
        inFlight -= 1
        correct(reservation, to: LimitedUnits(input: reservation.units[.inputTokens], output: 0), at: now)
    }

    /// The call was refused for the rate: everybody waits, and the limits that it may have met are lowered.
    package mutating func refused(
        _ reservation: Reservation, retryAfter: Microseconds?, reports: [RateReport] = [], at now: Timestamp
    ) {
        let underWay = inFlight
        inFlight -= 1
        meter.correct(by: -reservation.units, addedAt: reservation.granted, at: now)
        giveBack(reservation.units)
        learn(reports, from: reservation, at: now)
        let accepted = meter.lastMinute(at: now)
        let used = max(began.map { min(now - $0, .minutes(1)) } ?? .zero, .seconds(1))
        let interval = Microseconds(used.count / Int64(max(accepted[.requests], 1)))
        let verdict = pause.refused(
            sentAt: reservation.granted, retryAfter: retryAfter, interval: interval, at: now)
        if facts.refusesForConcurrency {
            lowerConcurrency(from: underWay, verdict, sentAt: reservation.granted, at: now)
            return
        }
        let sent = Int(meter.everAdded[.requests])
        cause.add(Int(reservation.everTaken[.requests]), of: sent)
        let exhausted = reports.filter { $0.remaining.map(Double.init) ?? .infinity < reservation.units[$0.dimension] }
        let isLimit = !exhausted.isEmpty || cause.isLimit(of: sent)
        if !isLimit, isChance(verdict, used: used, of: sent, at: now) {
            isExcused = true
            return
        }
        if isLimit, cause.isChance(of: sent, at: now) {
            cause.foundLimit()
            best = BestMinute()
            best.add(accepted, at: now)
            for index in paces.indices { paces[index].forget(at: now) }
        }
        let counts = verdict == .lower || isExcused
        isExcused = false
        if isUnlearned, !pause.isRepeated, used < Self.longestEarly, accepted[.requests] < Self.mostEarly {
            early = (accepted + reservation.units) * (60_000_000 / Double(used.count))
        } else if verdict == .lower || pause.isRepeated {
            early = nil
        }
        let longestPeriod = Self.longestPeriod(callsPerMinute: accepted[.requests])
        for index in paces.indices {
            let dimension = paces[index].dimension
            if !exhausted.isEmpty, !exhausted.contains(where: { $0.dimension == dimension }) { continue }
            // Input and output are paced each; their sum only where the provider says that it counts it.
            if dimension == .tokens, paces[index].limit == nil { continue }
            paces[index].refused(
                sentAt: reservation.granted, counts: counts, accepted: accepted[index],
                longestPeriod: longestPeriod, triesOnce: early != nil, at: now)
        }
    }

    /// Nobody knows what came of the call: it counts as it was reserved.
    package mutating func abandoned(_ reservation: Reservation) { inFlight -= 1 }

    /// What came of a call.
    package mutating func settle(
        _ reservation: Reservation, _ outcome: PacingOutcome, _ reports: [RateReport], at now: Timestamp
    ) {
        switch outcome {
        case .answered(let usage): answered(reservation, usage, at: now)
        case .failed(.rateLimit, let retryAfter):
            refused(reservation, retryAfter: retryAfter, reports: reports, at: now)
            return
        case .failed: failed(reservation, at: now)
        case .abandoned: abandoned(reservation)
        }
        learn(reports, from: reservation, at: now)
    }

    /// What the headers of any answer tell.
    package mutating func learn(_ reports: [RateReport], from reservation: Reservation, at now: Timestamp) {
        for report in reports {
            let index = report.dimension.rawValue
            let since = meter.everAdded[index] - reservation.everTaken[index]
            paces[index].told(report, sent: since, since: reservation.granted, at: now)
        }
    }

    /// Whether refusals taught nothing yet.
    private var isUnlearned: Bool { paces.allSatisfy { $0.learned == nil } }

    /// Whether a refusal is put down to chance; then the rate stays, or is raised again to what was accepted before.
    private mutating func isChance(
        _ verdict: RefusalPause.Verdict, used: Microseconds, of sent: Int, at now: Timestamp
    ) -> Bool {
        if isUnlearned { return used < .minutes(1) }
        if cause.isChance(of: sent, at: now) { return true }
        guard verdict == .lower, cause.areFew, isFarBelowBest else { return false }
        cause.foundChance(of: sent, at: now)
        for index in paces.indices { paces[index].restore(best.units[index], at: now) }
        return true
    }

    /// Whether each rate that refusals taught is far below what was accepted in a minute not long ago.
    private var isFarBelowBest: Bool {
        paces.indices.allSatisfy { index in
            paces[index].learned.map { $0 < best.units[index] * Self.far } ?? true
        }
    }

    private var concurrencyLimit: Int? {
        let adaptive = adaptiveConcurrency.map { max(Int($0.rate), 1) }
        guard let concurrency else { return adaptive }
        return adaptive.map { min($0, concurrency) } ?? concurrency
    }

    private mutating func configure(_ dimension: RateDimension, _ limit: Int?, at now: Timestamp) {
        guard let limit, limit > 0 else { return }
        paces[dimension.rawValue].configure(Double(limit), at: now)
    }

    private mutating func correct(_ reservation: Reservation, to used: LimitedUnits, at now: Timestamp) {
        let unused = reservation.units - used
        if unused == .zero { return }
        meter.correct(by: -unused, addedAt: reservation.granted, at: now)
        giveBack(unused)
    }

    private mutating func giveBack(_ units: LimitedUnits) {
        for index in paces.indices where paces[index].bucket != nil { paces[index].giveBack(units[index]) }
    }

    private mutating func lowerConcurrency(
        from underWay: Int, _ verdict: RefusalPause.Verdict, sentAt: Timestamp, at now: Timestamp
    ) {
        guard var adaptive = adaptiveConcurrency else {
            adaptiveConcurrency = AdaptiveRate(refusedAt: Double(max(underWay - 1, 1)), at: now)
            return
        }
        if verdict == .lower, adaptive.isNews(sentAt: sentAt) {
            adaptive.refuse(
                at: now, accepted: Double(underWay), longestPeriod: Self.longestPeriod(callsPerMinute: 60))
        } else {
            // So many are let in at most, of those that were sent before the decrease.
            adaptive.lower(to: Double(max(underWay - 1, 1)))
        }
        adaptiveConcurrency = adaptive
    }

    /// A bucket that was full lets through twice its limit in a minute.
    private static let far = 0.4
    /// Until then, and up to so many calls, what was taken says little about what a minute has.
    private static let longestEarly = Microseconds.seconds(30)
    private static let mostEarly = 20.0

    /// Long enough for a few hundred calls, so that one refusal among them is little.
    private static func longestPeriod(callsPerMinute rate: Double) -> Microseconds {
        .seconds(Int64(60 * max(2, min(400 / max(rate, 1), 120))))
    }
}
