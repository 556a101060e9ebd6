import ArgumentParser
import Cairn
import Determinism
import EventLog
import Jobs

/// The command `cairn jobs prune`.
struct JobsPruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Drop ended jobs from the lists, and erase the blobs that only they named.",
        discussion: """
            The log keeps their events and still verifies; an event says what was dropped and what was erased. A job \
            that an unfinished one waits for stays. The bytes of erased blobs are gone from the files after \
            `cairn store compact`.

            EXAMPLE
              cairn jobs prune --older-than 30d --state completed --keep 1000 --dry-run
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Option(help: ArgumentHelp("Only jobs that ended longer ago, as in 30d, 12h or 90m.", valueName: "age"))
    var olderThan: String?

    @Option(help: ArgumentHelp("Keep the last so many of them, by when they were submitted.", valueName: "number"))
    var keep: Int?

    @Option(help: "Jobs that ended so: completed (the default), dead, cancelled or skipped; may be repeated.")
    var state: [String] = []

    @Option(help: "Only jobs of this queue.")
    var queue: String?

    @Option(help: "Only jobs of this kind.")
    var kind: String?

    @Option(help: ArgumentHelp("Only jobs with this tag; may be repeated.", valueName: "key=value"))
    var tag: [String] = []

    @Flag(help: "Change nothing, and say what would be dropped.")
    var dryRun = false

    func validate() throws {
        if olderThan == nil, keep == nil { throw ValidationError("say which: --older-than, --keep, or both") }
        if let keep, keep < 0 { throw ValidationError("--keep takes a number from 0; found \(keep)") }
        if let olderThan, Self.age(olderThan) == nil {
            throw ValidationError(
                "--older-than takes a whole number with ms, s, m, h, d or w, as in 30d; found \(olderThan)")
        }
        for name in state where QueueState(rawValue: name)?.isEnded != true {
            throw ValidationError("--state takes completed, dead, cancelled or skipped; found \(name)")
        }
    }

    func run() async throws {
        let policy = PrunePolicy(
            states: state.isEmpty ? [.completed] : state.compactMap(QueueState.init),
            finishedBefore: olderThan.flatMap(Self.age).map { TimeSource.system.time() - $0 }, keep: keep,
            queue: queue, kind: kind, tags: try Tags.read(tag))
        let store = try Store.open(at: self.store.path)
        defer { store.close() }
        try store.checkNames(queue: queue)
        let retention = StoreRetention(store)
        let outcome = try await dryRun ? retention.preview(policy) : retention.prune(policy, by: Person.current)
        try answer.output.print(outcome) { text(outcome) }
        guard outcome.jobs.total == 0, outcome.awaited == 0 else { return }
        var filter = QueueFilter()
        filter.kind = kind
        filter.tags = policy.tags
        for sentence in try Queries(store).unknownNames(in: filter) { Terminal.complain("cairn: \(sentence)\n") }
    }

    private func text(_ outcome: StoreRetention.Outcome) -> String {
        Quantities.counted(outcome.jobs.total, "job") + (dryRun ? " would be dropped\n" : " dropped\n")
            + (outcome.awaited == 0
                ? "" : Quantities.counted(outcome.awaited, "job") + " kept, since unfinished jobs wait for them\n")
            + (outcome.blobs.map { blobs in
                "\(Quantities.counted(blobs.count, "blob")) erased, \(Quantities.bytes(blobs.bytes)); "
                    + "`cairn store compact` takes their bytes from the files\n"
            } ?? "")
    }

    /// `30d` and the like; nil for other texts, also for a plain number: who means days by it would lose too much.
    static func age(_ text: String) -> Microseconds? {
        guard text.last?.isLetter == true else { return nil }
        return LengthArgument(argument: text)?.length
    }
}
