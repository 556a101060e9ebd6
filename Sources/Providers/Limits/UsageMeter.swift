import Determinism

/// What was let through in the last 60 seconds, by seconds.
struct UsageMeter: Equatable, Sendable {
    private var seconds = [LimitedUnits](repeating: .zero, count: 60)
    private var latest: Int64 = 0
    private var sum = LimitedUnits.zero
    /// All that was ever let through, to know what came after a moment.
    private(set) var everAdded = LimitedUnits.zero

    mutating func add(_ units: LimitedUnits, at now: Timestamp) {
        advance(to: now)
        seconds[Int(latest % 60)] += units
        sum += units
        everAdded += units
    }

    /// Takes back what the provider refused, or replaces an estimate by what was used.
    mutating func correct(by units: LimitedUnits, addedAt moment: Timestamp, at now: Timestamp) {
        advance(to: now)
        let second = moment.microseconds / 1_000_000
        guard second > latest - 60, second >= 0 else { return }
        seconds[Int(second % 60)] += units
        sum += units
    }

    mutating func lastMinute(at now: Timestamp) -> LimitedUnits {
        advance(to: now)
        return sum
    }

    private mutating func advance(to now: Timestamp) {
        let second = max(now.microseconds / 1_000_000, 0)
        guard second > latest else { return }
        if second - latest >= 60 {
            for index in 0..<60 { seconds[index] = .zero }
            sum = .zero
        } else {
            for passed in (latest + 1)...second {
                sum -= seconds[Int(passed % 60)]
                seconds[Int(passed % 60)] = .zero
            }
        }
        latest = second
    }
}
