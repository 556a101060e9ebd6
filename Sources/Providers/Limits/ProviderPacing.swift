package import Determinism

/// Decides which calls to a provider are sent when: rates, circuit breaker, retry budget and stops as one.
///
/// Serves in the order of arrival. A waiter holds back only those who wait for the same thing: one model's limit doesn't
/// hold back another model, a spent retry budget only retries, and what all share is never taken from whoever came first.
package struct ProviderPacing: Sendable {
    package enum Answer: Equatable, Sendable {
        case granted(PacingGrant)
        /// It stands in line under this number; `advance` will name it.
        case waits(UInt64)
    }

    /// What changed by the passing of time or the end of a call.
    package struct Progress: Equatable, Sendable {
        package var granted: [(waiter: UInt64, grant: PacingGrant)] = []
        /// When to ask again; nil: not before a call ends or another comes.
        package var next: Timestamp?

        package static func == (left: Self, right: Self) -> Bool {
            left.next == right.next && left.granted.elementsEqual(right.granted, by: ==)
        }
    }

    struct Lane: Sendable {
        let key: Int
        var limiter: RateLimiter
        var fresh = WaitingLine()
        var retries = WaitingLine()
        /// Why its first waiter waits.
        var held: WaitReason?
        var waiting: Int { fresh.count + retries.count }
    }

    package let provider: String
    let settings: RateSettings
    private var indices: [PacingLane: Int] = [:]
    private(set) var lanes: [Lane] = []
    private var keys: [String?] = []
    private var stops: [QuotaStop] = []
    private var shared: RateLimiter?
    private var breaker: CircuitBreaker
    private var budget = RetryBudget()
    private var nextWaiter: UInt64 = 0
    package private(set) var waiting = 0
    package private(set) var inFlight = 0

    package init(provider: String, settings: RateSettings = RateSettings(), at now: Timestamp) {
        self.provider = provider
        self.settings = settings
        breaker = CircuitBreaker(settings.breaker, seed: provider)
        let limits = settings.limits(of: provider)
        if limits != .none { shared = RateLimiter(limits, at: now) }
    }

    /// A call wants to be sent: now, or in its turn.
    package mutating func admit(_ ask: PacingAsk, at now: Timestamp) -> Answer {
        let lane = index(of: ask.lane, at: now)
        if waiting == 0, obstacle(to: ask, in: lane, at: now) == nil {
            return .granted(grant(ask, in: lane, at: now))
        }
        let waiter = WaitingLine.Waiter(id: nextWaiter, ask: ask)
        nextWaiter += 1
        waiting += 1
        if ask.kind == .retry { lanes[lane].retries.append(waiter) } else { lanes[lane].fresh.append(waiter) }
        return .waits(waiter.id)
    }

    /// A waiter is gone.
    package mutating func withdraw(_ waiter: UInt64) {
        for index in lanes.indices {
            guard lanes[index].fresh.remove(waiter) || lanes[index].retries.remove(waiter) else { continue }
            waiting -= 1
            return
        }
    }

    /// Lets through whoever may be sent by now.
    package mutating func advance(at now: Timestamp) -> Progress {
        var progress = Progress()
        while waiting > 0 {
            guard let lane = nextLane(at: now, &progress.next) else { break }
            let isRetry = lane.isRetry
            guard let waiter = isRetry ? lanes[lane.index].retries.first : lanes[lane.index].fresh.first else { break }
            if isRetry { lanes[lane.index].retries.removeFirst() } else { lanes[lane.index].fresh.removeFirst() }
            waiting -= 1
            progress.granted.append((waiter.id, grant(waiter.ask, in: lane.index, at: now)))
        }
        if waiting == 0 { progress.next = nil }
        return progress
    }

    /// What came of a call that was sent; `headers` are its answer's, with names in lower case.
    package mutating func settle(
        _ grant: PacingGrant, _ outcome: PacingOutcome, headers: [String: String] = [:], at now: Timestamp
    ) {
        inFlight -= 1
        let facts = lanes[grant.lane].limiter.facts
        let reports = RateReport.read(headers, facts, at: now)
        lanes[grant.lane].limiter.settle(grant.own, outcome, reports, at: now)
        if let reservation = grant.shared { shared?.settle(reservation, outcome, [], at: now) }
        let key = lanes[grant.lane].key
        switch outcome {
        case .answered:
            breaker.ended(nil, isProbe: grant.probesCircuit, at: now)
            stops[key].ended(nil, isProbe: grant.probesStop, at: now)
        case .failed(let kind, _):
            breaker.ended(kind, isProbe: grant.probesCircuit, at: now)
            if grant.probesStop, CircuitBreaker.counts(kind) {
                stops[key].probeVanished(at: now)
            } else {
                stops[key].ended(kind, isProbe: grant.probesStop, at: now)
            }
        case .abandoned:
            if grant.probesCircuit { breaker.probeVanished(at: now) }
            if grant.probesStop { stops[key].probeVanished(at: now) }
        }
    }

    private mutating func index(of lane: PacingLane, at now: Timestamp) -> Int {
        if let index = indices[lane] { return index }
        let key: Int
        if let known = keys.firstIndex(of: lane.keyVariable) {
            key = known
        } else {
            key = keys.count
            keys.append(lane.keyVariable)
            stops.append(QuotaStop(settings.stop))
        }
        let limits = settings.limits(of: provider, model: lane.model)
        lanes.append(Lane(key: key, limiter: RateLimiter(limits, facts: .of(adapter: lane.adapter), at: now)))
        indices[lane] = lanes.count - 1
        return lanes.count - 1
    }

    private mutating func grant(_ ask: PacingAsk, in lane: Int, at now: Timestamp) -> PacingGrant {
        let probesCircuit = breaker.permission(at: now) == .probe
        if probesCircuit { breaker.probeBegan() }
        let key = lanes[lane].key
        let probesStop = stops[key].permission(at: now) == .probe
        if probesStop { stops[key].probeBegan() }
        switch ask.kind {
        case .first: budget.countCall()
        case .retry: budget.take(at: now)
        case .refusedBefore: break
        }
        inFlight += 1
        return PacingGrant(
            lane: lane, own: lanes[lane].limiter.take(ask.size, at: now), shared: shared?.take(ask.size, at: now),
            probesCircuit: probesCircuit, probesStop: probesStop)
    }
}

extension ProviderPacing {
    /// What keeps a call from being sent, and whom it concerns.
    private enum Obstacle {
        /// Every call to the provider.
        case everyone(WaitReason)
        /// The calls of this model or key.
        case lane(WaitReason)
        case retries(WaitReason)
    }

    private mutating func obstacle(to ask: PacingAsk, in lane: Int, at now: Timestamp) -> Obstacle? {
        if case .no(let until) = breaker.permission(at: now) {
            return .everyone(.failing(provider: provider, breaker.reason ?? .serverError, until: until))
        }
        let stop = stops[lanes[lane].key]
        if case .no(let until) = stop.permission(at: now) {
            return .lane(.stopped(provider: provider, until: until))
        }
        if ask.kind == .retry, !budget.hasRoom(at: now) {
            return .retries(.retryBudget(provider: provider, until: budget.nextRoom(at: now)))
        }
        if let obstacle = lanes[lane].limiter.obstacle(for: ask.size, at: now) { return .lane(reason(obstacle)) }
        if let obstacle = shared?.obstacle(for: ask.size, at: now) { return .everyone(reason(obstacle)) }
        return nil
    }

    private func reason(_ obstacle: RateLimiter.Obstacle) -> WaitReason {
        switch obstacle {
        case .learnedRate(let dimension, let limit, let until):
            .learnedRate(provider: provider, dimension, limit: limit, until: until)
        case .rate(let dimension, let wanted, let limit, let until):
            .rate(provider: provider, dimension, wanted: wanted, limit: limit, until: until)
        case .concurrency(let limit): .concurrency(provider: provider, limit: limit)
        case .refused(let until): .refused(provider: provider, until: until)
        }
    }

    /// The lane whose first waiter is the earliest that may be sent; notes why the others wait, and until when.
    private mutating func nextLane(
        at now: Timestamp, _ next: inout Timestamp?
    ) -> (index: Int, isRetry: Bool)? {
        next = nil
        var heads: [(waiter: WaitingLine.Waiter, index: Int, isRetry: Bool)] = []
        for index in lanes.indices {
            lanes[index].held = nil
            if let waiter = lanes[index].fresh.first { heads.append((waiter, index, false)) }
            if let waiter = lanes[index].retries.first { heads.append((waiter, index, true)) }
        }
        heads.sort { $0.waiter.id < $1.waiter.id }
        for (waiter, index, isRetry) in heads where lanes[index].held == nil {
            guard let obstacle = obstacle(to: waiter.ask, in: index, at: now) else { return (index, isRetry) }
            switch obstacle {
            case .everyone(let reason):
                note(reason, &next)
                for held in lanes.indices where lanes[held].held == nil { lanes[held].held = reason }
                return nil
            case .lane(let reason):
                note(reason, &next)
                lanes[index].held = reason
            case .retries(let reason):
                note(reason, &next)
                if lanes[index].fresh.count == 0 { lanes[index].held = reason }
            }
        }
        return nil
    }

    private func note(_ reason: WaitReason, _ next: inout Timestamp?) {
        if let until = reason.until { next = min(next ?? until, until) }
    }

    /// Who waits for what: one entry for each model and key that has calls waiting.
    package func waits() -> [(model: String, count: Int, reason: WaitReason)] {
        indices.filter { lanes[$0.value].waiting > 0 }.sorted { $0.value < $1.value }.map { lane, index in
            (lane.model, lanes[index].waiting, lanes[index].held ?? .queue(provider: provider))
        }
    }
}
