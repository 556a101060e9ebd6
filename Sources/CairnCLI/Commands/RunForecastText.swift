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
        writer.field("total", forecast.total)
        writer.endObject()
    }

    var text: String {
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
        var lines = [
            "estimates; ? without a price or without max_tokens. Nothing was sent."
        ]
        if attempts > 1 {
            lines.append(
                "A call that fails is asked up to \(attempts) times, which isn't counted above: in all at most "
                    + "\(Quantities.grouped(worstCalls)) calls, \(Self.dollars(worstCost)).")
        }
        lines += missingKeys.map { "Before it can run: \($0)." }
        return layout.table(forecast.rows + [forecast.total]).rendered(bold: Terminal.bold)
            + lines.joined(separator: "\n") + "\n"
    }

    private static func dollars(_ nano: Int?) -> String { nano.map { Quantities.dollars(nano: $0) } ?? "?" }
}
