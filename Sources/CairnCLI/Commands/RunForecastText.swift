import Calls
import Experiments

/// What a run will send, as a table.
enum RunForecastText {
    static func table(_ forecast: RunForecast) -> String {
        let layout = TableLayout<RunForecast.Row>()
            .column("model") { $0.model.isEmpty ? "all" : $0.model }
            .column("purpose") { $0.model.isEmpty ? "" : $0.purpose.rawValue }
            .number("calls") { Quantities.grouped($0.calls) }
            .number("input") { Quantities.grouped($0.input) }
            .number("output") { Quantities.grouped($0.output) }
            .number("cost") { dollars($0.cost) }
            .number("worst tokens") { $0.worstTokens.map(Quantities.grouped) ?? "?" }
            .number("worst cost") { dollars($0.worstCost) }
        return layout.table(forecast.rows + [forecast.total]).rendered(bold: Terminal.bold)
            + "estimates; ? without a price or without max_tokens. Nothing was sent.\n"
    }

    private static func dollars(_ nano: Int?) -> String { nano.map { Quantities.dollars(nano: $0) } ?? "?" }
}
