package import Determinism

/// What an answer's headers say about one limit.
package struct RateReport: Equatable, Sendable {
    package let dimension: RateDimension
    /// Per minute.
    package let limit: Int
    /// What was left when the provider took the call.
    package let remaining: Int?

    package init(dimension: RateDimension, limit: Int, remaining: Int?) {
        self.dimension = dimension
        self.limit = limit
        self.remaining = remaining
    }

    /// Reads the fields that the facts name; names are in lower case.
    ///
    /// Leaves out a limit that isn't one of minutes: OpenAI writes a daily one into the same field, and only the
    /// time until it is whole again tells (8.64 s after one of 10,000 requests).
    package static func read(_ headers: [String: String], _ facts: RateFacts, at now: Timestamp) -> [RateReport] {
        if headers.isEmpty { return [] }
        return facts.fields.compactMap { fields in
            guard let limit = headers[fields.limit].flatMap(Int.init), limit > 0, limit <= mostUnits else { return nil }
            let remaining = headers[fields.remaining].flatMap(Int.init).map { min(max($0, 0), limit) }
            let reset = fields.reset.flatMap { headers[$0] }.flatMap { untilReset($0, fields.form, at: now) }
            if let remaining, let reset, remaining < limit {
                let whole = Double(reset.count) * Double(limit) / Double(limit - remaining)
                if whole > longestPeriod { return nil }
            }
            return RateReport(dimension: fields.dimension, limit: limit, remaining: remaining)
        }
    }

    private static func untilReset(_ text: String, _ form: RateFacts.ResetForm, at now: Timestamp) -> Microseconds? {
        switch form {
        case .goDuration: GoDuration.parse(text)
        // Whole seconds by another clock: says too little about a period.
        case .moment: nil
        }
    }

    /// A limit that takes longer than this to be whole again isn't one per minute.
    private static let longestPeriod = Double(Microseconds.minutes(10).count)
    private static let mostUnits = 1_000_000_000_000
}

/// Lengths of time as Go prints them: `100ms`, `6m0s`, `1h2m3.5s`.
enum GoDuration {
    /// Nil where it isn't one, or is longer than a year.
    static func parse(_ text: String) -> Microseconds? {
        var rest = Substring(text)
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let number = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            guard let length = microseconds[String(unit)] else { return nil }
            rest = rest.dropFirst(unit.count)
            total += number * length
        }
        return total <= 31_536_000_000_000 ? Microseconds(Int64(total.rounded(.up))) : nil
    }

    private static let microseconds: [String: Double] = [
        "ns": 0.001, "us": 1, "µs": 1, "μs": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000,
    ]
}
