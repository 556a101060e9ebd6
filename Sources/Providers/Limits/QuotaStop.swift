package import Determinism

/// Holds back the calls of a key whose quota is used up.
///
/// What is under way then may still be refused; after that one call per period asks whether it has changed. The period
/// doubles up to a longest one. A key that isn't valid stops nothing: waiting doesn't mend it, so each call says why.
package struct QuotaStop: Equatable, Sendable {
    package struct Settings: Equatable, Sendable {
        package var period: Microseconds
        package var longest: Microseconds

        package init(period: Microseconds = .minutes(15), longest: Microseconds = .hours(4)) {
            self.period = period
            self.longest = longest
        }
    }

    package enum Permission: Equatable, Sendable {
        case yes
        /// One call, and its answer is waited for.
        case probe
        /// Nil: until the call that asks is answered.
        case no(until: Timestamp?)
    }

    private enum State: Equatable, Sendable {
        case running
        case stopped(until: Timestamp, period: Microseconds)
        case probing(period: Microseconds)
    }

    private let settings: Settings
    private var state = State.running

    package init(_ settings: Settings = Settings()) { self.settings = settings }

    /// Whether an answer of this class stops the key.
    package static func stops(_ class: ProviderErrorClass) -> Bool { `class` == .quotaExhausted }

    package func permission(at now: Timestamp) -> Permission {
        switch state {
        case .running: .yes
        case .stopped(let until, _): now < until ? .no(until: until) : .probe
        case .probing: .no(until: nil)
        }
    }

    package mutating func probeBegan() {
        guard case .stopped(_, let period) = state else { preconditionFailure("only what is stopped is probed") }
        state = .probing(period: period)
    }

    /// A call ended; nil where it was answered, or failed in a way that says nothing about the key.
    package mutating func ended(_ class: ProviderErrorClass?, isProbe: Bool, at now: Timestamp) {
        let refused = `class`.map(Self.stops) ?? false
        switch state {
        case .running where refused:
            state = .stopped(until: now + settings.period, period: settings.period)
        case .probing(let period) where isProbe && refused:
            let next = min(period * 2, settings.longest)
            state = .stopped(until: now + next, period: next)
        case .probing where isProbe:
            state = .running
        case .running, .stopped, .probing: break
        }
    }

    /// Nobody knows what came of the probe; it may have been refused.
    package mutating func probeVanished(at now: Timestamp) {
        guard case .probing(let period) = state else { return }
        state = .stopped(until: now + period, period: period)
    }
}
