import Determinism

/// One live line about a run: what is done of what, how fast, at what cost, and how long it will take.
struct ProgressLine: Equatable {
    var done: Int
    var failed: Int
    var total: Int
    /// Cells that an earlier process had finished: they say nothing about today's rate.
    var before: Int
    var tokens: Int
    /// Nil when no model has a price.
    var costInNanoDollars: Int?
    var elapsed: Microseconds
    /// What waits to be sent and why; empty when nothing does.
    var waits = ""

    /// The line, cut to the width of the terminal.
    func rendered(width: Int) -> String {
        var parts = ["\(Quantities.grouped(done))/\(Quantities.grouped(total)) cells"]
        if failed > 0 { parts.append("\(Quantities.grouped(failed)) failed") }
        let seconds = Double(elapsed.count) / 1e6
        let rate = seconds > 0 ? Double(max(0, done + failed - before)) / seconds : 0
        parts.append("\(Quantities.decimal(rate, places: rate < 10 ? 1 : 0))/s")
        parts.append("\(Quantities.grouped(tokens)) tokens")
        if let costInNanoDollars { parts.append(Quantities.dollars(nano: costInNanoDollars)) }
        let left = total - done - failed
        if rate > 0, left > 0 {
            parts.append("ETA \(Quantities.duration(microseconds: Int64(Double(left) / rate * 1e6)))")
        }
        if !waits.isEmpty { parts.append(waits) }
        return String(parts.joined(separator: " · ").prefix(max(0, width)))
    }
}
