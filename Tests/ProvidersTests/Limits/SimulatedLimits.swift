import Determinism

@testable import Providers

/// A server with limits per minute, as providers count them.
struct LimitedServer {
    enum Counting: String, CaseIterable {
        /// A bucket that holds a minute's worth.
        case bucket
        /// A bucket that holds a second's worth.
        case smallBucket
        /// Minutes that begin when a clock says so.
        case fixedWindow
        /// Any 60 seconds.
        case slidingWindow
    }

    struct Verdict {
        let isAccepted: Bool
        let retryAfter: Microseconds?
        let headers: [String: String]
    }

    let counting: Counting
    /// Requests, input and output tokens per minute; infinite where there is no limit.
    private(set) var limits: LimitedUnits
    let tellsHeaders: Bool
    let tellsRetryAfter: Bool
    /// Beside the limits.
    var randomRefusals: RandomRefusals?
    private var level: LimitedUnits
    private var updated: Timestamp = .epoch
    private var windowStart: Timestamp = .epoch
    private var accepted: [(moment: Timestamp, units: LimitedUnits)] = []
    private var firstAccepted = 0

    init(
        _ counting: Counting, limits: LimitedUnits, tellsHeaders: Bool = false, tellsRetryAfter: Bool = true,
        randomRefusals: RandomRefusals? = nil
    ) {
        self.counting = counting
        self.randomRefusals = randomRefusals
        self.limits = limits
        self.tellsHeaders = tellsHeaders
        self.tellsRetryAfter = tellsRetryAfter
        level = limits
        if counting == .smallBucket { level = limits / 60 }
    }

    mutating func change(_ limits: LimitedUnits) {
        self.limits = limits
        level = pointwiseMin(level, limits)
    }

    mutating func take(_ units: LimitedUnits, at now: Timestamp) -> Verdict {
        refill(at: now)
        if randomRefusals?.refusesNext() == true {
            return Verdict(
                isAccepted: false, retryAfter: randomRefusals?.retryAfter, headers: tellsHeaders ? headers : [:])
        }
        // As with real providers, a call may be larger than what a second brings, if nothing is owed.
        let needed = counting == .smallBucket ? pointwiseMin(units, limits / 60) : units
        let fits = all(needed .<= level + 1e-9)
        if fits {
            level -= units
            if counting == .slidingWindow { accepted.append((now, units)) }
        }
        return Verdict(
            isAccepted: fits, retryAfter: !fits && tellsRetryAfter ? wait(for: needed, at: now) : nil,
            headers: tellsHeaders ? headers : [:])
    }

    private mutating func refill(at now: Timestamp) {
        switch counting {
        case .bucket, .smallBucket:
            let capacity = counting == .bucket ? limits : limits / 60
            level = pointwiseMin(capacity, level + limits * (Double((now - updated).count) / 60_000_000))
        case .fixedWindow:
            // Its minutes don't begin when the client's do.
            let offset = Microseconds.seconds(17)
            let start = Timestamp(microseconds: (now + offset).microseconds / 60_000_000 * 60_000_000) - offset
            if start != windowStart { (windowStart, level) = (start, limits) }
        case .slidingWindow:
            while firstAccepted < accepted.count, accepted[firstAccepted].moment <= now - .minutes(1) {
                level += accepted[firstAccepted].units
                firstAccepted += 1
            }
            for index in 0..<4 where limits[index].isInfinite { level[index] = .infinity }
        }
        updated = now
    }

    private func wait(for units: LimitedUnits, at now: Timestamp) -> Microseconds {
        switch counting {
        case .bucket, .smallBucket:
            var seconds = 0.0
            for index in 0..<4 where units[index] > level[index] {
                seconds = max(seconds, (units[index] - level[index]) / limits[index] * 60)
            }
            return Microseconds(Int64(seconds * 1_000_000) + 1)
        case .fixedWindow: return windowStart + .minutes(1) - now
        case .slidingWindow: return accepted[firstAccepted].moment + .minutes(1) - now
        }
    }

    private var headers: [String: String] {
        var headers: [String: String] = [:]
        for (index, name) in [(0, "requests"), (2, "input-tokens"), (3, "output-tokens")]
        where limits[index].isFinite {
            headers["anthropic-ratelimit-\(name)-limit"] = String(Int(limits[index]))
            headers["anthropic-ratelimit-\(name)-remaining"] = String(max(0, Int(level[index])))
            headers["anthropic-ratelimit-\(name)-reset"] = "2026-11-21T08:00:00Z"
        }
        return headers
    }
}

/// Callers that always want to send, a pacing, and a server with limits, in virtual time.
struct LimitsSimulation {
    struct Figures: CustomStringConvertible {
        var accepted = LimitedUnits.zero
        var calls = 0
        var refused = 0
        var minutes = 0.0

        func used(of limits: LimitedUnits) -> Double {
            var most = 0.0
            for index in 0..<4 where limits[index].isFinite {
                most = max(most, accepted[index] / minutes / limits[index])
            }
            return most
        }

        var refusedShare: Double { Double(refused) / Double(max(calls, 1)) }
        var description: String {
            let perMinute = accepted / minutes
            return "\(calls) calls, \(refused) refused; \(Int(perMinute[0])) calls, \(Int(perMinute[2])) input and "
                + "\(Int(perMinute[3])) output tokens per minute"
        }
    }

    private enum Happening {
        case wake
        case arrives(PacingGrant, Call)
        case returns(PacingGrant, Call, LimitedServer.Verdict)
    }

    private struct Call {
        let input: Int
        let output: Int
        let estimate: CallSize
        var kind = PacingAsk.Kind.first
    }

    var pacing: ProviderPacing
    var server: LimitedServer
    let adapter: String
    let callers: Int
    let latency: Latency
    /// Of the estimate by the true input.
    let estimateBias: Double
    private var generator: SeededGenerator
    private var heap = EventHeap<Happening>()
    private var waiting: [UInt64: Call] = [:]
    private(set) var now = Timestamp(microseconds: 1_795_000_000_000_000)
    private(set) var figures = Figures()
    private var wakes: Timestamp?

    init(
        _ server: LimitedServer, limits: RateLimits = .none, adapter: String = "anthropic.messages", callers: Int = 64,
        latency: Latency = .usual, estimateBias: Double = 0.8, seed: UInt64
    ) {
        self.server = server
        self.latency = latency
        self.adapter = adapter
        self.callers = callers
        self.estimateBias = estimateBias
        generator = SeededGenerator(seed: seed)
        pacing = ProviderPacing(provider: "x", settings: RateSettings(limits: ["x": limits]), at: now)
        for _ in 0..<callers { ask(newCall()) }
        wake()
    }

    /// The figures of the next minutes alone.
    mutating func run(minutes: Int64) -> Figures {
        figures = Figures()
        let end = now + .minutes(minutes)
        while let next = heap.first, next <= end { advance() }
        now = end
        figures.minutes = Double(minutes)
        return figures
    }

    /// How long it takes until so many more calls were accepted; a day at most.
    mutating func time(untilAccepted count: Int) -> Microseconds {
        figures = Figures()
        let start = now
        while Int(figures.accepted[.requests]) < count, now < start + .hours(24) { advance() }
        figures.minutes = Double((now - start).count) / 60_000_000
        return now - start
    }

    private mutating func advance() {
        let (moment, happening) = heap.removeFirst()
        now = moment
        step(happening)
        wake()
    }

    private mutating func step(_ happening: Happening) {
        switch happening {
        case .wake: if wakes == now { wakes = nil }
        case .arrives(let grant, let call):
            let units = LimitedUnits(input: Double(call.input), output: Double(call.output))
            let verdict = server.take(units, at: now)
            figures.calls += 1
            if verdict.isAccepted { figures.accepted += units } else { figures.refused += 1 }
            let latency = uniform(verdict.isAccepted ? latency.ofAnswers : latency.ofRefusals)
            heap.insert(.returns(grant, call, verdict), at: now + latency)
        case .returns(let grant, var call, let verdict):
            if verdict.isAccepted {
                pacing.settle(
                    grant, .answered(Usage(input: call.input, output: call.output)), headers: verdict.headers, at: now)
                ask(newCall())
            } else {
                pacing.settle(
                    grant, .failed(.rateLimit, retryAfter: verdict.retryAfter), headers: verdict.headers, at: now)
                call.kind = .refusedBefore
                ask(call)
            }
        }
    }

    private mutating func ask(_ call: Call) {
        let lane = PacingLane(model: "m", keyVariable: "K", adapter: adapter)
        switch pacing.admit(PacingAsk(lane: lane, size: call.estimate, kind: call.kind), at: now) {
        case .granted(let grant): send(grant, call)
        case .waits(let waiter): waiting[waiter] = call
        }
    }

    private mutating func wake() {
        let progress = pacing.advance(at: now)
        for (waiter, grant) in progress.granted {
            if let call = waiting.removeValue(forKey: waiter) { send(grant, call) }
        }
        guard let next = progress.next else { return }
        // A timer comes a little late.
        let late = max(next, now) + uniform(0..<2)
        guard wakes.map({ late < $0 }) ?? true else { return }
        wakes = late
        heap.insert(.wake, at: late)
    }

    private mutating func send(_ grant: PacingGrant, _ call: Call) {
        heap.insert(.arrives(grant, call), at: now + uniform(latency.ofTheWay))
    }

    private mutating func newCall() -> Call {
        let input = 200 + Int(generator.uniform(below: 1_800))
        let output = 20 + Int(generator.uniform(below: 380))
        return Call(
            input: input, output: output,
            estimate: CallSize(input: Int(Double(input) * estimateBias), outputCeiling: 1_024))
    }

    /// Milliseconds.
    private mutating func uniform(_ range: Range<Int64>) -> Microseconds {
        Microseconds(range.lowerBound * 1_000 + Int64(generator.uniform(below: UInt64(range.count) * 1_000)))
    }
}

/// What happens when; at the same moment in the order of insertion.
struct EventHeap<Element> {
    private var items: [(moment: Timestamp, number: Int, element: Element)] = []
    private var inserted = 0

    var first: Timestamp? { items.first?.moment }

    mutating func insert(_ element: Element, at moment: Timestamp) {
        items.append((moment, inserted, element))
        inserted += 1
        var child = items.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() -> (Timestamp, Element) {
        items.swapAt(0, items.count - 1)
        let last = items.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && precedes(child, least) {
                least = child
            }
            if least == parent { break }
            items.swapAt(parent, least)
            parent = least
        }
        return (last.moment, last.element)
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (items[left].moment, items[left].number) < (items[right].moment, items[right].number)
    }
}
