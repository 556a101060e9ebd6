import ArgumentParser
import Cairn
import CanonicalJSON
import Determinism
import EventLog
import HTTPTransport
import Jobs

/// The command `cairn work`.
struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work", abstract: "Work on the jobs of queues until interrupted.",
        discussion: """
            Any number of these may work on one store; when one is killed, the others take over what it had. Ctrl-C or \
            SIGTERM: it begins nothing new, waits --grace for what runs, gives the rest back and ends with 0; a second \
            time: at once. The kind noop is always known; --handlers names a file with programs for other kinds, and all \
            of them are looked at before the first job is begun.

            EXAMPLE
              cairn work --concurrency 8 --until-empty
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Option(help: ArgumentHelp("Which programs do which kinds of jobs, in YAML.", valueName: "file"))
    var handlers: String?

    @Option(help: "A queue to work on; may be repeated; without it all of them.")
    var queue: [String] = []

    @Option(help: "How many jobs run at once.")
    var concurrency = 16

    @Option(
        help: ArgumentHelp(
            "How much memory jobs whose kinds have a limit may use together, as in 8GB; without it any.",
            valueName: "size"))
    var memory: SizeArgument?

    @Option(
        help: ArgumentHelp(
            "How long a job may go without a sign of its worker, as in 90 or 10m; default: 30s.", valueName: "length"),
        transform: LengthArgument.init)
    var lease = LengthArgument(seconds: 30)

    @Option(
        help: ArgumentHelp(
            "How long jobs may go on after an interruption, as in 0.5, 250ms or 2m; default: 30s.", valueName: "length"),
        transform: LengthArgument.init)
    var grace = LengthArgument(seconds: 30)

    @Flag(help: "End when nothing is left to do; waits for jobs that aren't to be begun before a time.")
    var untilEmpty = false

    @Option(
        help: ArgumentHelp(
            "End when nothing runs and nothing can be begun within this time, as in 0s, 90s or 10m.",
            valueName: "length"), transform: LengthArgument.init)
    var untilIdle: LengthArgument?

    func validate() throws {
        if untilEmpty, untilIdle != nil { throw ValidationError("give --until-empty or --until-idle, not both") }
        for name in queue where !JobRequest.isQueueName(name) {
            throw ValidationError(
                "--queue takes 1 to 100 letters, digits, `_`, `.`, `:` and `-`; found \(name)")
        }
        guard (1...100_000).contains(concurrency) else {
            throw ValidationError("--concurrency takes a number from 1 to 100,000; found \(concurrency)")
        }
        try lease.check("--lease", from: "1s", to: "1d")
        try grace.check("--grace", from: "0s", to: "1d")
    }

    /// How many files of its own a program needs here, and how many this process has open besides.
    private static let filesOfProgram = 6
    private static let otherFiles = 256

    func run() async throws {
        let handlers = try await checkedHandlers()
        let store = try open()
        defer { store.close() }
        let display = WorkDisplay(store, queues: queue, tellsOfWaits: untilEmpty)
        let session = QueueService(store).worker(
            handlers, slots: concurrency, memory: memory?.bytes, queues: queue.isEmpty ? nil : Set(queue),
            lease: LeasePolicy(length: lease.length), grace: grace.length,
            endsWhenEmpty: untilEmpty, endsWhenIdleFor: untilIdle?.length, tell: { display.take($0) })
        let worker = session.worker
        Interrupts.handle(saying: .work, first: { worker.drain() }, second: { worker.stop() })
        defer { display.end() }
        let outcome = try await session.work()
        display.end()
        let ended = WorkEnded(
            worker: session.id, outcome: outcome, tally: display.tally, took: display.elapsed)
        try answer.output.print(ended) { ended.text }
        if !ended.obstacles.isEmpty { throw ExitStatus.incomplete.exitCode }
    }

    /// The store, which a worker may be there before: then it says so, as its name may be mistyped.
    private func open() throws -> Store {
        let store = try untilEmpty || untilIdle != nil ? Store.open(at: store.path) : openNew()
        if queue.isEmpty { return store }
        for sentence in try Queries(store).unknownQueues(queue) { Terminal.complain("cairn: \(sentence)\n") }
        return store
    }

    private func openNew() throws -> Store {
        do {
            return try Store.open(at: store.path)
        } catch let error as LogError where error.code == .notAStore {
            Terminal.complain("cairn: \(store.path) is a new store; nothing was submitted to it yet\n")
            return try Store.open(at: store.path, .create)
        }
    }

    /// The handlers of the file, each of which can do its jobs.
    private func checkedHandlers() async throws -> QueueHandlers {
        guard let path = handlers else { return QueueHandlers() }
        let catalogue = try HandlerFile.catalogue(path)
        OpenFiles.allow(concurrency * Self.filesOfProgram + Self.otherFiles)
        let handlers = catalogue.handlers()
        for kind in catalogue.kinds {
            do {
                try await handlers[kind.name]?.check()
            } catch let problem as HandlerProblem {
                throw Failure(.usage, problem)
            }
        }
        return QueueHandlers(handlers)
    }
}

extension Failure {
    /// Jobs of a kind can't be done here.
    init(_ status: ExitStatus, _ problem: HandlerProblem) {
        let found = [problem.path, problem.message].compactMap(\.self).joined(separator: ": ")
        self.init(status, "jobs of kind “\(problem.kind)” can't be done: \(found)", remedy: problem.remedy)
    }
}

extension Interrupts.Words {
    static let work = Interrupts.Words(
        first: "stopping; once more gives back what runs\n", second: "giving back; once more ends at once\n")
}

/// How a worker ended, and what it did.
private struct WorkEnded: CanonicalEncodable {
    let worker: WorkerID
    let outcome: QueueWorker.Outcome
    let tally: QueueTally
    let took: Microseconds

    var text: String {
        let parts =
            [Quantities.counted(tally.completed, "job") + " done"]
            + WorkDisplay.attempts([
                (tally.failed, "failed"), (tally.crashed, "crashed"), (tally.deferred, "put off"),
                (tally.released, "given back"), (tally.taken, "cancelled or taken away"),
            ])
        return parts.joined(separator: ", ") + " in \(Quantities.duration(microseconds: took.count)); "
            + rest + "\n"
    }

    private var rest: String {
        switch outcome {
        case .finished: "nothing is left to do"
        case .drained: "what wasn't finished waits for another worker"
        case .blocked(let reasons): "what is left can't be begun: " + reasons.joined(separator: ", ")
        case .idle(let next, let reasons):
            (next.map { "the next job is to be begun at \($0)" } ?? "no job is to be begun at any time")
                + (reasons.isEmpty ? "" : "; others can't be begun: " + reasons.joined(separator: ", "))
        }
    }

    /// What keeps jobs from being begun until somebody changes it.
    var obstacles: [String] {
        switch outcome {
        case .finished, .drained: []
        case .blocked(let reasons), .idle(_, let reasons): reasons
        }
    }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        if !obstacles.isEmpty { writer.field("blocked", obstacles) }
        if case .idle(let next?, _) = outcome { writer.field("next", next) }
        let word =
            switch outcome {
            case .finished: "finished"
            case .drained: "drained"
            case .blocked: "blocked"
            case .idle: "idle"
            }
        writer.field("outcome", word)
        writer.field("tally", tally)
        writer.field("took", took)
        writer.field("worker", worker)
        writer.endObject()
    }
}
