import Cairn
import CanonicalJSON
import EventLog
import Jobs
import Replay
import Scoring

/// How two stores differ, for people.
enum DiffText {
    static func text(_ diff: StoreDiff) -> String {
        var text = "first  \(side(diff.first))\nsecond \(side(diff.second))\n\n" + events(diff.events)
        for run in diff.runs { text += "\n" + self.run(run) }
        for run in diff.onlyFirst { text += "\nrun \(run): only in the first\n" }
        for run in diff.onlySecond { text += "\nrun \(run): only in the second\n" }
        return text
    }

    private static func side(_ side: StoreDiff.Side) -> String {
        "\(side.store): \(Quantities.counted(Int(side.events), "event")), head \(side.head)"
    }

    private static func events(_ diff: EventDiff) -> String {
        if diff.isIdentical { return "events: the same\n" }
        let layout = TableLayout<EventDiff.Count>()
            .column("event") { $0.type.text }
            .number("first") { Quantities.grouped($0.first) }
            .number("second") { Quantities.grouped($0.second) }
            .number("difference") { $0.first == $0.second ? "" : signed($0.second - $0.first) }
        var text = layout.table(diff.counts).rendered(bold: Terminal.bold)
        if let difference = diff.firstDifference { text += "first difference: \(self.difference(difference))\n" }
        return text
    }

    private static func difference(_ difference: EventDiff.Difference) -> String {
        func place(_ place: EventDiff.Difference.Place?) -> String {
            place.map { "\($0.type) in \($0.stream) at position \($0.position)" } ?? "nothing more"
        }
        guard !difference.fields.isEmpty else { return "\(place(difference.first)) | \(place(difference.second))" }
        let fields = difference.fields.map { field in
            "\(field.path) \(value(field.recorded)) → \(value(field.derived))"
        }
        return "\(place(difference.first)), there at position "
            + "\(difference.second.map { "\($0.position)" } ?? ""): \(fields.joined(separator: "; "))"
    }

    private static func run(_ run: RunDiff) -> String {
        var text = run.first == run.second ? "run \(run.first)" : "run \(run.first) | \(run.second)"
        text += " (\(run.experiment))\n"
        if !run.ranks.isEmpty { text += "\n" + ranks(run) }
        if !run.scores.isEmpty { text += "\n" + scores(run) }
        text += "\n" + transcripts(run.transcripts)
        if !run.usage.isEmpty { text += "\n" + usage(run) }
        return text
    }

    private static func ranks(_ run: RunDiff) -> String {
        return TableLayout<RunDiff.Rank>()
            .column("model") { $0.model }
            .number("rank") { $0.first.map { "\($0.rank)" } ?? "–" }
            .number("rank") { $0.second.map { "\($0.rank)" } ?? "–" }
            .column("") { $0.hasMoved ? "moved" : "" }
            .number("by") { decimal($0.first?.value ?? $0.first?.mean) }
            .number("by") { decimal($0.second?.value ?? $0.second?.mean) }
            .table(run.ranks).rendered(bold: Terminal.bold)
    }

    private static func scores(_ run: RunDiff) -> String {
        return TableLayout<RunDiff.Scores>()
            .column("scores of") { $0.model }
            .number("pairs") { Quantities.grouped($0.shift?.pairs ?? 0) }
            .number("changed") { Quantities.grouped($0.shift?.changed ?? 0) }
            .number("first") { decimal($0.shift?.first) }
            .number("second") { decimal($0.shift?.second) }
            .number("shift") { decimal($0.shift?.shift) }
            .column("95 % interval") { row in
                guard let low = row.shift?.low, let high = row.shift?.high else { return "" }
                return "\(decimal(low)) to \(decimal(high))"
            }
            .number("only first") { Quantities.grouped($0.onlyFirst) }
            .number("only second") { Quantities.grouped($0.onlySecond) }
            .table(run.scores).rendered(bold: Terminal.bold)
    }

    private static func transcripts(_ diff: RunDiff.Transcripts) -> String {
        var text =
            "questions: \(Quantities.grouped(diff.same)) the same, \(Quantities.grouped(diff.otherAnswer)) with another "
            + "answer, \(Quantities.grouped(diff.otherQuestion)) asked otherwise, "
            + "\(Quantities.grouped(diff.onlyFirst)) only in the first, "
            + "\(Quantities.grouped(diff.onlySecond)) only in the second\n"
        for example in diff.examples { text += "  \(example)\n" }
        if diff.more > 0 { text += "  … and \(Quantities.counted(diff.more, "other")); --all shows them\n" }
        return text
    }

    private static func usage(_ run: RunDiff) -> String {
        let total = run.total
        let layout = TableLayout<RunDiff.Usage>()
            .column("provider") { $0.provider }
            .column("model") { $0.model }
            .column("purpose") { $0.purpose }
            .number("calls") { Quantities.grouped($0.first.calls) }
            .number("calls") { Quantities.grouped($0.second.calls) }
            .number("cost") { cost($0.first) }
            .number("cost") { cost($0.second) }
        return layout.table(run.usage).rendered(bold: Terminal.bold)
            + "cost \(amount(total.first)) → \(amount(total.second))\n"
    }

    private static func cost(_ side: RunDiff.Usage.Side) -> String {
        side.knownCost.map(Quantities.dollars(nano:)) ?? "?"
    }

    private static func amount(_ side: RunDiff.Usage.Side) -> String {
        cost(side)
            + (side.withoutCost > 0 ? " and \(Quantities.counted(side.withoutCost, "answer")) without a price" : "")
    }

    private static func decimal(_ number: Double?) -> String {
        number.map { Quantities.decimal($0, places: 4) } ?? "–"
    }

    private static func signed(_ number: Int) -> String { (number > 0 ? "+" : "") + Quantities.grouped(number) }
}

extension DiffText {
    private static func value(_ value: JSONValue?) -> String {
        value.map { String(decoding: $0.canonicalBytes(), as: UTF8.self) } ?? "absent"
    }
}
