import ArgumentParser
import Cairn
import Calls
import CanonicalJSON
import Determinism
import EventLog
import Providers

/// The command `cairn query transcripts`.
struct QueryTranscripts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transcripts", abstract: "Conversations, turn by turn.",
        discussion: """
            --model takes a model whose answers the conversations are about, or one that judges; --limit counts \
            conversations. The state of a call is inFlight, answered, failed, retrying, or outcomeUnknown when it was cut \
            off, so that nobody knows whether it was answered.

            EXAMPLE
              cairn query transcripts --model careful --kind probe --limit 3
            """)

    @OptionGroup var options: QueryOptions
    @OptionGroup var labels: LabelOptions

    @Option(help: "Only the conversation of this job: its id, or the beginning of it.")
    var job: String?

    @Option(help: "Only conversations of this kind: probe or judge.")
    var kind: String?

    func validate() throws {
        if let kind, CallPurpose(rawValue: kind) == nil {
            throw ValidationError("--kind takes probe or judge; found \(kind)")
        }
    }

    func run() async throws {
        let purpose = kind.flatMap(CallPurpose.init(rawValue:))
        let turns = try options.ask { try $0.transcripts(options.selection(labels), job: job, purpose: purpose) }
        if options.answer.json {
            try options.answer.output.print(turns) { "" }
        } else if turns.isEmpty {
            Terminal.complain("no such conversations\n")
        } else {
            try Terminal.print(turns.map(TranscriptText.text).joined(separator: "\n"))
        }
    }
}

/// A turn in words.
enum TranscriptText {
    static func text(_ turn: Queries.Turn) -> String {
        let row = turn.row
        let cost = row.cost.map { ", " + Quantities.dollars(nano: $0) } ?? ""
        let tokens =
            "\(row.usage.input ?? 0) + \(row.usage.output ?? 0) tokens\(cost)"
            + (row.reused == nil ? "" : ", reused from an earlier call")
        let about = ["scenario", "model", "sample", "judge"].compactMap { name in
            turn.labels[name].map { name == "sample" ? "sample \($0)" : $0 }
        }
        let header =
            (about + [row.purpose.rawValue, row.model, "turn \(row.turn)", "job \(turn.job)"]).joined(separator: " · ")
        let answer =
            turn.answer ?? turn.withheld.answer.map(withheld)
            ?? (row.state == .answered
                ? "(no text can be read in the answer)"
                : turn.call.isCut
                    ? "(cut off; whether it was answered isn't known)"
                    : "(\(row.state.rawValue)\(row.errorClass.map { ": \($0)" } ?? ""))")
        return Terminal.bold(header) + "\n" + messages(turn) + "< \(answer)\(ending(row.finish))\n"
            + (row.state == .answered ? "  \(tokens)\n" : "")
    }

    private static func withheld(_ blob: WithheldBlob) -> String {
        let why =
            switch blob.state {
            case .erased: blob.note.map { "erased by \($0.by): \($0.why)" } ?? "erased"
            case .sealed: "sealed: the key isn't here"
            case .missing: "missing: no event says that it was erased"
            case .present: "present"
            }
        return "(\(why); blob \(blob.digest.hex))"
    }

    /// Why an answer ended, where it isn't because it was complete.
    private static func ending(_ finish: FinishReason?) -> String {
        guard let finish, finish != .stop else { return "" }
        return " (\(finish.rawValue))"
    }

    /// The last question that was put, and the system message with the first one.
    private static func messages(_ turn: Queries.Turn) -> String {
        guard let request = turn.request else {
            return "> \(turn.withheld.request.map(withheld) ?? "(no text can be read in the request)")\n"
        }
        let messages = ChatMessage.conversation(in: request)
        let isFirst = !messages.contains { $0.role == .assistant }
        let instructions = isFirst ? messages.filter { $0.role == .system }.map { "[system] \($0.content)\n" } : []
        return instructions.joined() + "> \(messages.last?.content ?? "")\n"
    }
}

/// The command `cairn query usage`.
struct QueryUsage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage", abstract: "Tokens, cost and latency by model.",
        discussion: """
            A row is about what the provider counts: one id of a model, whichever models of the experiment share it; \
            NAMES lists those. PENDING are calls under way, or cut off so that their outcome isn't known yet.

            EXAMPLE
              cairn query usage --json | jq 'map(.cost) | add / 1e9'
            """)

    @OptionGroup var options: QueryOptions

    @Option(help: "Only this model: its id in the experiment, or the one that the provider is asked for.")
    var model: String?

    func run() async throws {
        let layout = TableLayout<QueryRow<UsageRow>>()
            .column("run") { String($0.text("run").prefix(8)) }
            .column("provider") { $0.text("provider") }
            .column("model") { $0.text("model") }
            .column("names") { $0.texts("names").joined(separator: ", ") }
            .column("purpose") { $0.text("purpose") }
            .number("answers") { Quantities.grouped($0.row.calls) }
            .number("reused") { Quantities.grouped($0.row.reused) }
            .number("failures") { Quantities.grouped($0.row.failures) }
            .number("unknown") { Quantities.grouped($0.row.unknown) }
            .number("pending") { Quantities.grouped($0.row.pending) }
            .number("input") { Quantities.grouped($0.row.tokens.input) }
            .number("output") { Quantities.grouped($0.row.tokens.output) }
            .number("cost") { $0.row.knownCost.map(Quantities.dollars(nano:)) ?? "?" }
            .number("median") { duration($0.row.latency.percentile(50)?.count) }
            .number("p95") { duration($0.row.latency.percentile(95)?.count) }
        try options.answer.output.print(
            try options.ask { try $0.usage(options.selection(), model: model) }, as: layout, nothing: "no calls yet")
    }

    private func duration(_ microseconds: Int64?) -> String {
        microseconds.map { Quantities.duration(microseconds: $0) } ?? ""
    }
}
