import Calls
import Determinism
import Providers

/// A few live words about a run: what is done of what, how fast, at what cost, how long it will take; and, on a line of
/// its own, what waits and why.
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
    /// What waits to be sent and why.
    var waits: [Pacing.Wait] = []

    /// One line, or two when something waits; none is wider than the terminal.
    func rendered(width: Int) -> [String] {
        let width = max(0, width)
        return [progress(width: width)] + (waits.isEmpty ? [] : [Self.reason(waits, width: width)])
    }

    /// On a narrow terminal tokens, rate and cost give way, in this order.
    private func progress(width: Int) -> String {
        var parts: [(text: String, rank: Int)] = [
            ("\(Quantities.grouped(done))/\(Quantities.grouped(total)) cells", 0)
        ]
        if failed > 0 { parts.append(("\(Quantities.grouped(failed)) failed", 0)) }
        let seconds = Double(elapsed.count) / 1e6
        let rate = seconds > 0 ? Double(max(0, done + failed - before)) / seconds : 0
        parts.append(("\(Quantities.decimal(rate, places: rate < 10 ? 1 : 0))/s", 2))
        parts.append(("\(Quantities.grouped(tokens)) tokens", 3))
        if let costInNanoDollars { parts.append((Quantities.dollars(nano: costInNanoDollars), 1)) }
        let left = total - done - failed
        if rate > 0, left > 0 {
            parts.append(("ETA \(Quantities.duration(microseconds: Int64(Double(left) / rate * 1e6)))", 0))
        }
        var line = parts.map(\.text).joined(separator: " · ")
        for rank in [3, 2, 1] where line.count > width {
            parts.removeAll { $0.rank == rank }
            line = parts.map(\.text).joined(separator: " · ")
        }
        return String(line.prefix(width))
    }

    /// Why most of those who wait do so, then how many others wait for whom.
    private static func reason(_ waits: [Pacing.Wait], width: Int) -> String {
        let ordered = waits.enumerated().sorted { ($1.element.calls, $0.offset) < ($0.element.calls, $1.offset) }
        guard let most = ordered.first?.element else { return "" }
        let line = shortened("\(Quantities.grouped(most.calls)) wait for \(words(most))", to: width)
        let others = ordered.dropFirst().reduce(0) { $0 + $1.element.calls }
        guard others > 0 else { return line }
        let providers = ordered.dropFirst().reduce(into: [String]()) { names, wait in
            if !names.contains(wait.element.provider) { names.append(wait.element.provider) }
        }
        let long = line + " · \(Quantities.grouped(others)) for \(providers.joined(separator: ", "))"
        let short = line + " · \(Quantities.grouped(others)) others"
        return [long, short, line].first { $0.count <= width } ?? line
    }

    /// As in `openai: paced at 500 requests/min, next at 12:03:07`.
    private static func words(_ wait: Pacing.Wait) -> String {
        let words = wait.reason.description
        return words.hasPrefix("provider ") ? String(words.dropFirst("provider ".count)) : words
    }

    /// Leaves out something in the middle: at the beginning is who, at the end until when.
    private static func shortened(_ text: String, to width: Int) -> String {
        guard text.count > width else { return text }
        let end = min(16, width / 3)
        return String(text.prefix(max(0, width - end - 1))) + (width > 0 ? "…" : "") + String(text.suffix(end))
    }
}
