import Cairn
import Calls
import CanonicalJSON
import Experiments

/// What a run will send, and what stands in its way.
struct DryRun: CanonicalEncodable {
    let forecast: RunForecast
    /// How often a call is asked at most when it fails.
    let attempts: Int
    let missingKeys: [MissingKey]
    /// Where a run of it was looked for.
    let store: String
    /// What is left of that; nil if it isn't there.
    let rest: RunRest?
    /// Whether what failed is among what is left.
    let retriesFailed: Bool

    /// Each call as often as it may be asked, at its worst; nil where a bound is missing.
    private var worstCost: Int? {
        guard let cost = forecast.total.worstCost else { return nil }
        let (product, overflows) = cost.multipliedReportingOverflow(by: attempts)
        return overflows ? nil : product
    }

    private var worstCalls: Int { forecast.total.worstCalls.multipliedReportingOverflow(by: attempts).partialValue }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("missingKeys", missingKeys)
        writer.field("models", forecast.rows)
        writer.field("repeated") { writer in
            writer.beginObject()
            writer.field("attempts", attempts)
            writer.field("worstCalls", worstCalls)
            writer.optionalField("worstCost", worstCost)
            writer.endObject()
        }
        writer.optionalField("stored", rest)
        writer.field("total", forecast.total)
        writer.endObject()
    }

    var text: String {
        var lines = [
            "estimates; ? without a price or without max_tokens. Nothing was sent."
        ]
        if attempts > 1 {
            lines.append(
                "A call that fails is asked up to \(attempts) times, which isn't counted above: in all at most "
                    + "\(Quantities.grouped(worstCalls)) calls, \(Self.dollars(worstCost)), "
                    + "and calls refused for the rate, which cost nothing.")
        }
        lines += missingKeys.map { "Before it can run: \($0)." }
        if rest == nil { lines.append("\(store) has no run of this: it is counted whole.") }
        return Self.table(forecast) + lines.joined(separator: "\n") + "\n" + (rest.map(text) ?? "")
    }

    /// How far it has come, and what is left.
    private func text(_ rest: RunRest) -> String {
        let cells = rest.cells
        let ended = [(cells.failed, "failed"), (cells.skipped, "skipped"), (cells.unknown, "unknown")]
        let counts =
            "\(Quantities.grouped(cells.done)) of \(Quantities.counted(cells.total, "cell")) done"
            + ended.filter { $0.0 > 0 }.map { ", \(Quantities.grouped($0.0)) \($0.1)" }.joined()
        var text = "\nThat is the whole of it. Run \(rest.run) in \(store) is \(rest.stage.rawValue): \(counts); "
        if rest.forecast.total.worstCalls == 0 {
            text += "nothing is left to send\n"
        } else {
            text += "left, where a job that is half done counts as a whole:\n" + Self.table(rest.forecast)
        }
        if !retriesFailed, cells.failed + cells.skipped > 0 {
            text += "What failed or was skipped isn't among what is left; with --retry-failed it is.\n"
        }
        return text
    }

    private static func table(_ forecast: RunForecast) -> String {
        let layout = TableLayout<RunForecast.Row>()
            .column("model") { $0.model.isEmpty ? "all" : $0.model }
            .column("purpose") { $0.model.isEmpty ? "" : $0.purpose.rawValue }
            .number("calls") { Quantities.grouped($0.calls) }
            .number("input") { Quantities.grouped($0.input) }
            .number("output") { Quantities.grouped($0.output) }
            .number("cost") { Self.dollars($0.cost) }
            .number("worst calls") { Quantities.grouped($0.worstCalls) }
            .number("worst tokens") { $0.worstTokens.map(Quantities.grouped) ?? "?" }
            .number("worst cost") { Self.dollars($0.worstCost) }
        return layout.table(forecast.rows + [forecast.total]).rendered(bold: Terminal.bold)
    }

    private static func dollars(_ nano: Int?) -> String { nano.map { Quantities.dollars(nano: $0) } ?? "?" }
}
