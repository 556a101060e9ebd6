package import Determinism

/// Why a call isn't sent yet, in words for people.
package enum WaitReason: Equatable, Sendable {
    /// More is wanted than a minute has room for; `wanted` is what the last minute took and this call.
    case rate(provider: String, RateDimension, wanted: Int, limit: Int, until: Timestamp)
    /// Refusals taught that a minute has about so much room.
    case learnedRate(provider: String, RateDimension, limit: Double, until: Timestamp)
    case concurrency(provider: String, limit: Int)
    /// The provider refused for the rate and asked, or is given, time.
    case refused(provider: String, until: Timestamp)
    /// The circuit breaker is open; nil: a call that tries is under way.
    case failing(provider: String, ProviderErrorClass, until: Timestamp?)
    case retryBudget(provider: String, until: Timestamp)
    /// The quota is used up or the key is refused; nil: a call that asks is under way.
    case stopped(provider: String, until: Timestamp?)
    /// Others that came earlier are served first.
    case queue(provider: String)

    package var provider: String {
        switch self {
        case .rate(let provider, _, _, _, _), .learnedRate(let provider, _, _, _), .concurrency(let provider, _),
            .refused(let provider, _),
            .failing(let provider, _, _), .retryBudget(let provider, _), .stopped(let provider, _),
            .queue(let provider):
            provider
        }
    }

    /// Which kind of wait, in one word for logs and tables.
    package var kind: String {
        switch self {
        case .rate, .learnedRate: "rate"
        case .concurrency: "concurrency"
        case .refused: "refused"
        case .failing: "failing"
        case .retryBudget: "retryBudget"
        case .stopped: "stopped"
        case .queue: "queue"
        }
    }

    /// Absent where it depends on the end of another call.
    package var until: Timestamp? {
        switch self {
        case .rate(_, _, _, _, let until), .learnedRate(_, _, _, let until), .refused(_, let until),
            .retryBudget(_, let until):
            until
        case .failing(_, _, let until), .stopped(_, let until): until
        case .concurrency, .queue: nil
        }
    }
}

extension WaitReason: CustomStringConvertible {
    package var description: String { "provider \(provider): \(words)" }

    private var words: String {
        switch self {
        case .rate(_, let dimension, let wanted, let limit, let until) where wanted > limit:
            "\(Self.grouped(wanted)) of \(Self.grouped(limit)) \(dimension.unit) until \(Self.clock(until))"
        case .rate(_, let dimension, _, let limit, let until):
            "paced at \(Self.grouped(limit)) \(dimension.unit), next at \(Self.clock(until))"
        case .learnedRate(_, let dimension, let limit, let until):
            "refused before, so paced at \(Self.about(limit)) \(dimension.unit), next at \(Self.clock(until))"
        case .concurrency(_, let limit): "\(limit) of \(limit) calls under way"
        case .refused(_, let until): "refused for the rate, waits until \(Self.clock(until))"
        case .failing(_, let kind, let until?): "failing (\(kind.rawValue)), next try at \(Self.clock(until))"
        case .failing(_, let kind, nil): "failing (\(kind.rawValue)), one call tries whether it is back"
        case .retryBudget(_, let until):
            "more retries than 10 % of calls and \(RetryBudget.perMinute) per minute, until \(Self.clock(until))"
        case .stopped(_, let until?): "the quota is used up, next try at \(Self.clock(until))"
        case .stopped(_, nil): "the quota is used up, one call asks again"
        case .queue: "behind earlier calls"
        }
    }

    /// `12:03:07` UTC, rounded up so that nobody looks too early.
    private static func clock(_ moment: Timestamp) -> String {
        let second = Timestamp(microseconds: (moment.microseconds + 999_999) / 1_000_000 * 1_000_000)
        return String(second.text.dropFirst(11).prefix(8))
    }

    /// `41,000`, `2.5`.
    private static func about(_ limit: Double) -> String {
        let tenths = Int((max(limit, 0) * 10).rounded())
        return tenths >= 100 ? grouped(tenths / 10) : tenths < 1 ? "less than 0.1" : "\(tenths / 10).\(tenths % 10)"
    }

    /// `41,000`.
    private static func grouped(_ number: Int) -> String {
        let digits = String(max(number, 0))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }
}
