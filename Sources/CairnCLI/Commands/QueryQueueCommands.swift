import ArgumentParser
import Cairn
import CanonicalJSON
import Determinism
import Jobs

/// The command `cairn query queues`.
struct QueryQueues: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues", abstract: "Queues: how many jobs stand where, limits and pauses.",
        discussion: """
            OLDEST READY is, by priority, how long ago the ready job that comes first was submitted.

            EXAMPLE
              cairn query queues
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Option(help: MomentArgument.help, transform: MomentArgument.init(argument:))
    var at: MomentArgument?

    func run() async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let queries = try Queries(store, at: at?.moment)
        try answer.output.print(
            try queries.queues(at: try queries.now(or: TimeSource.system.time())), as: QueueText.layout,
            nothing: "no queues yet; `cairn submit` makes them")
    }
}

/// Queues for people.
enum QueueText {
    static let layout = TableLayout<QueueAnswer>()
        .column("queue") { $0.name }
        .column("standing") { $0.standing }
        .number("ready") { Quantities.grouped($0.summary.counts.ready) }
        .number("running") { running($0) }
        .number("scheduled") { Quantities.grouped($0.summary.counts.scheduled) }
        .number("retrying") { Quantities.grouped($0.summary.counts.retrying) }
        .number("waiting") { Quantities.grouped($0.summary.counts.waiting) }
        .number("completed") { Quantities.grouped($0.summary.counts.completed) }
        .number("dead") { Quantities.grouped($0.summary.counts.dead) }
        .number("cancelled") { Quantities.grouped($0.summary.counts.cancelled) }
        .number("skipped") { Quantities.grouped($0.summary.counts.skipped) }
        .column("oldest ready") { oldest($0) }
        .column("remark") { remark(on: $0) }

    /// How many run, and of how many where there is a limit.
    static func running(_ queue: QueueAnswer) -> String {
        Quantities.grouped(queue.summary.counts.running)
            + (queue.summary.concurrency.map { " of \(Quantities.grouped($0))" } ?? "")
    }

    /// As in `2.0 s (5), 40 s (0)`; the priority is left out where all have 0.
    static func oldest(_ queue: QueueAnswer) -> String {
        let isPlain = queue.oldestReady.allSatisfy { $0.priority == 0 }
        let texts = queue.oldestReady.prefix(3).map { oldest in
            Quantities.duration(microseconds: max(0, oldest.age.count)) + (isPlain ? "" : " (\(oldest.priority))")
        }
        return texts.joined(separator: ", ") + (queue.oldestReady.count > 3 ? ", …" : "")
    }

    static func remark(on queue: QueueAnswer) -> String {
        guard let pause = queue.summary.pause else { return "" }
        return "paused by \(pause.by) at \(pause.since)" + (pause.note.map { ": \($0)" } ?? "")
    }
}

/// The command `cairn query submissions`.
struct QuerySubmissions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submissions", abstract: "Jobs that were submitted together, and how far they have come.",
        discussion: """
            PRUNED are jobs that ended and were dropped by `cairn jobs prune`: they are in no other column but JOBS. A \
            submission of which all were dropped isn't listed.

            EXAMPLE
              cairn query submissions --limit 5
            """)

    private static let usualLimit = 100

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Option(help: "At most this many, the latest first.", transform: NumberArgument.rows)
    var limit: Int?

    @Option(help: MomentArgument.help, transform: MomentArgument.init(argument:))
    var at: MomentArgument?

    func run() async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let found = try Queries(store, at: at?.moment).submissions(limit: limit ?? Self.usualLimit)
        let layout = TableLayout<SubmissionAnswer>()
            .column("submission") { $0.row.submitID }
            .column("by") { $0.row.by }
            .column("submitted") { $0.row.submitted.text }
            .number("jobs") { Quantities.grouped($0.row.jobs) }
            .number("completed") { Quantities.grouped($0.row.counts.completed) }
            .number("running") { Quantities.grouped($0.row.counts.running) }
            .number("unfinished") { Quantities.grouped($0.row.counts.unfinished) }
            .number("dead") { Quantities.grouped($0.row.counts.dead) }
            .number("cancelled") { Quantities.grouped($0.row.counts.cancelled) }
            .number("skipped") { Quantities.grouped($0.row.counts.skipped) }
            .number("pruned") { Quantities.grouped($0.row.pruned) }
            .column("finished") { $0.row.finished?.text ?? "" }
        try answer.output.print(
            found.submissions, as: layout, nothing: "no submissions yet; `cairn submit` makes them")
        let more = found.total - found.submissions.count
        if more > 0 { Terminal.complain("and \(Quantities.grouped(more)) more; --limit shows more of them\n") }
    }
}

/// The command `cairn query workers`.
struct QueryWorkers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "Processes that work on queues, and whether they live.",
        discussion: """
            Those of `cairn work` only: an experiment's run has its own, which aren't listed. A worker is alive, draining, gone (its process ended without saying so, and others take over what it had), \
            or, with --all, stopped. What it runs and has done is what it says itself, twice a second; with --at only \
            what the log says is known, and one that hadn't stopped counts as alive. COMPLETED counts jobs, FAILED and \
            CRASHED attempts: a job may have several.

            EXAMPLE
              cairn query workers --all
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Flag(help: "Those that stopped too.")
    var all = false

    @Option(help: MomentArgument.help, transform: MomentArgument.init(argument:))
    var at: MomentArgument?

    func run() async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        try answer.output.print(
            try Queries(store, at: at?.moment).workers(stopped: all), as: WorkerText.layout,
            nothing: all
                ? "no worker of queues was ever here; those of runs aren't listed"
                : "no worker of queues is here; --all shows those that stopped")
    }
}

/// Workers for people.
enum WorkerText {
    static let layout = TableLayout<WorkerAnswer>()
        .column("worker") { $0.id.rawValue }
        .column("host") { $0.row.host }
        .number("process") { "\($0.row.process)" }
        .column("state") { $0.standing.rawValue }
        .number("running") { $0.status.map { Quantities.grouped($0.running) } ?? "" }
        .number("slots") { Quantities.grouped($0.row.concurrency) }
        .number("completed") { $0.status.map { Quantities.grouped($0.tally.completed) } ?? "" }
        .number("failed") { $0.status.map { Quantities.grouped($0.tally.failed) } ?? "" }
        .number("crashed") { $0.status.map { Quantities.grouped($0.tally.crashed) } ?? "" }
        .column("queues") { $0.row.queues.isEmpty ? "all" : $0.row.queues.joined(separator: ", ") }
        .column("started") { $0.row.started.text }
        .column("stopped") { $0.row.stopped?.text ?? "" }
}
