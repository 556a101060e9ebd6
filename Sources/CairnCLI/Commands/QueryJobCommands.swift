import ArgumentParser
import Cairn
import Calls
import CanonicalJSON
import Determinism
import Jobs
import Providers

/// The command `cairn query jobs`.
struct QueryJobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Jobs of queues and of runs by state, with attempts, timings and errors.",
        discussion: """
            --queue, --submission, --tag, --newest and states that only queues have choose jobs of queues; --model, \
            --scenario, --judge and states that only runs have choose jobs of runs; --run chooses the jobs of an \
            experiment's run or of a submission. Without any of these there are both, those of queues first. Of runs, \
            ATTEMPT is the number of the last attempt, which stays the same when a lease is lost or given back, CRASHES \
            counts lost leases, and TOOK is the time under leases.

            EXAMPLE
              cairn query jobs --queue default --status dead --error-class timeout --newer-than 2h
            """)

    /// How many rows there are without --limit.
    private static let usualLimit = 100

    @OptionGroup var options: QueryOptions
    @OptionGroup var labels: LabelOptions
    @OptionGroup var search: JobSearch

    func run() async throws {
        let found = try options.ask { try find($0, at: try $0.now(or: TimeSource.system.time())) }
        if options.answer.json {
            try Terminal.print(found.all.canonicalBytes() + [UInt8(ascii: "\n")])
        } else if found.all.isEmpty {
            Terminal.complain("no such jobs\n")
        } else {
            var tables: [TextTable] = []
            if !found.ofQueues.isEmpty { tables.append(QueueJobText.layout().table(found.ofQueues)) }
            if !found.ofRuns.isEmpty { tables.append(jobLayout.table(found.ofRuns)) }
            try Terminal.print(tables.map { $0.rendered(bold: Terminal.bold) }.joined(separator: "\n"))
        }
        for sentence in found.unknown { Terminal.complain("cairn: \(sentence)\n") }
        if let more = found.moreText { Terminal.complain(more) }
    }

    private func find(_ queries: Queries, at now: Timestamp) throws -> FoundJobs {
        var subject = try search.subject(labels)
        var found = FoundJobs()
        let limit = options.limit ?? Self.usualLimit
        var run: RunID?
        if let wanted = options.run, subject != .runs {
            run = try queries.submission(startingWith: wanted)
            if run == nil, subject == .queues {
                throw Failure(
                    .usage, "no submission's run begins with «\(wanted)»", remedy: "cairn query submissions lists them")
            }
            subject = run == nil ? .runs : .queues
        }
        let filter = subject == .runs ? nil : try search.filter(run: run, now: now)
        if let filter {
            let jobs = try queries.queueJobs(filter, newestFirst: search.newest, limit: limit, at: now)
            (found.ofQueues, found.more) = (jobs.jobs, jobs.more)
        }
        // What runs have is looked for only where there is room for it: their read models needn't be caught up else.
        if subject == .runs || subject == .either && found.ofQueues.count < limit, let states = search.runStates {
            var selection = options.selection(labels)
            selection.limit = limit - found.ofQueues.count
            let jobs = try queries.jobs(selection, states: states) { search.matches($0, now: now) }
            found.ofRuns = jobs.rows
            if jobs.more > 0 { found.more = .exactly(jobs.more) }
        }
        if found.all.isEmpty, let filter {
            found.unknown = try queries.unknownNames(
                in: filter, submission: search.submission, runs: subject != .queues)
        }
        return found
    }
}

/// The jobs that a question found.
private struct FoundJobs {
    var ofQueues: [QueueJobAnswer] = []
    var ofRuns: [QueryRow<JobStatusRow>] = []
    var more = Queries.More.none
    /// Names in the question that nothing here has, in sentences.
    var unknown: [String] = []

    /// A job, with the fields of what it is a job of.
    enum Row: CanonicalEncodable {
        case ofQueue(QueueJobAnswer)
        case ofRun(QueryRow<JobStatusRow>)

        func encode(to writer: inout CanonicalWriter) {
            switch self {
            case .ofQueue(let job): job.encode(to: &writer)
            case .ofRun(let job): job.encode(to: &writer)
            }
        }
    }

    var all: [Row] { ofQueues.map(Row.ofQueue) + ofRuns.map(Row.ofRun) }

    /// How many aren't shown; nil if all are.
    var moreText: String? {
        switch more {
        case .none: nil
        case .exactly(let count): "and \(Quantities.grouped(count)) more; --limit shows more of them\n"
        case .moreThan(let count): "and more than \(Quantities.grouped(count)) more; --limit shows more of them\n"
        }
    }
}

/// The command `cairn query job ID`.
struct QueryJob: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "One job: of a queue with its history, of a run with its calls.",
        discussion: "EXAMPLE\n  cairn query job 0f3a")

    @OptionGroup var options: QueryOptions

    @Argument(help: "The job's id, as in `cairn query jobs`, or the beginning of it.")
    var id: String

    private enum Found: CanonicalEncodable {
        case ofQueue(Queries.QueueJobHistory)
        case ofRun(Queries.JobHistory)

        func encode(to writer: inout CanonicalWriter) {
            switch self {
            case .ofQueue(let job): job.encode(to: &writer)
            case .ofRun(let job): job.encode(to: &writer)
            }
        }
    }

    func run() async throws {
        let found = try options.ask { queries -> Found in
            if let job = try queries.queueJob(id, at: try queries.now(or: TimeSource.system.time())) {
                return .ofQueue(job)
            }
            return .ofRun(try queries.job(id))
        }
        try options.answer.output.print(found) {
            switch found {
            case .ofQueue(let job): QueueJobText.text(of: job)
            case .ofRun(let job): Self.text(of: job)
            }
        }
    }

    private static func text(of found: Queries.JobHistory) -> String {
        jobLayout.table([found.job]).rendered(bold: Terminal.bold)
            + (found.job.row.errorMessage.map { "\($0)\n" } ?? "")
            + (found.calls.isEmpty
                ? "no calls\n" : "\n" + callLayout.table(found.calls).rendered(bold: Terminal.bold))
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
    .number("attempt") { "\($0.row.attempts)" }
    .number("crashes") { "\($0.row.crashes)" }
    .number("took") { $0.number("worked").map { Quantities.duration(microseconds: Int64($0)) } ?? "" }
    .column("error") { $0.row.errorClass ?? "" }
