import Determinism

/// The time that a provider gets after it refused for the rate, and what its refusals mean.
///
/// Without a time from the provider the pause is a second, or four calls' time, and doubles while nothing but refusals comes: then the room of
/// this minute is used up, which says nothing new about how much a minute has.
struct RefusalPause: Equatable, Sendable {
    enum Verdict: Equatable, Sendable {
        /// The rate was too high.
        case lower
        /// Only the pause was too short, or the call was sent before it.
        case wait
    }

    private var pausedUntil: Timestamp?
    private var began: Timestamp?
    /// When the pause before this one began.
    private var beganBefore: Timestamp?
    /// The end of the pause if it isn't for a refusal that is repeated.
    private var onceUntil: Timestamp?
    private var lastGrant: Timestamp = .epoch
    /// The first call after the last refusal that counted.
    private var firstGrant: Timestamp?
    private var wasAccepted = true
    private var refusalsInARow = 0

    /// Nil once it is over.
    mutating func until(at now: Timestamp) -> Timestamp? {
        guard let until = pausedUntil else { return nil }
        if now < until { return until }
        pausedUntil = nil
        return nil
    }

    func sinceLastGrant(at now: Timestamp) -> Microseconds {
        lastGrant == .epoch ? .zero : min(now - lastGrant, .minutes(1))
    }

    mutating func granted(at now: Timestamp) {
        lastGrant = now
        if firstGrant == nil { firstGrant = now }
    }

    /// Whether the first call after a pause was refused as well.
    var isRepeated: Bool { refusalsInARow > 1 }

    /// A call that was sent at that moment was accepted; whether that is the first one after a refusal.
    mutating func accepted(sentAt moment: Timestamp) -> Bool {
        guard let began, moment >= began else { return false }
        let isFirst = !wasAccepted
        wasAccepted = true
        refusalsInARow = 0
        return isFirst
    }

    /// A call that was sent at that moment was accepted after all: of those that are sent at once, the refused ones may
    /// come back first, as if none had been let in since the pause before.
    mutating func acceptedLate(sentAt moment: Timestamp) {
        guard isRepeated, let began, moment < began, let beganBefore, moment >= beganBefore else { return }
        refusalsInARow = 1
        pausedUntil = onceUntil
    }

    mutating func refused(
        sentAt moment: Timestamp, retryAfter: Microseconds?, interval: Microseconds, at now: Timestamp
    ) -> Verdict {
        if let began, moment < began {
            extend(to: now + (retryAfter ?? .zero), once: now + (retryAfter ?? .zero))
            return .wait
        }
        // Refusals come back fast: what was sent before this call and isn't refused by now was let in.
        let wasLetIn = wasAccepted || firstGrant.map { $0 < moment } ?? true
        let isNews = wasLetIn || refusalsInARow % Self.refusalsThatCount == Self.refusalsThatCount - 1
        refusalsInARow = wasLetIn ? 1 : refusalsInARow + 1
        wasAccepted = false
        beganBefore = began
        began = now
        firstGrant = nil
        onceUntil = nil
        extend(
            to: now + max(retryAfter ?? own(interval, inARow: refusalsInARow), Self.shortest),
            once: now + max(retryAfter ?? own(interval, inARow: 1), Self.shortest))
        return isNews ? .lower : .wait
    }

    private mutating func extend(to moment: Timestamp, once: Timestamp) {
        pausedUntil = max(pausedUntil ?? moment, moment)
        onceUntil = max(onceUntil ?? once, once)
    }

    /// Longer where calls are rare: else every try in a used-up minute would be a share of them that counts.
    private func own(_ interval: Microseconds, inARow count: Int) -> Microseconds {
        var length = max(Self.first, interval * 4)
        for _ in 1..<max(count, 1) where length < Self.longest { length = length * 2 }
        return min(length, Self.longest)
    }

    /// Of refusals without anything accepted between them, each third lowers the rate all the same.
    private static let refusalsThatCount = 3
    private static let first = Microseconds.seconds(1)
    private static let longest = Microseconds.seconds(30)
    private static let shortest = Microseconds.milliseconds(10)
}
