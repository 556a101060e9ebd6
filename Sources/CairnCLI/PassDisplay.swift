import Determinism
import EventLog

/// The live line of a pass over the log on a terminal: how far, how fast, how long still; elsewhere nothing.
final class PassDisplay {
    private let verb: String
    private let size: UInt64
    private let began = ContinuousClock.now
    private var shown: ContinuousClock.Instant?

    init(_ verb: String, of size: UInt64) {
        self.verb = verb
        self.size = size
    }

    /// Shows how far the pass has come, ten times a second at most.
    func show(_ position: Position) {
        guard Terminal.errorIsTerminal else { return }
        let now = ContinuousClock.now
        if let shown, shown.duration(to: now) < .milliseconds(100) { return }
        shown = now
        let elapsed = Microseconds(began.duration(to: now))
        Terminal.show(live: [Self.line(verb, position.rawValue, of: size, elapsed: elapsed, width: Terminal.errorWidth)]
        )
    }

    /// Takes the line away.
    func end() {
        if shown != nil { Terminal.show(live: []) }
        shown = nil
    }

    static func line(
        _ verb: String, _ position: UInt64, of size: UInt64, elapsed: Microseconds, width: Int
    ) -> String {
        let seconds = Double(elapsed.count) / 1e6
        let rate = seconds > 0 ? Double(position) / seconds : 0
        var parts = ["\(verb) \(Quantities.grouped(Int(position)))/\(Quantities.grouped(Int(size))) events"]
        parts.append("\(Quantities.grouped(Int(rate)))/s")
        if rate > 0, position < size {
            let left = Double(size - position) / rate
            parts.append("ETA \(Quantities.duration(microseconds: Int64(left * 1e6)))")
        }
        return String(parts.joined(separator: " · ").prefix(max(0, width)))
    }
}
