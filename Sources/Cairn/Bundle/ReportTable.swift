import Calls
import CanonicalJSON
import Jobs
import Scoring

/// A table of a bundle's report: texts, as they are written.
struct ReportTable {
    let name: String
    let title: String
    let columns: [String]
    let rows: [[String]]

    static func rankings(_ rankings: [QueryRow<RankingRow>]) -> ReportTable {
        ReportTable(
            name: "rankings", title: "Ranking", columns: ["rank", "model", "mean", "scored", "missing"],
            rows: rankings.flatMap { ranking in
                ranking.row.ranking.entries.map { entry in
                    ["\(entry.rank)", entry.model, number(entry.mean), "\(entry.scored)", "\(entry.missing)"]
                }
            })
    }

    static func usage(_ rows: [QueryRow<UsageRow>]) -> ReportTable {
        ReportTable(
            name: "usage", title: "Usage",
            columns: [
                "provider", "model", "purpose", "calls", "attempts", "failures", "unknown", "reused", "input_tokens",
                "output_tokens", "cost_dollars",
            ],
            rows: rows.map { found in
                let row = found.row
                return [
                    found.text("provider"), found.text("model"), found.text("purpose"), "\(row.calls)",
                    "\(row.attempts)", "\(row.failures)", "\(row.unknown)", "\(row.reused)",
                    "\(row.tokens.input)", "\(row.tokens.output)", number(Double(row.cost) / 1_000_000_000),
                ]
            })
    }

    static func scores(_ rows: [QueryRow<ScoreRow>]) -> ReportTable {
        ReportTable(
            name: "scores", title: "Scores",
            columns: ["judge", "model", "scenario", "sample", "total", "refusal", "position", "job"],
            rows: rows.map { found in
                let labels = found.row.labels
                var (total, refusal) = ("", "")
                switch found.row.outcome {
                case .computed(let computed): total = number(computed.total)
                case .refused(let refused): refusal = refused.reason
                }
                return [
                    labels.judge, labels.model, labels.scenario, "\(labels.sample)", total, refusal,
                    "\(found.row.position)", found.text("job"),
                ]
            })
    }

    /// As in canonical JSON; nothing for what isn't known.
    private static func number(_ value: Double?) -> String {
        value.map { String(decoding: $0.canonicalBytes(), as: UTF8.self) } ?? ""
    }

    /// RFC 4180, with line feeds.
    var csv: [UInt8] {
        Array(([columns] + rows).map { $0.map(Self.quoted).joined(separator: ",") + "\n" }.joined().utf8)
    }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "\"" || $0 == "," || $0.isNewline }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

/// A run's tables for people.
struct ReportPage {
    let title: String
    let run: RunID
    let state: String
    let tables: [ReportTable]

    var markdown: String {
        var text = "# \(title)\n\nRun `\(run)`: \(state).\n"
        for table in tables {
            text += "\n## \(table.title)\n\n"
            text += Self.line(table.columns) + Self.line(table.columns.map { _ in "---" })
            for row in table.rows { text += Self.line(row.map(Self.plain)) }
        }
        return text + "\nEvery score is in scores.csv.\n"
    }

    var html: String {
        var text = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(Self.escaped(title))</title>
            <style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:64rem;padding:0 1rem}\
            table{border-collapse:collapse}td,th{border-bottom:1px solid #ccc;padding:.3rem .8rem;text-align:left}\
            @media (prefers-color-scheme:dark){body{background:#111;color:#eee}}</style></head><body>
            <h1>\(Self.escaped(title))</h1>
            <p>Run <code>\(run)</code>: \(Self.escaped(state)).</p>

            """
        for table in tables {
            text += "<h2>\(table.title)</h2>\n<table>\n<tr>"
            text += table.columns.map { "<th>\($0)</th>" }.joined() + "</tr>\n"
            for row in table.rows {
                text += "<tr>" + row.map { "<td>\(Self.escaped($0))</td>" }.joined() + "</tr>\n"
            }
            text += "</table>\n"
        }
        return text + "</body></html>\n"
    }

    private static func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }

    private static func plain(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 }).split(separator: "|", omittingEmptySubsequences: false)
            .joined(separator: "\\|")
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { escaped, character in
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
    }
}
