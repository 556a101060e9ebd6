import ArgumentParser
import Cairn
import Calls
import Experiments
import Jobs
import Providers

/// The command `cairn query jobs`.
struct QueryJobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Jobs by state, with attempts, timings and errors.",
        discussion: """
            LEASES counts how often a job was begun, leases that were given back aside; CRASHES how often its worker was \
            lost; TOOK is the time under leases.

            EXAMPLE
              cairn query jobs --state failed
            """)

    @OptionGroup var options: QueryOptions
    @OptionGroup var labels: LabelOptions

    @Option(help: "Only jobs in this state: \(JobStatus.State.allCases.map(\.rawValue).joined(separator: ", ")).")
    var state: String?

    @Option(help: "Only jobs of this kind: probe or judge.")
    var kind: String?

    func validate() throws {
        if let state { _ = try Self.state(state) }
        if let kind, kind != "probe", kind != "judge" {
            throw ValidationError("--kind takes probe or judge; found \(kind)")
        }
    }

    func run() async throws {
        let state = try state.map(Self.state)
        try options.answer.output.print(
            try options.ask { try $0.jobs(options.selection(labels), state: state, kind: kind) }, as: jobLayout,
            nothing: "no such jobs")
    }

    private static func state(_ text: String) throws -> JobStatus.State {
        if let state = JobStatus.State(rawValue: text) { return state }
        let known = JobStatus.State.allCases.map(\.rawValue)
        let near = Suggestion.near(text, among: known).map { "; \($0)" } ?? ""
        throw ValidationError("--state takes one of \(known.joined(separator: ", ")); found \(text)\(near)")
    }
}

/// The command `cairn query job ID`.
struct QueryJob: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "One job, with its calls.", discussion: "EXAMPLE\n  cairn query job 0f3a")

    @OptionGroup var options: QueryOptions

    @Argument(help: "The job's id, as in `cairn query jobs`, or the beginning of it.")
    var id: String

    func run() async throws {
        let found = try options.ask { try $0.job(id) }
        try options.answer.output.print(found) {
            jobLayout.table([found.job]).rendered(bold: Terminal.bold)
                + (found.job.row.errorMessage.map { "\($0)\n" } ?? "")
                + (found.calls.isEmpty
                    ? "no calls\n" : "\n" + callLayout.table(found.calls).rendered(bold: Terminal.bold))
        }
    }
}

private let callLayout = TableLayout<Queries.AskedCall>()
    .column("call") { $0.row.call.rawValue }
    .column("purpose") { $0.row.purpose.rawValue }
    .number("turn") { "\($0.row.turn)" }
    .column("model") { $0.row.model }
    .column("state") { $0.state.rawValue }
    .number("attempts") { "\($0.row.attempts)" }
    .number("input") { $0.row.usage.input.map(Quantities.grouped) ?? "" }
    .number("output") { $0.row.usage.output.map(Quantities.grouped) ?? "" }
    .number("cost") { $0.row.cost.map { Quantities.dollars(nano: $0) } ?? "" }
    .column("error") { $0.row.errorClass ?? "" }

private let jobLayout = TableLayout<QueryRow<JobStatusRow>>()
    .column("job") { $0.text("job") }
    .column("kind") { $0.row.kind }
    .column("state") { $0.row.state.rawValue }
    .column("scenario") { $0.row.labels["scenario"] ?? "" }
    .column("model") { $0.row.labels["model"] ?? "" }
    .column("sample") { $0.row.labels["sample"] ?? "" }
    .number("leases") { "\($0.row.attempts)" }
    .number("crashes") { "\($0.row.crashes)" }
    .number("took") { $0.number("worked").map { Quantities.duration(microseconds: Int64($0)) } ?? "" }
    .column("error") { $0.row.errorClass ?? "" }
