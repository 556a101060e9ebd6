package import Determinism
package import Providers

/// What waits to be sent and why, at one moment: for progress lines, logs and `--json`.
package struct Pacing: Equatable, Sendable {
    /// Calls of one model of a provider that wait.
    package struct Wait: Equatable, Sendable {
        package let provider: String
        package let model: String
        package let calls: Int
        /// Why the first of them waits.
        package let reason: WaitReason

        package init(provider: String, model: String, calls: Int, reason: WaitReason) {
            self.provider = provider
            self.model = model
            self.calls = calls
            self.reason = reason
        }
    }

    package let at: Timestamp
    /// Calls under way, of all providers.
    package let inFlight: Int
    /// In the order in which the models were first asked.
    package let waits: [Wait]

    package init(at: Timestamp, inFlight: Int, waits: [Wait]) {
        self.at = at
        self.inFlight = inFlight
        self.waits = waits
    }

    package var waiting: Int { waits.reduce(0) { $0 + $1.calls } }
}

extension Pacing: CustomStringConvertible {
    /// `12 wait: provider x: 41,000 of 40,000 tokens/min until 12:03:07`; empty when nothing waits.
    package var description: String {
        waits.map { "\($0.calls) wait: \($0.reason)" }.joined(separator: "; ")
    }
}

/// Notes when a provider begins or ceases to hold calls back, so that it is logged once and not for each call.
struct PacingNotice {
    enum Change: Equatable {
        case waits(WaitReason)
        case goesOn
    }

    private var noted: String?
    private var changed: Timestamp = .epoch

    /// What is worth a line; a change that follows the last one within seconds isn't.
    mutating func note(_ reason: WaitReason?, at now: Timestamp) -> Change? {
        // Being behind others is no reason of its own.
        if case .queue? = reason { return nil }
        guard reason?.kind != noted, now - changed >= Self.quiet else { return nil }
        noted = reason?.kind
        changed = now
        return reason.map { .waits($0) } ?? .goesOn
    }

    private static let quiet = Microseconds.seconds(10)
}
