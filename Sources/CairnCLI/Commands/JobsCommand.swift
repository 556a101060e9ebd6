import ArgumentParser
import Cairn
import CanonicalJSON
import Determinism
import Jobs

/// The command `cairn jobs`.
struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Retry, cancel and unlock jobs; pause, resume and configure queues.",
        discussion: """
            Every change is an event with who made it; `cairn query jobs` shows what came of it. A job, queue, kind or \
            submission that isn't there ends the command with 2; only pause and configure also take a queue that has no \
            jobs yet, and say so.
            """,
        subcommands: [
            JobsRetryCommand.self, JobsCancelCommand.self, JobsUnlockCommand.self, JobsPauseCommand.self,
            JobsResumeCommand.self, JobsConfigureCommand.self, JobsPruneCommand.self,
        ])
}

/// Which jobs a change is for.
struct JobChoice: ParsableArguments {
    @Argument(help: "Ids of jobs, as `cairn query jobs` shows them, or the beginnings of them.")
    var ids: [String] = []

    @Option(help: "Jobs of this queue.")
    var queue: String?

    @Option(help: "Jobs of this kind.")
    var kind: String?

    @Option(help: ArgumentHelp("Jobs with this tag; may be repeated.", valueName: "key=value"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("Jobs of this submission.", valueName: "name"))
    var submission: String?

    @Option(help: ArgumentHelp("Jobs whose last failure was of this class.", valueName: "class"))
    var `class`: String?

    private var isEmpty: Bool { ids.isEmpty && options.isEmpty }

    /// The options by which jobs are chosen.
    private var options: [String] {
        [
            ("--queue", queue), ("--kind", kind), ("--tag", tag.first), ("--submission", submission),
            ("--class", self.class),
        ].compactMap { name, value in value.map { _ in name } }
    }

    func validate() throws {
        if isEmpty {
            throw ValidationError("name jobs, or choose them by --queue, --kind, --tag, --submission or --class")
        }
        if !ids.isEmpty, !options.isEmpty {
            throw ValidationError("name jobs, or choose them by \(options.joined(separator: ", ")), not both")
        }
    }

    /// The chosen jobs among those in some states.
    func find(in store: Store, _ states: [QueueState]) throws -> [JobID] {
        if !ids.isEmpty { return try ids.map { try store.queueJob(startingWith: $0).id } }
        try store.checkNames(queue: queue, submission: submission, kind: kind)
        var filter = QueueFilter()
        filter.states = states
        filter.queue = queue
        filter.kind = kind
        filter.run = submission.map(SubmissionPlan.run(of:))
        filter.errorClass = self.class
        filter.tags = try Tags.read(tag)
        return try store.queueJobs(filter, limit: .max).map(\.id)
    }
}

/// Tags as arguments say them.
enum Tags {
    static func read(_ texts: [String]) throws -> [String: String] {
        var tags: [String: String] = [:]
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw Failure(.usage, "--tag takes key=value; found \(text)")
            }
            tags[String(parts[0])] = String(parts[1])
        }
        return tags
    }
}

struct JobsRetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Do dead, cancelled or skipped jobs after all.",
        discussion: "EXAMPLE\n  cairn jobs retry --queue default --class timeout --note 'the disk is larger now'")

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var choice: JobChoice

    @Option(help: "Why.")
    var note: String?

    func run() async throws {
        try await change(
            store, answer, choice, .retry(note: note), [.dead, .cancelled, .skipped], "to be done again")
    }
}

struct JobsCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel jobs that haven't ended; what waits for them is skipped.",
        discussion: "EXAMPLE\n  cairn jobs cancel --submission night-7 --note 'wrong input'")

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var choice: JobChoice

    @Option(help: "Why.")
    var note: String?

    func run() async throws {
        try await change(
            store, answer, choice, .cancel(note: note), [.running, .ready, .retrying, .scheduled, .waiting], "cancelled"
        )
    }
}

struct JobsUnlockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock", abstract: "Take running jobs from their workers, for others to begin anew.",
        discussion: "EXAMPLE\n  cairn jobs unlock 0f3a --note 'the machine is gone'")

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var choice: JobChoice

    @Option(help: "Why.")
    var note: String?

    func run() async throws {
        try await change(store, answer, choice, .unlock(note: note), [.running], "unlocked")
    }
}

/// Changes the chosen jobs, and says what came of it.
private func change(
    _ place: StoreOptions, _ answer: OutputOptions, _ choice: JobChoice, _ change: QueueService.Change,
    _ states: [QueueState], _ done: String
) async throws {
    let store = try Store.open(at: place.path)
    defer { store.close() }
    let ids = try choice.find(in: store, states)
    let changed = try await QueueService(store).change(ids, change, by: Person.current)
    try answer.output.print(ChangedJobs(changed)) {
        if ids.isEmpty { return "none of these jobs is \(states.inWords): there is nothing to change\n" }
        return Quantities.counted(changed.changed.count, "job") + " \(done)\n"
            + changed.unchanged.map { "job \($0): there is nothing to change\n" }.joined()
            + changed.refused.map { "job \($0.id): \($0.reason)\n" }.joined()
    }
    if changed.changed.isEmpty, !changed.refused.isEmpty { throw ExitStatus.failed.exitCode }
}

extension [QueueState] {
    /// As in `dead, cancelled or skipped`.
    fileprivate var inWords: String {
        guard count > 1, let last else { return first?.rawValue ?? "" }
        return dropLast().map(\.rawValue).joined(separator: ", ") + " or \(last.rawValue)"
    }
}

private struct ChangedJobs: CanonicalEncodable {
    private let changed: QueueService.Changed

    init(_ changed: QueueService.Changed) { self.changed = changed }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("changed", changed.changed)
        writer.field("refused", Dictionary(changed.refused.map { ($0.id.rawValue, $0.reason) }) { first, _ in first })
        writer.field("unchanged", changed.unchanged)
        writer.endObject()
    }
}

// MARK: - Queues

/// Which queue a command is about.
struct QueueChoice: ParsableArguments {
    @Argument(help: "The queue's name.")
    var queue: String

    func validate() throws { try Self.check(queue) }

    static func check(_ queue: String) throws {
        guard JobRequest.isQueueName(queue) else {
            throw ValidationError("a queue's name has 1 to 100 letters, digits, `_`, `.`, `:` and `-`; found \(queue)")
        }
    }
}

struct JobsPauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Begin no job of a queue until it is resumed; what runs goes on.",
        discussion: "EXAMPLE\n  cairn jobs pause default --note 'the disk is full'")

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var choice: QueueChoice

    @Option(help: "Why.")
    var note: String?

    func run() async throws {
        let (queue, note) = (choice.queue, note)
        try await control(store, answer, queue, "paused", mayBeNew: true) {
            try await $0.pause(queue, note: note, by: Person.current)
        }
    }
}

struct JobsResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Begin jobs of a queue again, or of a kind that kept crashing.",
        discussion: """
            With --kind: workers that begin no more jobs of the kind, since its program crashed 20 times in a minute, \
            begin them again. The waits of at most 30 s after fewer crashes end by themselves.

            EXAMPLE
              cairn jobs resume default
              cairn jobs resume --kind analyse --note 'the library is mended'
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Argument(help: "The queue's name.")
    var queue: String?

    @Option(help: "In the place of a queue: a kind of jobs.")
    var kind: String?

    @Option(help: "Why.")
    var note: String?

    func validate() throws {
        guard (queue == nil) != (kind == nil) else {
            throw ValidationError("name a queue, or a kind with --kind")
        }
        if let queue { try QueueChoice.check(queue) }
        if let kind, !isWord(kind) {
            throw ValidationError("--kind takes a small letter, then letters and digits, as in analyse; found \(kind)")
        }
    }

    func run() async throws {
        let note = note
        if let kind { return try await resume(kind) }
        guard let queue else { return }
        try await control(store, answer, queue, "resumed") {
            try await $0.resume(queue, note: note, by: Person.current)
        }
    }

    private func resume(_ kind: String) async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        if !store.hasWorker(knowing: kind) { try store.checkNames(kind: kind) }
        let workers = try await QueueService(store).resumeKind(kind, note: note, by: Person.current)
        let waits = store.kindWaits(kind, at: TimeSource.system.time()).filter { !workers.contains($0.worker) }
        try answer.output.print(ResumedKind(kind: kind, workers: workers, waits: waits)) {
            (workers.isEmpty
                ? "kind \(kind): no worker at work has paused it\n"
                : "kind \(kind) resumed in " + Quantities.counted(workers.count, "worker") + "\n")
                + waits.map(Self.text).joined()
        }
    }

    private static func text(of wait: KindHold.Place) -> String {
        guard let time = wait.notBefore else { return "" }
        return "worker \(wait.worker) waits after a crash, and begins jobs of the kind again by itself at \(time)\n"
    }
}

private struct ResumedKind: CanonicalEncodable {
    let kind: String
    let workers: [WorkerID]
    let waits: [KindHold.Place]

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("changed", !workers.isEmpty)
        writer.field("kind", kind)
        if !waits.isEmpty { writer.field("waits", waits) }
        writer.field("workers", workers)
        writer.endObject()
    }
}

struct JobsConfigureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "configure", abstract: "Limit how many jobs of a queue run at once; let it run empty.",
        discussion: "EXAMPLE\n  cairn jobs configure default --concurrency 4")

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var choice: QueueChoice

    @Option(parsing: .unconditional, help: "How many run at once, over all processes.")
    var concurrency: Int?

    @Flag(help: "No limit but those of the workers.")
    var noLimit = false

    @Flag(help: "Refuse new jobs, so that the queue runs empty.")
    var drain = false

    @Flag(help: "Take new jobs again.")
    var accept = false

    func validate() throws {
        if let concurrency, concurrency < 1 {
            throw ValidationError(
                "--concurrency takes a number from 1; found \(concurrency); `cairn jobs pause` stops a queue")
        }
        if concurrency != nil, noLimit { throw ValidationError("give --concurrency or --no-limit, not both") }
        if drain, accept { throw ValidationError("give --drain or --accept, not both") }
        if concurrency == nil, !noLimit, !drain, !accept { throw ValidationError("say what to change") }
    }

    func run() async throws {
        let (queue, concurrency, noLimit, drain, accept) = (choice.queue, concurrency, noLimit, drain, accept)
        try await control(store, answer, queue, "configured", mayBeNew: true) { service in
            let known = try service.control(of: queue)
            return try await service.configure(
                queue, concurrency: noLimit ? nil : concurrency ?? known.concurrency,
                draining: accept ? false : drain || known.isDraining, by: Person.current)
        }
    }
}

/// Changes a queue, and says whether anything had to be; one that `mayBeNew` is made ready for jobs to come.
private func control(
    _ place: StoreOptions, _ answer: OutputOptions, _ queue: String, _ done: String, mayBeNew: Bool = false,
    _ body: (QueueService) async throws -> Bool
) async throws {
    let store = try Store.open(at: place.path)
    defer { store.close() }
    do {
        try store.checkNames(queue: queue)
    } catch let missing as QueryError {
        guard mayBeNew else { throw missing }
        Terminal.complain("cairn: the queue \(queue) has no jobs yet\n")
    }
    let isNew = try await body(QueueService(store))
    try answer.output.print(Controlled(changed: isNew, queue: queue)) {
        isNew ? "queue \(queue) \(done)\n" : "queue \(queue): nothing to change\n"
    }
}

private struct Controlled: CanonicalEncodable {
    let changed: Bool
    let queue: String

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("changed", changed)
        writer.field("queue", queue)
        writer.endObject()
    }
}
